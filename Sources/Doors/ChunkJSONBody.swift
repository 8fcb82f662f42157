import Bytes
import Contracts
import JSON
import Model
import RPC

/// A chunk in its documented JSON form, pulled from a body. First `open`, then read the plain bytes of `data`.
///
/// Where `data` comes before `hash` (as the documented examples have it) the bytes are needed before it is known what they should be:
/// `open` then stops at `data`, `isSpooling` says so, and the caller keeps the bytes aside until `finish` has given the rest.
final class ChunkJSONBody: ByteSource {
  private let source: any ByteSource
  private var parser = ChunkJSONParser()
  private var input = ByteBuffer(capacity: DoorLimits.pieceBytes)
  private var members = JSONObject()
  private var dataHasBegun = false
  private var dataHasEnded = false

  init(_ source: any ByteSource) { self.source = source }

  /// Reads up to the start of `data`.
  func open() async throws {
    while !dataHasBegun {
      guard case .none = try await step(into: nil) else { break }
      if parser.isComplete { throw RPCError(JSONError(path: "data", problem: "is missing")) }
    }
  }

  /// What is known by now; nil where a member is still to come.
  func announcement() throws -> ChunkAnnouncement? {
    let complete = ["fileId", "chunkIndex", "hash"].allSatisfy { members[$0] != nil }
    return complete || parser.isComplete ? try ChunkAnnouncement(members) : nil
  }

  /// The plain bytes of `data`. At their end the rest of the object is read and checked too.
  func read(into target: UnsafeMutableRawBufferPointer) async throws -> Int {
    if target.count < 64 {
      // The decoder writes whole groups: tiny targets get theirs by way of a larger one.
      return try await readTiny(target)
    }
    if !small.isEmpty { return copySmall(target) }
    while !dataHasEnded {
      if case .some(let count) = try await step(into: target), count > 0 { return count }
    }
    while !parser.isComplete { _ = try await step(into: nil) }
    return 0
  }

  private var small: [UInt8] = []

  private func readTiny(_ target: UnsafeMutableRawBufferPointer) async throws -> Int {
    if small.isEmpty {
      let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 16)
      defer { piece.deallocate() }
      let count = try await read(into: piece)
      small = Array(piece[..<count])
    }
    return copySmall(target)
  }

  private func copySmall(_ target: UnsafeMutableRawBufferPointer) -> Int {
    let count = min(target.count, small.count)
    target.copyBytes(from: small[..<count])
    small.removeFirst(count)
    return count
  }

  /// One event; the number of bytes it wrote, if it was data.
  private func step(into target: UnsafeMutableRawBufferPointer?) async throws -> Int? {
    let event = try advance(target)
    switch event {
    case .needMore:
      let room = input.reserve(DoorLimits.pieceBytes)
      let count = try await source.read(into: UnsafeMutableRawBufferPointer(start: room, count: DoorLimits.pieceBytes))
      input.commit(count)
      if count == 0 { try finish() }
    case .member(let name, let value): members[name] = value
    case .dataBegan: dataHasBegun = true
    case .data(let count): return count
    case .dataEnded: dataHasEnded = true
    case .end: break
    }
    return nil
  }

  private func advance(_ target: UnsafeMutableRawBufferPointer?) throws -> ChunkJSONParser.Event {
    do throws(JSONError) {
      return try withUnsafeTemporaryBuffer(target) { (buffer) throws(JSONError) in try parser.next(&input, into: buffer) }
    } catch {
      throw RPCError(error)
    }
  }

  /// Outside `data` nothing is written, but the parser wants a target.
  private func withUnsafeTemporaryBuffer(
    _ target: UnsafeMutableRawBufferPointer?, _ body: (UnsafeMutableRawBufferPointer) throws(JSONError) -> ChunkJSONParser.Event
  ) throws(JSONError) -> ChunkJSONParser.Event {
    if let target { return try body(target) }
    var spare: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0, 0, 0)
    return try Swift.withUnsafeMutableBytes(of: &spare) { (buffer) throws(JSONError) in try body(buffer) }
  }

  private func finish() throws {
    do throws(JSONError) {
      try parser.finish()
    } catch {
      throw RPCError(error)
    }
  }
}
