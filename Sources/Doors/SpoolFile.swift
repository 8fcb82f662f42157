import Bytes
import Contracts
import EventLoops
import Glibc
import RPC

/// A nameless temporary file: chunk bytes that came before it was known what chunk they are. Gone with its last reference.
public final class SpoolFile: ByteSource, @unchecked Sendable {
  private let descriptor: Int32
  private let loop: EventLoop
  private var buffer: ByteBuffer
  private var position: UInt64 = 0
  /// Bytes written.
  public private(set) var count: UInt64 = 0

  private static let writeBytes = 256 << 10

  /// - Parameter directory: on a disk, not in memory.
  public init(directory: String, loop: EventLoop) throws {
    var path = Array("\(directory)/jetty-chunk-XXXXXX".utf8CString)
    descriptor = mkstemp(&path)
    guard descriptor >= 0 else { throw Self.full(errno) }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    unlink(path)
    self.loop = loop
    buffer = ByteBuffer(capacity: Self.writeBytes)
  }

  deinit { close(descriptor) }

  /// Bytes taken, written or not.
  public var received: UInt64 { count + UInt64(buffer.count) }

  /// Takes bytes; they reach the disk in larger pieces, on the thread pool.
  public func append(_ bytes: UnsafeRawBufferPointer) async throws {
    buffer.append(bytes)
    if buffer.count >= Self.writeBytes { try await flush() }
  }

  /// Call after the last `append` and before the first `read`.
  public func finish() async throws {
    try await flush()
    buffer.clear(keepingAtMost: 0)
  }

  private func flush() async throws {
    guard !buffer.isEmpty else { return }
    // The buffer is touched by nobody while the pool writes it: this task waits.
    let code = try await loop.offload { [self] in writeBuffer() }
    guard code == 0 else { throw Self.full(code) }
    count += UInt64(buffer.count)
    buffer.truncate(to: 0)
  }

  private func writeBuffer() -> Int32 {
    buffer.withUnsafeBytes { bytes in
      var done = 0
      while done < bytes.count {
        let written = pwrite(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done, off_t(clamping: count + UInt64(done)))
        guard written > 0 else {
          if errno == EINTR { continue }
          return errno == 0 ? EIO : errno
        }
        done += written
      }
      return 0
    }
  }

  public func read(into target: UnsafeMutableRawBufferPointer) async throws -> Int {
    let wanted = Int(min(UInt64(target.count), count - position))
    guard wanted > 0 else { return 0 }
    let place = Destination(pointer: target.baseAddress, count: wanted, offset: off_t(clamping: position), descriptor: descriptor)
    let received = try await loop.offload { pread(place.descriptor, place.pointer, place.count, place.offset) }
    guard received > 0 else { throw Self.full(EIO) }
    position += UInt64(received)
    return received
  }

  /// Where the pool reads to while the owner of the memory waits.
  private struct Destination: @unchecked Sendable {
    let pointer: UnsafeMutableRawPointer?
    let count: Int
    let offset: off_t
    let descriptor: Int32
  }

  private static func full(_ code: Int32) -> RPCError {
    let isFull = code == ENOSPC || code == EDQUOT
    return .problem(
      .unavailable, reason: isFull ? "STORE_FULL" : "UNAVAILABLE",
      message: isFull ? "There is no room to keep this chunk for a moment. Send the hash before the data, or try again later."
        : "This chunk cannot be kept for a moment. Send the hash before the data, or try again later.",
      retryAfterSeconds: 5)
  }
}
