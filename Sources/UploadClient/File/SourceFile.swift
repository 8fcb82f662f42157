import Glibc
import Model

/// What tells one state of a file from another without reading it.
public struct FileFingerprint: Sendable, Hashable {
  public var size: UInt64
  public var modifiedSeconds: Int64
  public var modifiedNanoseconds: Int64

  public init(size: UInt64, modifiedSeconds: Int64, modifiedNanoseconds: Int64) {
    self.size = size
    self.modifiedSeconds = modifiedSeconds
    self.modifiedNanoseconds = modifiedNanoseconds
  }
}

/// A file that is being sent: opened once, read at any offset from any thread.
public final class SourceFile: Sendable {
  /// As the user gave it, for messages.
  public let path: String
  /// Absolute, without links: what the journal knows it by.
  public let resolvedPath: String
  /// As it was when it was opened.
  public let fingerprint: FileFingerprint
  private let descriptor: Int32

  public var size: ByteCount { ByteCount(fingerprint.size) }
  /// The last part of the path.
  public var name: String { resolvedPath.split(separator: "/").last.map(String.init) ?? resolvedPath }

  /// Opens a regular file. Throws `UploadFailure` of kind `.file`.
  public init(path: String) throws {
    self.path = path
    // Not blocking, so that a FIFO without a writer is refused below instead of waited for.
    let opened = retryingInterrupts { Int(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) }
    guard opened >= 0 else { throw UploadFailure(.file, "cannot read \(path): \(systemErrorText(errno))") }
    descriptor = Int32(opened)
    do {
      fingerprint = try Self.fingerprint(of: descriptor, path: path)
      resolvedPath = try Self.resolve(path)
    } catch {
      Glibc.close(descriptor)
      throw error
    }
    posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL)
  }

  deinit { Glibc.close(descriptor) }

  /// Fills the front of `buffer` from `offset` and answers how many bytes there were: fewer than asked only at the file's end.
  /// Blocks on the disk: call it off the loop.
  public func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws -> Int {
    var filled = 0
    while filled < buffer.count {
      let count = retryingInterrupts {
        pread(descriptor, buffer.baseAddress.map { $0 + filled }, buffer.count - filled, off_t(offset) + off_t(filled))
      }
      guard count >= 0 else { throw UploadFailure(.file, "cannot read \(path): \(systemErrorText(errno))") }
      if count == 0 { break }
      filled += count
    }
    return filled
  }

  /// Throws `.fileChanged` if the file was written to since it was opened.
  public func checkUnchanged() throws {
    guard try Self.fingerprint(of: descriptor, path: path) == fingerprint else {
      throw UploadFailure(.fileChanged, "\(path) was changed while it was being uploaded; upload it again once it is complete")
    }
  }

  private static func fingerprint(of descriptor: Int32, path: String) throws -> FileFingerprint {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw UploadFailure(.file, "cannot read \(path): \(systemErrorText(errno))") }
    guard status.st_mode & S_IFMT == S_IFREG else {
      let what = status.st_mode & S_IFMT == S_IFDIR ? "a directory" : "not a regular file"
      throw UploadFailure(.file, "cannot upload \(path): it is \(what)")
    }
    return FileFingerprint(
      size: UInt64(max(0, status.st_size)), modifiedSeconds: Int64(status.st_mtim.tv_sec), modifiedNanoseconds: Int64(status.st_mtim.tv_nsec))
  }

  /// The absolute path without links.
  static func resolve(_ path: String) throws -> String {
    guard let resolved = realpath(path, nil) else { throw UploadFailure(.file, "cannot find \(path): \(systemErrorText(errno))") }
    defer { free(resolved) }
    return String(cString: resolved)
  }
}
