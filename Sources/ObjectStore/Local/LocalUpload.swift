import Bytes
import Glibc
import TLS

/// One multipart upload on disk: a directory with `upload` (what it is for), `parts` (the table of stored parts), `data` (the object
/// being built, where the part size is known) and `part-…` files for parts that could not be written in place.
///
/// Several processes may work on one upload. A part is written in place only by the holder of a lock on its range and only while
/// nothing is recorded for it; anything else goes aside, so a stored part is never touched by a write that may yet fail.
/// Blocking calls: only on the thread pool.
struct LocalUpload: Sendable {
  let directory: String
  let key: ObjectKey
  /// Bytes of every part but the last, where the creator knew.
  let partSize: UInt64?

  var uploadPath: String { directory + "/upload" }
  var partsPath: String { directory + "/parts" }
  var dataPath: String { directory + "/data" }

  func asidePath(number: Int, etag: [UInt8]) -> String { "\(directory)/part-\(number)-\(Hex.encode(etag))" }

  /// Where part `number` begins in the finished object.
  func offset(of number: Int) -> UInt64? {
    guard let partSize else { return nil }
    let (offset, overflow) = UInt64(number - 1).multipliedReportingOverflow(by: partSize)
    return overflow || offset > UInt64(Int64.max) / 2 ? nil : offset
  }

  static func create(in uploads: String, key: ObjectKey, partSize: UInt64?) throws(ObjectStoreError) -> MultipartID {
    let id = Hex.encode(randomBytes(16))
    let upload = LocalUpload(directory: "\(uploads)/\(id)", key: key, partSize: partSize)
    try Directory.make(upload.directory)
    _ = try OpenFile(upload.partsPath, flags: O_WRONLY | O_CREAT | O_EXCL)
    if partSize != nil { _ = try OpenFile(upload.dataPath, flags: O_WRONLY | O_CREAT | O_EXCL) }
    let file = try OpenFile(upload.uploadPath, flags: O_WRONLY | O_CREAT | O_EXCL)
    try file.write(Array("jetty-upload 1\n\(key)\n\(partSize.map(String.init) ?? "-")\n".utf8), at: 0)
    try file.synchronise()
    try Directory.synchronise(upload.directory)
    return try MultipartID(id)
  }

  /// Throws `noSuchUpload` where there is none of that id, or it is for another key.
  static func open(in uploads: String, id: MultipartID, key: ObjectKey) throws(ObjectStoreError) -> LocalUpload {
    guard id.description.utf8.count == 32, id.description.utf8.allSatisfy({ Hex.value($0) != nil }) else { throw .noSuchUpload }
    let directory = "\(uploads)/\(id)"
    let text: [UInt8]
    do {
      let file = try OpenFile(directory + "/upload", flags: O_RDONLY)
      text = try file.readAll(bytesMax: 2048)
    } catch .notFound {
      throw .noSuchUpload
    }
    let lines = String(decoding: text, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.count == 4, lines[0] == "jetty-upload 1", lines[2] == "-" || UInt64(lines[2]) != nil else {
      throw .unexpected("the upload record in \(directory) is damaged")
    }
    guard lines[1] == key.description else { throw .noSuchUpload }
    return LocalUpload(directory: directory, key: key, partSize: UInt64(lines[2]))
  }

  /// Every recorded part by number.
  func records() throws(ObjectStoreError) -> [PartRecord] {
    let bytes = try openParts(O_RDONLY).readAll(bytesMax: ObjectStoreLimits.partsMax * PartRecord.byteCount)
    return stride(from: 0, to: bytes.count, by: PartRecord.byteCount).compactMap { start in
      PartRecord(bytes[start..<min(start + PartRecord.byteCount, bytes.count)], number: start / PartRecord.byteCount + 1)
    }
  }

  func record(_ number: Int) throws(ObjectStoreError) -> PartRecord? {
    try openParts(O_RDONLY).record(number)
  }

  /// Makes a part count as stored, durably, and answers the record that counts. The bytes must be durable already.
  ///
  /// Where the part was stored before and `isSame` says that it had the same bytes, it stays as it is: as in S3, the same bytes have the
  /// same ETag, so that two who bring a part at once cannot disagree on it. Else what the part had before is deleted.
  func write(_ record: PartRecord, isSame: (PartRecord) throws(ObjectStoreError) -> Bool) throws(ObjectStoreError) -> PartRecord {
    let table = try openParts(O_RDWR)
    let offset = UInt64((record.number - 1) * PartRecord.byteCount)
    try table.lock(offset: offset, count: UInt64(PartRecord.byteCount))
    let replaced = try table.record(record.number)
    if let replaced, try isSame(replaced) {
      guard access(uploadPath, F_OK) == 0 else { throw .noSuchUpload }
      return replaced
    }
    try table.write(record.encoded, at: offset)
    try table.synchronise()
    guard access(uploadPath, F_OK) == 0 else { throw .noSuchUpload }
    if let replaced, replaced.location == .aside {
      try Directory.remove(asidePath(number: replaced.number, etag: replaced.etag))
    }
    return record
  }

  /// Where the bytes of a stored part are; nil if they are gone.
  func open(_ record: PartRecord) throws(ObjectStoreError) -> (file: OpenFile, offset: UInt64)? {
    do {
      switch record.location {
      case .aside: return (try OpenFile(asidePath(number: record.number, etag: record.etag), flags: O_RDONLY), 0)
      case .inPlace: return try offset(of: record.number).map { offset throws(ObjectStoreError) in (try OpenFile(dataPath, flags: O_RDONLY), offset) }
      }
    } catch .notFound {
      return nil
    }
  }

  /// Deletes the upload; first what makes it one, so that nobody finds it half gone.
  func remove() throws(ObjectStoreError) {
    try Directory.remove(uploadPath)
    do {
      for name in try Directory.names(in: directory) { try Directory.remove("\(directory)/\(name)") }
    } catch .notFound {
      return
    }
    // A part that is just being written aside may keep the directory; its writer removes both.
    _ = rmdir(directory)
  }

  private func openParts(_ flags: Int32) throws(ObjectStoreError) -> OpenFile {
    do {
      return try OpenFile(partsPath, flags: flags)
    } catch .notFound {
      throw .noSuchUpload
    }
  }
}

extension OpenFile {
  fileprivate func record(_ number: Int) throws(ObjectStoreError) -> PartRecord? {
    let bytes = try read(count: PartRecord.byteCount, at: UInt64((number - 1) * PartRecord.byteCount))
    return PartRecord(bytes[...], number: number)
  }

  /// A small file, or as much of it as is taken.
  fileprivate func readAll(bytesMax: Int) throws(ObjectStoreError) -> [UInt8] {
    try read(count: Int(min(Int64(bytesMax), max(0, Int64(try status().st_size)))), at: 0)
  }
}
