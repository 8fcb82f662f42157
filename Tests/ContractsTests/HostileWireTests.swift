@testable import Contracts
import RPC
import Testing

/// Whatever a peer sends, every decoder answers with a message or an RPCError.
@Suite("Hostile bytes", .timeLimit(.minutes(5))) struct HostileWireTests {
  /// True where the bytes were a message. A message that was read can be written and read again.
  @discardableResult
  private func feed(_ bytes: [UInt8], to type: any RPCMessage.Type) throws -> Bool {
    func open<Message: RPCMessage>(_ type: Message.Type) throws -> Bool {
      let message: Message
      do {
        message = try decoded(bytes, as: type)
      } catch {
        #expect([.internalError, .invalidArgument, .resourceExhausted].contains(error.code))
        return false
      }
      try? message.validate()
      let first = try encoded(message)
      #expect(try encoded(decoded(first, as: type)) == first)
      return true
    }
    return try open(type)
  }

  @Test func noise() throws {
    var random = SystemRandomNumberGenerator()
    for (_, type) in messageTypes {
      for _ in 0..<300 {
        let length = Int.random(in: 0...60, using: &random)
        try feed((0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }, to: type)
      }
    }
  }

  /// Bytes that look like fields: small numbers, every wire type, short and absurd lengths, nesting.
  @Test func almostMessages() throws {
    var random = SystemRandomNumberGenerator()
    func varint(_ value: UInt64) -> [UInt8] {
      var value = value
      var bytes: [UInt8] = []
      while value >= 0x80 {
        bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
        value >>= 7
      }
      return bytes + [UInt8(value)]
    }
    func fields(depth: Int) -> [UInt8] {
      var bytes: [UInt8] = []
      for _ in 0..<Int.random(in: 0...6, using: &random) {
        let wireType = UInt64([0, 0, 1, 2, 2, 2, 2, 3, 4, 5, 6, 7].randomElement(using: &random) ?? 0)
        bytes += varint(UInt64.random(in: 0...16, using: &random) << 3 | wireType)
        switch wireType {
        case 0: bytes += varint(UInt64.random(in: 0...UInt64.max, using: &random) >> UInt64.random(in: 0...63, using: &random))
        case 1: bytes += (0..<8).map { _ in UInt8.random(in: 0...255, using: &random) }
        case 5: bytes += (0..<4).map { _ in UInt8.random(in: 0...255, using: &random) }
        case 2:
          let inner = depth > 0 && Bool.random(using: &random) ? fields(depth: depth - 1) : Array("text".utf8)
          let lengths: [UInt64] = [UInt64(inner.count), UInt64(inner.count), UInt64(inner.count) + 1, .max, 1 << 31, 1 << 32, 1 << 63, 0]
          bytes += varint(lengths.randomElement(using: &random) ?? 0) + inner
        default: break
        }
      }
      return bytes
    }
    for (_, type) in messageTypes {
      for _ in 0..<500 { try feed(fields(depth: 3), to: type) }
    }
  }

  @Test func truncationsAndFlippedBits() throws {
    let upload = Upload(
      fileId: "file_a", accountId: "acc", userId: "usr", plan: UploadPlan(fileSize: 1, chunkSize: 2, chunksTotal: 3),
      edges: ["a", "b"], startedAt: -1)
    let whole = try encoded(ListExpiredResponse(uploads: [upload, upload]))
    #expect(try feed(whole, to: ListExpiredResponse.self))
    for count in 0..<whole.count { try feed(Array(whole[..<count]), to: ListExpiredResponse.self) }
    for index in whole.indices {
      for bit in 0..<8 {
        var flipped = whole
        flipped[index] ^= 1 << UInt8(bit)
        try feed(flipped, to: ListExpiredResponse.self)
      }
    }
  }

  @Test func deepNestingAndGroups() throws {
    // Length-delimited fields inside each other, and groups that never end: depth must not become stack.
    var nested: [UInt8] = []
    for _ in 0..<2000 {
      let count = nested.count
      nested = [0x0A] + (count < 128 ? [UInt8(count)] : [UInt8(count & 0x7F | 0x80), UInt8(count >> 7)]) + nested
      if nested.count > 16_000 { break }
    }
    for (_, type) in messageTypes {
      try feed(nested, to: type)
      try feed([UInt8](repeating: 0x0B, count: 1 << 20), to: type)
    }
  }

  @Test func repeatedSingleFieldsAndUnknownOnes() throws {
    // The same nested message over and over: protobuf-c merges them one by one.
    let part = try encoded(SaveStateRequest(state: SavedState(chunksUploaded: Array(0..<100))))
    try feed(Array(repeatElement(part, count: 2000).joined()), to: SaveStateRequest.self)
    // Unknown fields are skipped.
    let unknown = try encoded(WarmUpRequest(userId: "u")) + [0xF8, 0x3F, 0x01] + [0xFA, 0x3F, 0x02, 0x61, 0x62]
    #expect(try decoded(unknown, as: WarmUpRequest.self) == WarmUpRequest(userId: "u"))
    try feed(Array(repeatElement([0xF8, 0x3F, 0x01] as [UInt8], count: 1 << 20).joined()), to: WarmUpRequest.self)
  }

  @Test func largeButHonestMessagesAreRead() throws {
    let state = SavedState(chunksUploaded: Array(0..<10_000), chunksRemaining: Array(10_000..<20_000), edges: (0..<64).map { "edge-\($0)" })
    #expect(try decoded(try encoded(SaveStateRequest(state: state)), as: SaveStateRequest.self).state == state)
    // The same numbers one field each, as an old encoder writes them.
    var unpacked: [UInt8] = []
    for index in 0..<10_000 { unpacked += [0x10, UInt8(index & 0x7F | 0x80), UInt8(index >> 7)] }
    #expect(try decoded(unpacked, as: SavedState.self).chunksUploaded == Array(0..<10_000))
    let hash = "sha256:" + String(repeating: "a", count: 64)
    let chunk = Chunk(index: 9999, hash: hash, size: 52_428_800, edgeId: "sfo-1", etag: "\"etag\"", storedAt: 1)
    let list = ListChunksResponse(chunks: Array(repeating: chunk, count: 10_000))
    #expect(try decoded(try encoded(list), as: ListChunksResponse.self) == list)
    let data = UploadChunkRequest(part: .data([UInt8](repeating: 7, count: 4 << 20)))
    #expect(try decoded(try encoded(data), as: UploadChunkRequest.self) == data)
    let edges = ListEdgesResponse(edges: (0..<10_000).map { Edge(id: "e\($0)") })
    #expect(try decoded(try encoded(edges), as: ListEdgesResponse.self) == edges)
  }
}
