import Bytes
import Glibc
import TLS

/// Makes an upload's parts one object. Blocking calls: only on the thread pool.
struct LocalCompletion {
  let upload: LocalUpload
  /// Where the object goes.
  let target: String

  /// Where every part lies at its final place already, as it does when all were uploaded once with the announced part size, the data
  /// file becomes the object and no byte is moved; parts that lie aside are copied in. Else all are copied to a new file.
  func run(_ parts: [CompletedPart]) throws(ObjectStoreError) {
    try PartChecks.check(parts)
    let lock = try openUpload()
    guard try lock.tryLock() else {
      throw .unavailable(retryAfterSeconds: 1, detail: "the upload is being completed by somebody else")
    }
    guard upload.partSize == nil || access(upload.dataPath, F_OK) == 0 else {
      // Completed before, and stopped before the rest was tidied away.
      try upload.remove()
      throw .noSuchUpload
    }
    let chosen = try choose(parts)
    let size = chosen.reduce(UInt64(0)) { $0 + $1.size }
    try Directory.make(Directory.parent(of: target))
    if try !completeInPlace(chosen, size: size) { try completeByCopying(chosen, size: size) }
    try upload.remove()
  }

  private func openUpload() throws(ObjectStoreError) -> OpenFile {
    do {
      return try OpenFile(upload.uploadPath, flags: O_RDWR)
    } catch .notFound {
      throw .noSuchUpload
    }
  }

  /// The records of the parts that were asked for.
  private func choose(_ parts: [CompletedPart]) throws(ObjectStoreError) -> [PartRecord] {
    var stored: [Int: PartRecord] = [:]
    for record in try upload.records() { stored[record.number] = record }
    var chosen: [PartRecord] = []
    for part in parts {
      guard let record = stored[part.number], try record.etagText() == part.etag else { throw .invalidPart(number: part.number) }
      chosen.append(record)
    }
    return chosen
  }

  private func completeInPlace(_ records: [PartRecord], size: UInt64) throws(ObjectStoreError) -> Bool {
    guard upload.partSize != nil else { return false }
    var offset: UInt64 = 0
    for record in records {
      guard record.location == .aside || upload.offset(of: record.number) == offset else { return false }
      offset += record.size
    }
    let data = try OpenFile(upload.dataPath, flags: O_RDWR)
    // Somebody still writes a part in place: what he writes must not reach the object.
    guard try data.tryLock() else { return false }
    offset = 0
    for record in records {
      if record.location == .aside { try copy(record, to: data, at: offset) }
      offset += record.size
    }
    try data.truncate(to: size)
    try data.synchronise()
    try Directory.move(upload.dataPath, to: target)
    return true
  }

  private func completeByCopying(_ records: [PartRecord], size: UInt64) throws(ObjectStoreError) {
    let path = "\(upload.directory)/whole-\(Hex.encode(randomBytes(8)))"
    do {
      let whole = try OpenFile(path, flags: O_RDWR | O_CREAT | O_EXCL)
      try whole.reserve(offset: 0, count: size)
      var offset: UInt64 = 0
      for record in records {
        try copy(record, to: whole, at: offset)
        offset += record.size
      }
      try whole.synchronise()
      try Directory.move(path, to: target)
    } catch {
      _ = unlink(path)
      throw error
    }
  }

  private func copy(_ record: PartRecord, to file: OpenFile, at offset: UInt64) throws(ObjectStoreError) {
    guard let source = try upload.open(record) else {
      // Other bytes were stored for it since the records were read.
      throw .invalidPart(number: record.number)
    }
    try file.copy(from: source.file, sourceOffset: source.offset, to: offset, count: record.size)
  }
}

extension PartRecord {
  func etagText() throws(ObjectStoreError) -> ETag { try ETag(Hex.encode(etag)) }
}
