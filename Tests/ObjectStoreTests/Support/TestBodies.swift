import EventLoops
import Foundation
import ObjectStore

/// Bytes that can be told apart: a block whose length is prime, so that no two aligned pages are alike, repeated. Other seeds, other bytes.
func pattern(_ seed: Int, _ count: Int) -> [UInt8] {
  let block = (0..<min(count, 4093)).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ ($0 >> 8) &* 7 &+ seed &* 101) }
  var bytes: [UInt8] = []
  bytes.reserveCapacity(count + block.count)
  while bytes.count < count { bytes.append(contentsOf: block) }
  bytes.removeLast(bytes.count - count)
  return bytes
}

/// The same, all after one another.
func joined(_ pieces: [[UInt8]]) -> [UInt8] {
  var bytes: [UInt8] = []
  bytes.reserveCapacity(pieces.reduce(0) { $0 + $1.count })
  for piece in pieces { bytes.append(contentsOf: piece) }
  return bytes
}

/// `==` for megabytes: that one takes seconds in a build without optimisation.
func areSame(_ left: [UInt8], _ right: [UInt8]) -> Bool {
  guard left.count == right.count else { return false }
  return left.isEmpty || memcmp(left, right, left.count) == 0
}

/// A body that goes wrong at its end.
struct FailingBody: ObjectBody {
  struct WrongHash: Error, Equatable {}

  var rest: ByteArrayBody

  init(_ bytes: [UInt8]) { rest = ByteArrayBody(bytes) }

  mutating func read(into buffer: UnsafeMutableRawBufferPointer) async throws -> Int {
    let count = try await rest.read(into: buffer)
    if count == 0 { throw WrongHash() }
    return count
  }
}

/// A body at whose end something else happens first.
struct InterruptedBody: ObjectBody {
  var rest: ByteArrayBody
  let interruption: () async throws -> Void

  init(_ bytes: [UInt8], interruption: @escaping () async throws -> Void) {
    rest = ByteArrayBody(bytes)
    self.interruption = interruption
  }

  mutating func read(into buffer: UnsafeMutableRawBufferPointer) async throws -> Int {
    let count = try await rest.read(into: buffer)
    if count == 0 { try await interruption() }
    return count
  }
}

/// A body that gives some bytes and then nothing for a long time.
struct StalledBody: ObjectBody {
  let loop: EventLoop
  var given = false

  init(loop: EventLoop) { self.loop = loop }

  mutating func read(into buffer: UnsafeMutableRawBufferPointer) async throws -> Int {
    if given { try await loop.sleep(milliseconds: 60_000) }
    given = true
    buffer.copyBytes(from: pattern(4, 1000))
    return 1000
  }
}

extension ObjectStore {
  /// A whole object, or a range of it, in memory.
  func bytes(of key: ObjectKey, _ range: Range<UInt64>? = nil) async throws -> [UInt8] {
    let collected = Collected()
    _ = try await read(key: key, range: range) { piece in
      collected.bytes.append(contentsOf: [UInt8](unsafeUninitializedCapacity: piece.count) { buffer, count in
        UnsafeMutableRawBufferPointer(buffer).copyMemory(from: piece)
        count = piece.count
      })
    }
    return collected.bytes
  }

  func putPart(_ key: ObjectKey, _ upload: MultipartID, _ number: Int, _ bytes: [UInt8]) async throws -> CompletedPart {
    CompletedPart(
      number: number, etag: try await putPart(key: key, upload: upload, number: number, size: UInt64(bytes.count), body: ByteArrayBody(bytes)))
  }
}

private final class Collected {
  var bytes: [UInt8] = []
}
