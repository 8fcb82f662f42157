import Bytes
import Contracts
import RPC
import Testing

func encoded(_ message: some RPCMessage) throws -> [UInt8] {
  var buffer = ByteBuffer()
  try message.encode(into: &buffer)
  return buffer.array
}

func decoded<Message: RPCMessage>(_ bytes: [UInt8], as type: Message.Type = Message.self) throws(RPCError) -> Message {
  let result: Result<Message, RPCError> = bytes.withUnsafeBytes { raw in Result { () throws(RPCError) in try Message(wire: raw) } }
  return try result.get()
}

@Suite("Messages on the wire", .timeLimit(.minutes(1))) struct WireTests {
  @Test func everyKindOfFieldSurvives() throws {
    let request = SelectEdgesRequest(
      userId: "usr_é😀", fileSize: .max, fileHash: "sha256:ab", userLocation: Location(lat: -37.5, lng: 180, city: "Zürich"), priority: .cost,
      budgetMicroDollars: 0, fileName: String(repeating: "x", count: 100_000), fileType: "video/mp4", resuming: true, fileId: "")
    #expect(try decoded(try encoded(request)) == request)

    let unknown = SelectEdgesRequest(priority: .unrecognized(-7))
    #expect(try decoded(try encoded(unknown)) == unknown)

    let state = SavedState(fileId: "f", chunksUploaded: [0, 1, .max], chunksRemaining: [], edges: ["sfo-1", "", "lax-1"], progress: 1, total: 2)
    let saved = SaveStateRequest(userId: "u", fileId: "f", state: state)
    #expect(try decoded(try encoded(saved)) == saved)

    let probes = ReportProbeRequest(userId: "u", probes: (0..<5000).map { EdgeProbe(edgeId: "e\($0)", rttMilliseconds: Double($0)) })
    #expect(try decoded(try encoded(probes)) == probes)
  }

  @Test func choicesAndMapsSurvive() throws {
    let header = UploadChunkRequest(part: .header(ChunkHeader(fileId: "f", chunkIndex: 7, hash: "h")))
    #expect(try decoded(try encoded(header)) == header)
    let data = UploadChunkRequest(part: .data((0..<100_000).map { UInt8(truncatingIfNeeded: $0) }))
    #expect(try decoded(try encoded(data)) == data)
    #expect(try decoded(try encoded(UploadChunkRequest(part: .data([])))) == UploadChunkRequest(part: .data([])))
    #expect(try decoded([], as: UploadChunkRequest.self).part == nil)

    let list = GRPCHealthV1.HealthListResponse(statuses: ["": .init(status: .serving), "jetty.v1.Dedup": .init(status: .notServing)])
    #expect(try decoded(try encoded(list)) == list)
    let reflection = GRPCReflectionV1.ServerReflectionResponse(
      validHost: "h", originalRequest: .init(host: "h", messageRequest: .listServices("*")),
      messageResponse: .fileDescriptorResponse(.init(fileDescriptorProto: [[1, 2], [], [3]])))
    #expect(try decoded(try encoded(reflection)) == reflection)
  }

  @Test func zerosTakeNoBytesButASetOneDoes() throws {
    #expect(try encoded(SelectEdgesRequest()) == [])
    #expect(try encoded(SelectEdgesRequest(budgetMicroDollars: 0)) == [0x30, 0x00])
  }

  @Test func textIsValidatedAndNamesItsField() throws {
    let cases: [([UInt8], String)] = [
      ([0x0A, 0x01, 0xFF], "userId must be valid UTF-8"), ([0x0A, 0x03, 0x61, 0x00, 0x62], "userId must not contain the NUL character"),
    ]
    for (bytes, problem) in cases {
      let error = #expect(throws: RPCError.self) { try decoded(bytes, as: SelectEdgesRequest.self) }
      #expect(error?.code == .invalidArgument)
      #expect(error?.message == problem)
      #expect(error?.problem?.field == "userId")
    }
  }

  @Test func noMessageTakesMoreMemoryThanItsBudget() {
    // Two bytes each, of which protobuf-c makes a struct, a pointer and a note.
    let bomb = [UInt8](repeating: 0, count: 4 << 20).enumerated().map { UInt8($0.offset % 2 == 0 ? 0x12 : 0x00) }
    let error = #expect(throws: RPCError.self) { try decoded(bomb, as: ReportProbeRequest.self) }
    #expect(error?.code == .resourceExhausted)
  }
}
