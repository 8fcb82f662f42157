import Bytes
import Model
import ObjectStore
import TLS

/// The chunk's bytes on their way into the store: counted and hashed as they pass, and refused at their end where they are not
/// what they were said to be. The store then forgets them.
final class VerifyingBody: ObjectBody {
  private let source: any ChunkBytes
  private let chunk: Chunk
  private let activity: EdgeActivity
  private var hash = SHA256()
  private var received: UInt64 = 0
  /// The store may look for more after the end, more than once.
  private var isVerified = false

  init(_ source: any ChunkBytes, chunk: Chunk, activity: EdgeActivity) {
    self.source = source
    self.chunk = chunk
    self.activity = activity
  }

  /// At most this much is hashed in one turn: about 1 ms.
  private static let sliceBytes = 256 << 10

  func read(into buffer: UnsafeMutableRawBufferPointer) async throws -> Int {
    if isVerified { return 0 }
    let expected = chunk.size.rawValue
    // One byte more than there may be shows a body that is too long.
    let room = Int(min(UInt64(min(buffer.count, Self.sliceBytes)), expected - received + 1))
    let target = UnsafeMutableRawBufferPointer(rebasing: buffer[..<room])
    let count = try await source.read(into: target)
    guard count > 0 else {
      guard received == expected else { throw ChunkRefusal.tooFewBytes(expected: expected, received: received) }
      guard ContentHash(bytes: hash.finish()) == chunk.hash else { throw ChunkRefusal.hashMismatch }
      isVerified = true
      return 0
    }
    guard received + UInt64(count) <= expected else { throw ChunkRefusal.tooManyBytes(expected: expected) }
    received += UInt64(count)
    hash.update(UnsafeRawBufferPointer(rebasing: target[..<count]))
    activity.received(bytes: count)
    return count
  }
}
