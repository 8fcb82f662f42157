import Contracts
import JSON
import RPC
import Testing

private let hash = "sha256:" + String(repeating: "aB", count: 32)
private let fileId = "file_" + String(repeating: "a2", count: 13)

@Suite("Messages as JSON", .timeLimit(.minutes(1))) struct MessageJSONTests {
  private func request<Message: JSONCodable>(_ text: String, as type: Message.Type = Message.self) throws -> Message {
    try Message(json: try JSONValue(parsing: text))
  }

  private func problem<Message: JSONCodable>(_ text: String, _ type: Message.Type) -> String? {
    do {
      _ = try request(text, as: type)
      return nil
    } catch {
      return "\(error)"
    }
  }

  @Test func readsTheDocumentedRequest() throws {
    let request: SelectEdgesRequest = try request(
      """
      {"userId": "usr_123", "fileSize": 1073741824, "fileHash": "\(hash)", "userLocation": {"lat": 37.7749, "lng": -122.4194},
       "priority": "speed", "budget": 0.50, "somethingNew": [1, {"a": null}]}
      """)
    #expect(
      request
        == SelectEdgesRequest(
          userId: "usr_123", fileSize: 1_073_741_824, fileHash: hash, userLocation: Location(lat: 37.7749, lng: -122.4194), priority: .speed,
          budgetMicroDollars: 500_000))
    try request.validate()
  }

  @Test func nullAndAbsentAreTheSame() throws {
    let request: SelectEdgesRequest = try request(#"{"userId":"u","fileSize":"5497558138880","budget":null,"priority":null,"userLocation":null}"#)
    #expect(request == SelectEdgesRequest(userId: "u", fileSize: 5_497_558_138_880))
  }

  @Test func writesTheDocumentedResponse() {
    let response = SelectEdgesResponse(
      strategy: Strategy(chunkSize: 52_428_800, threads: 24, compression: .none, estimatedTime: 372, estimatedCostMicroDollars: 420_000),
      edges: [
        SelectedEdge(id: "sfo-1", url: "https://sfo.agentcache.ai", latency: 12, load: 23, distance: 0, weight: 0.35, rpcAddress: "10.0.0.1:1")
      ],
      fileId: fileId, uploadToken: "t", expiresAt: 1_737_885_600_000, chunksTotal: 21)
    #expect(
      String(decoding: response.json, as: UTF8.self) == """
        {"strategy":{"chunkSize":52428800,"threads":24,"compression":"none","estimatedTime":372,"estimatedCost":0.42},\
        "edges":[{"id":"sfo-1","url":"https://sfo.agentcache.ai","latency":12,"load":23,"distance":0,"weight":0.35}],\
        "duplicate":null,"fileId":"\(fileId)","uploadToken":"t","expiresAt":"2025-01-26T10:00:00Z","chunksTotal":21}
        """)
    let empty = #"{"strategy":null,"edges":[],"duplicate":null,"fileId":"","uploadToken":"","expiresAt":null,"chunksTotal":0}"#
    #expect(String(decoding: SelectEdgesResponse().json, as: UTF8.self) == empty)
    let state = String(decoding: GetStateResponse().json, as: UTF8.self)
    #expect(state == #"{"state":null}"#)
    let stats = String(decoding: SessionStats(status: .inProgress).json, as: UTF8.self)
    #expect(stats.contains(#""status":"in_progress""#) && stats.contains(#""completedAt":null"#))
  }

  @Test func everyMemberThatIsWrongIsNamed() {
    let cases: [(String, String)] = [
      ("[]", "the body must be an object"),
      ("{}", "userId is required"),
      (#"{"userId":"u"}"#, "fileSize is required"),
      (#"{"userId":"u","fileSize":null}"#, "fileSize is required"),
      (#"{"userId":7,"fileSize":1}"#, "userId must be text"),
      (#"{"userId":"u","fileSize":-1}"#, "fileSize must be at least 0"),
      (#"{"userId":"u","fileSize":9223372036854775808}"#, "fileSize must be at most 5497558138880"),
      (#"{"userId":"u","fileSize":1e400}"#, "fileSize must be at most 5497558138880"),
      (#"{"userId":"u","fileSize":1.5}"#, "fileSize must be a whole number"),
      (#"{"userId":"u","fileSize":"many"}"#, "fileSize must be a whole number"),
      (#"{"userId":"u","fileSize":true}"#, "fileSize must be a whole number"),
      (#"{"userId":"u","fileSize":1,"userLocation":{"lat":"x"}}"#, "userLocation.lat must be a number"),
      (#"{"userId":"u","fileSize":1,"userLocation":[]}"#, "userLocation must be an object"),
      (#"{"userId":"u","fileSize":1,"priority":"fast"}"#, #"priority must be one of "speed", "cost", "balanced""#),
      (#"{"userId":"u","fileSize":1,"priority":1}"#, "priority must be text"),
      (#"{"userId":"u","fileSize":1,"budget":"cheap"}"#, "budget must be a number of dollars"),
      (#"{"userId":"u","fileSize":1,"resuming":"yes"}"#, "resuming must be true or false"),
      (#"{"userId":"u\u0000","fileSize":1}"#, "userId must not contain the NUL character"),
    ]
    for (text, expected) in cases { #expect(problem(text, SelectEdgesRequest.self) == expected) }
    #expect(
      problem(#"{"userId":"u","probes":[{"edgeId":"a","rttMs":1},{"rttMs":1}]}"#, ReportProbeRequest.self) == "probes[1].edgeId is required")
    #expect(
      problem(#"{"userId":"u","fileId":"f","state":{"chunksUploaded":[1,-2]}}"#, SaveStateRequest.self)
        == "state.chunksUploaded[1] must be at least 0")
    #expect(problem(#"{"userId":"u","fileId":"f"}"#, SaveStateRequest.self) == "state is required")
    #expect(problem(#"{"header":{"fileId":"f","hash":"h"},"data":"aGk="}"#, UploadChunkRequest.self) == "data must not be given together with header")
    #expect(problem(#"{"data":"aGk"}"#, UploadChunkRequest.self) == "data must be base64 with padding")
  }

  @Test func whatIsWrittenIsReadBack() throws {
    let messages: [SavedState] = [SavedState(), SavedState(fileId: fileId, chunksUploaded: [0, 4_294_967_295], edges: ["a\"\\\n"], progress: .max)]
    for message in messages { #expect(try SavedState(json: message.json) == message) }
    let chunk = UploadChunkRequest(part: .data(Array(0...255)))
    #expect(try UploadChunkRequest(json: chunk.json) == chunk)
    let session = SessionStats(status: .aborted, startedAt: 1_737_885_600_123, avgSpeedMbps: 0.1, costMicroDollars: -1)
    #expect(try SessionStats(json: session.json) == session)
  }
}

@Suite("Rules of the contracts", .timeLimit(.minutes(1))) struct RulesTests {
  private func problem(_ message: some RPCMessage) -> String? {
    do {
      try message.validate()
      return nil
    } catch {
      #expect(error.code == .invalidArgument)
      #expect(error.problem?.reason == "INVALID_FIELD")
      #expect(error.message.hasPrefix("\(error.problem?.field ?? "-") "))
      return error.message
    }
  }

  @Test func formats() {
    func select(_ change: (inout SelectEdgesRequest) -> Void) -> String? {
      var request = SelectEdgesRequest(userId: "usr_123", fileSize: 1)
      change(&request)
      return problem(request)
    }
    #expect(select { _ in } == nil)
    #expect(select { $0.userId = "" } == "userId is required")
    for bad in ["../x", "a b", "é", String(repeating: "a", count: 65), "a\r\nb"] {
      #expect(select { $0.userId = bad } == #"userId must be 1 to 64 characters of A-Z, a-z, 0-9, "_" and "-""#)
    }
    #expect(select { $0.fileHash = hash } == nil)
    let digits = String(hash.dropFirst(7))
    for bad in ["sha256:abc123...", "sha256:" + String(repeating: "g", count: 64), digits, hash + "0", "SHA256:" + digits] {
      #expect(select { $0.fileHash = bad } == #"fileHash must be "sha256:" followed by 64 hexadecimal digits"#)
    }
    #expect(select { $0.fileId = fileId } == nil)
    for bad in ["file_123", "file_" + String(repeating: "A", count: 26), "file_" + String(repeating: "1", count: 26), fileId + "a"] {
      #expect(select { $0.fileId = bad } == #"fileId must be "file_" followed by 26 characters of a-z and 2-7"#)
    }
    for good in ["a", "Ünïcode 名前.mp4", String(repeating: "n", count: 1024), "../x"] { #expect(select { $0.fileName = good } == nil) }
    for bad in ["a\nb", "\u{7F}", "x\u{85}"] {
      #expect(select { $0.fileName = bad } == "fileName must be 1 to 1024 bytes without control characters")
    }
    #expect(select { $0.fileName = String(repeating: "n", count: 1025) } == "fileName must be at most 1024 bytes")
    for good in ["video/mp4", "application/vnd.api+json", "text/plain; charset=utf-8"] { #expect(select { $0.fileType = good } == nil) }
    for bad in ["video", "video/", "/mp4", "a/b/c", "vid eo/mp4", "text/plain; \u{0}", "é/x"] {
      #expect(select { $0.fileType = bad } == "fileType must be a media type such as video/mp4, at most 255 bytes")
    }
  }

  @Test func ranges() {
    let request = SelectEdgesRequest(userId: "u", fileSize: 5_497_558_138_881)
    #expect(problem(request) == "fileSize must be at most 5497558138880")
    #expect(problem(SelectEdgesRequest(userId: "u", fileSize: 5_497_558_138_880)) == nil)
    #expect(problem(SelectEdgesRequest(userId: "u", budgetMicroDollars: -1)) == "budget must be at least 0")
    #expect(problem(SelectEdgesRequest(userId: "u", userLocation: Location(lat: 90.5))) == "userLocation.lat must be at most 90")
    #expect(problem(SelectEdgesRequest(userId: "u", userLocation: Location(lng: -181))) == "userLocation.lng must be at least -180")
    #expect(problem(SelectEdgesRequest(userId: "u", userLocation: Location(lat: .nan))) == "userLocation.lat must be a finite number")
    let city = String(repeating: "c", count: 101)
    #expect(problem(SelectEdgesRequest(userId: "u", userLocation: Location(city: city))) == "userLocation.city must be at most 100 bytes")
    #expect(problem(HeartbeatRequest(edgeId: "e", url: "u", rpcAddress: "r", loadPercent: 101)) == "loadPercent must be at most 100")
  }

  @Test func lists() {
    #expect(problem(ReportProbeRequest(userId: "u")) == "probes must have at least 1 item")
    let probe = EdgeProbe(edgeId: "sfo-1", rttMilliseconds: 1)
    #expect(problem(ReportProbeRequest(userId: "u", probes: Array(repeating: probe, count: 64))) == nil)
    #expect(problem(ReportProbeRequest(userId: "u", probes: Array(repeating: probe, count: 65))) == "probes must have at most 64 items")
    let bad = EdgeProbe(edgeId: "SFO", rttMilliseconds: 1)
    #expect(problem(ReportProbeRequest(userId: "u", probes: [probe, bad])) == #"probes[1].edgeId must be 1 to 50 characters of a-z, 0-9 and "-""#)
    let state = SaveStateRequest(userId: "u", fileId: fileId, state: SavedState(chunksUploaded: Array(repeating: 0, count: 10_001)))
    #expect(problem(state) == "state.chunksUploaded must have at most 10000 items")
    #expect(problem(SaveStateRequest(userId: "u", fileId: fileId)) == "state is required")
    #expect(problem(UploadChunkRequest(part: .header(ChunkHeader(fileId: fileId)))) == "header.hash is required")
    #expect(problem(UploadChunkRequest(part: .data([UInt8](repeating: 0, count: 4 << 20 + 1)))) != nil)
  }
}
