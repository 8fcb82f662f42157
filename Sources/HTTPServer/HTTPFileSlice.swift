import EventLoops
import Glibc

/// A run of bytes of an open file. Owns the descriptor and closes it.
public final class HTTPFileSlice: Sendable {
  public let offset: UInt64
  public let count: UInt64
  private let descriptor: Int32

  private static let pieceBytes = 256 * 1024

  /// - Parameter descriptor: a regular file, open for reading; closed when the slice is freed.
  public init(owning descriptor: Int32, offset: UInt64, count: UInt64) {
    self.descriptor = descriptor
    self.offset = offset
    self.count = count
  }

  deinit { close(descriptor) }

  /// Reads on the thread pool, because a disk may block, and writes piece by piece.
  func write(to writer: HTTPResponseWriter, _ loop: EventLoop) async throws {
    var done: UInt64 = 0
    while done < count {
      let wanted = Int(min(UInt64(Self.pieceBytes), count - done))
      let position = offset + done
      let piece = try await loop.offload { [self] in try read(wanted, at: position) }
      try await writer.write(piece)
      done += UInt64(piece.count)
    }
  }

  private func read(_ count: Int, at position: UInt64) throws -> [UInt8] {
    var failure: Int32?
    let piece = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      filled = pread(descriptor, buffer.baseAddress, count, off_t(clamping: position))
      if filled < 0 {
        failure = errno
        filled = 0
      }
    }
    if let failure { throw SystemError(errno: failure, doing: "read a file to send") }
    // A file that became shorter meanwhile: the announced length cannot be kept.
    guard !piece.isEmpty else { throw SystemError(errno: EIO, doing: "read a file that was cut short") }
    return piece
  }
}
