import CFiles
import Glibc

/// Owns one descriptor. Blocking calls: only on the thread pool. Safe to share between threads, since every access names its offset.
final class OpenFile: Sendable {
  let descriptor: Int32

  /// Throws `notFound` where the file or its directory is not there, and what else the system says by `FileError`.
  init(_ path: String, flags: Int32, mode: mode_t = 0o640) throws(ObjectStoreError) {
    descriptor = open(path, flags | O_CLOEXEC | O_NOFOLLOW, mode)
    guard descriptor >= 0 else { throw FileError.from(errno, doing: "open", path) }
  }

  deinit { close(descriptor) }

  func status() throws(ObjectStoreError) -> stat {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw FileError.from(errno, doing: "stat") }
    return status
  }

  /// Writes all of it.
  func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(ObjectStoreError) {
    var done = 0
    while done < bytes.count {
      let count = pwrite(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done, off_t(offset) + off_t(done))
      if count < 0 {
        if errno == EINTR { continue }
        throw FileError.from(errno, doing: "write")
      }
      done += count
    }
  }

  /// Reads until the buffer is full or the file ends; how many bytes.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(ObjectStoreError) -> Int {
    var done = 0
    while done < buffer.count {
      let count = pread(descriptor, buffer.baseAddress.map { $0 + done }, buffer.count - done, off_t(offset) + off_t(done))
      if count == 0 { break }
      if count < 0 {
        if errno == EINTR { continue }
        throw FileError.from(errno, doing: "read")
      }
      done += count
    }
    return done
  }

  func write(_ bytes: [UInt8], at offset: UInt64) throws(ObjectStoreError) {
    let result = bytes.withUnsafeBytes { buffer in
      Result { () throws(ObjectStoreError) in try write(buffer, at: offset) }
    }
    try result.get()
  }

  /// Up to `count` bytes; fewer where the file ends.
  func read(count: Int, at offset: UInt64) throws(ObjectStoreError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let result = bytes.withUnsafeMutableBytes { buffer in
      Result { () throws(ObjectStoreError) in try read(into: buffer, at: offset) }
    }
    return Array(bytes.prefix(try result.get()))
  }

  /// Claims disk blocks, so that a full disk is known before any byte is read. File systems that cannot do it do not.
  func reserve(offset: UInt64, count: UInt64) throws(ObjectStoreError) {
    let result = cfiles_reserve(descriptor, Int64(offset), Int64(count))
    if result == ENOSPC || result == EDQUOT || result == EFBIG { throw FileError.from(result, doing: "reserve room") }
  }

  /// Waits until the bytes, and what is needed to find them, are on the disk.
  func synchronise() throws(ObjectStoreError) {
    guard fdatasync(descriptor) == 0 else { throw FileError.from(errno, doing: "flush") }
  }

  func truncate(to size: UInt64) throws(ObjectStoreError) {
    guard ftruncate(descriptor, off_t(size)) == 0 else { throw FileError.from(errno, doing: "truncate") }
  }

  /// Copies inside the kernel, sharing blocks where the file system can.
  func copy(from source: OpenFile, sourceOffset: UInt64, to offset: UInt64, count: UInt64) throws(ObjectStoreError) {
    var done: UInt64 = 0
    while done < count {
      let piece = Int(min(count - done, 1 << 26))
      let copied = cfiles_copy_range(source.descriptor, Int64(sourceOffset + done), descriptor, Int64(offset + done), piece)
      if copied > 0 {
        done += UInt64(copied)
      } else if copied == 0 {
        throw .unexpected("a stored part is shorter than its record")
      } else if errno == EXDEV || errno == EINVAL || errno == EOPNOTSUPP || errno == ENOSYS {
        try copyThroughMemory(from: source, sourceOffset: sourceOffset + done, to: offset + done, count: count - done)
        return
      } else if errno != EINTR {
        throw FileError.from(errno, doing: "copy")
      }
    }
  }

  private func copyThroughMemory(from source: OpenFile, sourceOffset: UInt64, to offset: UInt64, count: UInt64) throws(ObjectStoreError) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: ObjectStoreLimits.bufferBytes, alignment: 4096)
    defer { buffer.deallocate() }
    var done: UInt64 = 0
    while done < count {
      let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(min(UInt64(buffer.count), count - done))])
      guard try source.read(into: piece, at: sourceOffset + done) == piece.count else {
        throw .unexpected("a stored part is shorter than its record")
      }
      try write(UnsafeRawBufferPointer(piece), at: offset + done)
      done += UInt64(piece.count)
    }
  }

  /// Whether `count` bytes are the same in both. False where either file is shorter.
  func hasSameBytes(as other: OpenFile, offset: UInt64, otherOffset: UInt64, count: UInt64) throws(ObjectStoreError) -> Bool {
    let half = ObjectStoreLimits.bufferBytes
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 2 * half, alignment: 4096)
    defer { buffer.deallocate() }
    var done: UInt64 = 0
    while done < count {
      let piece = Int(min(UInt64(half), count - done))
      let own = UnsafeMutableRawBufferPointer(rebasing: buffer[..<piece])
      let others = UnsafeMutableRawBufferPointer(rebasing: buffer[half..<half + piece])
      guard try read(into: own, at: offset + done) == piece, try other.read(into: others, at: otherOffset + done) == piece,
        let left = own.baseAddress, let right = others.baseAddress, memcmp(left, right, piece) == 0
      else { return false }
      done += UInt64(piece)
    }
    return true
  }

  /// Takes the range for this descriptor alone; false where another one has it. A count of 0 is the whole file.
  func tryLock(offset: UInt64 = 0, count: UInt64 = 0) throws(ObjectStoreError) -> Bool {
    switch cfiles_lock(descriptor, Int64(offset), Int64(count), 0) {
    case 0: return true
    case EAGAIN, EACCES: return false
    case let code: throw FileError.from(code, doing: "lock")
    }
  }

  /// The same, waiting for those who have it.
  func lock(offset: UInt64, count: UInt64) throws(ObjectStoreError) {
    var result = cfiles_lock(descriptor, Int64(offset), Int64(count), 1)
    while result == EINTR { result = cfiles_lock(descriptor, Int64(offset), Int64(count), 1) }
    guard result == 0 else { throw FileError.from(result, doing: "lock") }
  }

  func unlock(offset: UInt64, count: UInt64) {
    _ = cfiles_unlock(descriptor, Int64(offset), Int64(count))
  }
}
