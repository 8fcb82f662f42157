import CFiles
import Glibc
import TLS

/// One part on its way to disk. Blocking calls: only on the thread pool, one at a time.
final class LocalPart: Sendable {
  private let upload: LocalUpload
  private let record: PartRecord
  private let file: OpenFile
  /// Where the part's first byte goes in `file`.
  private let start: UInt64

  /// Dirty bytes after which the disk is asked to begin, so that the flush at the end finds little left to do.
  private static let writebackBytes: UInt64 = 8 << 20

  /// Finds the part's place and claims the room for it, or throws `storeFull`.
  init(upload: LocalUpload, number: Int, size: UInt64) throws(ObjectStoreError) {
    self.upload = upload
    let etag = randomBytes(PartRecord.etagByteCount)
    if let place = try Self.openInPlace(upload, number: number, size: size) {
      record = PartRecord(number: number, size: size, location: .inPlace, etag: etag)
      (file, start) = place
      try file.reserve(offset: start, count: size)
    } else {
      record = PartRecord(number: number, size: size, location: .aside, etag: etag)
      start = 0
      let path = upload.asidePath(number: number, etag: etag)
      do {
        file = try OpenFile(path, flags: O_RDWR | O_CREAT | O_EXCL)
      } catch .notFound {
        throw .noSuchUpload
      }
      do {
        try file.reserve(offset: 0, count: size)
      } catch {
        discard()
        throw error
      }
    }
  }

  /// The data file and the part's offset in it, if this writer may have that range: nobody else is writing it and nothing is
  /// recorded for it. The lock goes with the file.
  private static func openInPlace(_ upload: LocalUpload, number: Int, size: UInt64) throws(ObjectStoreError) -> (OpenFile, UInt64)? {
    guard let partSize = upload.partSize, size <= partSize, let offset = upload.offset(of: number) else { return nil }
    let file: OpenFile
    do {
      file = try OpenFile(upload.dataPath, flags: O_RDWR)
    } catch .notFound {
      throw .noSuchUpload
    }
    guard try file.tryLock(offset: offset, count: partSize) else { return nil }
    guard try upload.record(number) == nil else { return nil }
    // Between opening and locking the upload may have been completed: then this file is an object by now.
    var named = stat()
    guard stat(upload.dataPath, &named) == 0, named.st_ino == (try file.status()).st_ino else { throw .noSuchUpload }
    return (file, offset)
  }

  /// Writes bytes that begin `position` bytes into the part.
  func write(_ bytes: UnsafeRawBufferPointer, at position: UInt64) throws(ObjectStoreError) {
    try file.write(bytes, at: start + position)
    let end = position + UInt64(bytes.count)
    if position / Self.writebackBytes != end / Self.writebackBytes {
      let from = position / Self.writebackBytes * Self.writebackBytes
      cfiles_start_writeback(file.descriptor, Int64(start + from), Int64(end - from))
    }
  }

  /// Makes the part durable and lets it count as stored.
  func commit() throws(ObjectStoreError) -> ETag {
    try file.synchronise()
    if record.location == .aside { try synchroniseDirectory() }
    let counting = try upload.write(record) { former throws(ObjectStoreError) in try self.isSame(as: former) }
    if counting != record { discard() }
    return try counting.etagText()
  }

  private func synchroniseDirectory() throws(ObjectStoreError) {
    do {
      try Directory.synchronise(upload.directory)
    } catch .notFound {
      // Completed or given up while these bytes came in.
      throw .noSuchUpload
    }
  }

  private func isSame(as former: PartRecord) throws(ObjectStoreError) -> Bool {
    guard former.size == record.size, let place = try upload.open(former) else { return false }
    return try file.hasSameBytes(as: place.file, offset: start, otherOffset: place.offset, count: record.size)
  }

  /// Leaves nothing that counts. Bytes in the data file stay there unrecorded, to be overwritten or cut off.
  func discard() {
    guard record.location == .aside else { return }
    _ = unlink(upload.asidePath(number: record.number, etag: record.etag))
    if access(upload.uploadPath, F_OK) != 0 { _ = rmdir(upload.directory) }
  }
}
