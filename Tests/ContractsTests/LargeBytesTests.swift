import Bytes
import Contracts
import RPC
import Testing

@Suite("Large bytes on the wire", .timeLimit(.minutes(1))) struct LargeBytesTests {
  private static func bytes(_ count: Int, _ seed: Int = 1) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ seed) } }

  /// The message as it is sent, and how much of it was not copied.
  private static func lent(_ message: some RPCMessage, after start: [UInt8] = []) throws -> (bytes: [UInt8], lent: Int) {
    var own = ByteBuffer(copying: start)
    var lent = LentBytes()
    try message.encode(into: &own, lending: &lent)
    let count = lent.count
    var all: [UInt8] = []
    lent.takeFirst(.max, from: &own) { all += $0 } lent: { all += $0.bytes($1) }
    return (all, count)
  }

  @Test(arguments: [0, 1, 1_000, (16 << 10) - 1, 16 << 10, 1 << 20, (3 << 20) + 1])
  func aFieldOfAnySize(size: Int) throws {
    let message = UploadChunkRequest(part: .data(Self.bytes(size)))
    let whole = try encoded(message)
    let sent = try Self.lent(message, after: [1, 2, 3])
    #expect(sent.bytes == [1, 2, 3] + whole)
    #expect(sent.lent == (size >= 16 << 10 ? size : 0))
    #expect(try decoded(whole) == message)
  }

  @Test func fieldsInsideOthers() throws {
    let twice = Self.bytes(40_000, 5)
    let files = [Self.bytes(100_000), [], Self.bytes(7), twice, Self.bytes(20_000, 2), twice]
    let message = GRPCReflectionV1.ServerReflectionResponse(
      validHost: String(repeating: "h", count: 50_000), originalRequest: .init(host: "h", messageRequest: .listServices("*")),
      messageResponse: .fileDescriptorResponse(.init(fileDescriptorProto: files)))
    let whole = try encoded(message)
    let sent = try Self.lent(message)
    #expect(sent.bytes == whole)
    #expect(sent.lent >= 200_000)
    #expect(try decoded(whole) == message)
  }

  @Test func theMessageOwnsWhatItReads() throws {
    var wire = try encoded(UploadChunkRequest(part: .data(Self.bytes(1 << 20))))
    let message: UploadChunkRequest = try decoded(wire)
    for index in wire.indices { wire[index] = 0 }
    guard case .data(var data) = message.part else { throw RPCError(.internalError, "another part") }
    #expect(data == Self.bytes(1 << 20))
    data[0] = 77
    #expect(message == UploadChunkRequest(part: .data(Self.bytes(1 << 20))), "a copy was changed")
  }

  /// The last one counts; what came before it is parsed and dropped.
  @Test func aFieldThatComesTwice() throws {
    let first = try encoded(UploadChunkRequest(part: .data(Self.bytes(50_000, 1))))
    let second = try encoded(UploadChunkRequest(part: .data(Self.bytes(50_000, 2))))
    #expect(try decoded(first + second) == UploadChunkRequest(part: .data(Self.bytes(50_000, 2))))
    #expect(throws: RPCError.self) { try decoded(Array((first + second).dropLast()), as: UploadChunkRequest.self) }
  }
}
