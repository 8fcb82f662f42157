import Contracts
import EventLoops
import JSON
import RPC
import Testing

private let hash = "sha256:" + String(repeating: "ab", count: 32)
private let fileId = "file_" + String(repeating: "a2", count: 13)

/// A Dedup that answers with what it was asked.
private final class EchoDedup: DedupService {
  func checkDuplicate(_ request: CheckDuplicateRequest, context: ServerContext) async throws -> CheckDuplicateResponse {
    if request.fileName == "missing" {
      throw RPCError.problem(.notFound, reason: "NO_SUCH_FILE", field: "fileName", message: "there is no such file")
    }
    return CheckDuplicateResponse(
      duplicate: DuplicateFile(fileId: request.fileName, url: context.metadata["x-test"] ?? "", similarity: Double(request.fileSize), type: .exact))
  }

  func registerFile(_ request: RegisterFileRequest, context: ServerContext) async throws -> RegisterFileResponse { RegisterFileResponse() }
  func forgetFile(_ request: ForgetFileRequest, context: ServerContext) async throws -> ForgetFileResponse { ForgetFileResponse() }
}

/// An edge that counts the bytes of a chunk.
private final class CountingEdge: EdgeWorkerService {
  func uploadChunk(_ requests: RPCReader<UploadChunkRequest>, context: ServerContext) async throws -> UploadChunkResponse {
    var size: UInt64 = 0
    while let request = try await requests.next() {
      try request.validate()
      if case .data(let bytes)? = request.part { size += UInt64(bytes.count) }
    }
    return UploadChunkResponse(ok: true, size: size)
  }

  func warmUp(_ request: WarmUpRequest, context: ServerContext) async throws -> WarmUpResponse { WarmUpResponse(ok: true) }
  func getLoad(_ request: GetLoadRequest, context: ServerContext) async throws -> GetLoadResponse { GetLoadResponse(edgeId: "e") }
}

/// Three events for every watcher; the rest of the service is not asked here.
private final class ThreeEvents: UploadStateService {
  private func unimplemented() -> RPCError { RPCError(.unimplemented, "not in this test") }
  func openUpload(_ request: OpenUploadRequest, context: ServerContext) async throws -> OpenUploadResponse { throw unimplemented() }
  func getUpload(_ request: GetUploadRequest, context: ServerContext) async throws -> GetUploadResponse { throw unimplemented() }
  func saveState(_ request: SaveStateRequest, context: ServerContext) async throws -> SaveStateResponse { throw unimplemented() }
  func closeUpload(_ request: CloseUploadRequest, context: ServerContext) async throws -> CloseUploadResponse { throw unimplemented() }
  func listExpired(_ request: ListExpiredRequest, context: ServerContext) async throws -> ListExpiredResponse { throw unimplemented() }

  func getState(_ request: GetStateRequest, context: ServerContext) async throws -> GetStateResponse {
    GetStateResponse(state: SavedState(fileId: request.fileId, edges: [request.userId]))
  }

  func getStats(_ request: GetStatsRequest, context: ServerContext) async throws -> GetStatsResponse {
    GetStatsResponse(edges: [EdgeStats(id: request.userId)])
  }

  func watchState(_ request: WatchStateRequest, to responses: RPCWriter<StateEvent>, context: ServerContext) async throws {
    for index in 0..<3 { try await responses.write(StateEvent(chunksStored: UInt32(index))) }
  }
}

@Suite("Services, clients and routes", .timeLimit(.minutes(1))) struct ServiceTests {
  private func withChannel<T: Sendable>(_ body: @escaping @Sendable (RPCChannel) async throws -> T) async throws -> T {
    let loop = try EventLoop(name: "test")
    try loop.start()
    defer { loop.stop() }
    return try await loop.run {
      let router = RPCRouter()
      router.add(EchoDedup())
      router.add(CountingEdge())
      router.add(ThreeEvents())
      let server = RPCServer(loop: loop, router: router)
      let address = try #require(SocketAddress(ip: "127.0.0.1", port: 0))
      let channel = RPCChannel(target: RPCTarget(try server.listen(address)), loop: loop)
      defer {
        channel.close()
        server.close()
      }
      return try await loop.withTimeout(milliseconds: 20_000) { try await body(channel) }
    }
  }

  @Test func aCallReachesTheServiceAndItsRulesComeFirst() async throws {
    let (echoed, refused, missing) = try await withChannel { channel in
      let client = DedupClient(channel)
      let request = CheckDuplicateRequest(fileHash: hash, fileName: "a", fileSize: 7)
      let echoed = try await client.checkDuplicate(request, options: CallOptions(metadata: ["x-test": "there"]))
      let refused = await #expect(throws: RPCError.self) { try await client.checkDuplicate(CheckDuplicateRequest(fileHash: "sha256:short")) }
      let missing = await #expect(throws: RPCError.self) {
        try await client.checkDuplicate(CheckDuplicateRequest(fileHash: hash, fileName: "missing"))
      }
      return (echoed, refused, missing)
    }
    #expect(echoed.duplicate == DuplicateFile(fileId: "a", url: "there", similarity: 7, type: .exact))
    #expect(refused?.code == .invalidArgument)
    #expect(refused?.message == #"fileHash must be "sha256:" followed by 64 hexadecimal digits"#)
    #expect(refused?.problem?.field == "fileHash")
    #expect(missing?.code == .notFound)
    #expect(missing?.problem?.reason == "NO_SUCH_FILE")
  }

  @Test func streamsGoBothWays() async throws {
    let (response, events) = try await withChannel { channel in
      let response = try await EdgeWorkerClient(channel).uploadChunk { writer in
        try await writer.write(UploadChunkRequest(part: .header(ChunkHeader(fileId: fileId, chunkIndex: 0, hash: hash))))
        for _ in 0..<10 { try await writer.write(UploadChunkRequest(part: .data([UInt8](repeating: 1, count: 100_000)))) }
      }
      let events = try await UploadStateClient(channel).watchState(WatchStateRequest(userId: "u", fileId: fileId)) { reader in
        var counts: [UInt32] = []
        while let event = try await reader.next() { counts.append(event.chunksStored) }
        return counts
      }
      return (response, events)
    }
    #expect(response == UploadChunkResponse(ok: true, size: 1_000_000))
    #expect(events == [0, 1, 2])
  }

  private func route(_ httpMethod: String, _ path: String) -> (RESTRoute, [(name: String, value: String)])? {
    for route in restRoutes where route.httpMethod == httpMethod {
      if let parameters = route.match(path) { return (route, parameters) }
    }
    return nil
  }

  @Test func routesMatchTheirPathsOnly() {
    #expect(route("POST", "/api/jetty/optimal-edges")?.0.method == EdgeSelectionMethods.selectEdges)
    #expect(route("GET", "/api/jetty/optimal-edges") == nil)
    #expect(route("POST", "/api/jetty/optimal-edges/") == nil)
    #expect(route("POST", "/api/jetty") == nil)
    #expect(route("GET", "/api/jetty/get-state/u%20x/f")?.1.map(\.value) == ["u x", "f"])
    #expect(route("GET", "/api/jetty/get-state/u/") == nil)
    #expect(route("GET", "/api/jetty/get-state/u/%FF") == nil)
    #expect(Set(restRoutes.map { "\($0.httpMethod) \($0.template)" }).count == restRoutes.count)
  }

  @Test func aRouteTurnsJSONIntoACall() async throws {
    let answers = try await withChannel { channel in
      let (check, _) = try #require(route("POST", "/api/jetty/check-duplicate"))
      let body = Array(#"{"fileHash":"\#(hash)","fileName":"a","fileSize":7}"#.utf8)
      let checked = try await check.invoke(channel, body: body)
      let (get, parameters) = try #require(route("GET", "/api/jetty/get-state/usr/\(fileId)"))
      let state = try await get.invoke(channel, parameters: parameters, query: "userId=other&x=1")
      let (stats, _) = try #require(route("GET", "/api/jetty/stats"))
      let statistics = try await stats.invoke(channel, query: "userId=a%2Db")
      return [checked, state, statistics].map { String(decoding: $0, as: UTF8.self) }
    }
    #expect(answers[0] == #"{"duplicate":{"fileId":"a","url":"","similarity":7,"type":"exact"}}"#)
    #expect(answers[1].hasPrefix(#"{"state":{"fileId":"\#(fileId)","chunksUploaded":[],"chunksRemaining":[],"edges":["usr"]"#))
    #expect(answers[2].contains(#""id":"a-b""#))
  }

  @Test func aRouteRefusesWhatIsMalformed() async throws {
    let bodies = ["", "{", #"{"fileHash":1}"#, #"{"fileHash":"x","fileSize":1}"#, #"{"fileHash":"a","fileHash":"a"}"#]
    let errors = try await withChannel { channel in
      let (check, _) = try #require(route("POST", "/api/jetty/check-duplicate"))
      var errors: [RPCError] = []
      for body in bodies {
        do throws(any Error) {
          _ = try await check.invoke(channel, body: Array(body.utf8))
        } catch let error as RPCError {
          errors.append(error)
        }
      }
      let (stats, _) = try #require(route("GET", "/api/jetty/stats"))
      for query in ["userId=%zz", "userId=a&userId=b", String(repeating: "a&", count: 65)] {
        do throws(any Error) {
          _ = try await stats.invoke(channel, query: query)
        } catch let error as RPCError {
          errors.append(error)
        }
      }
      return errors
    }
    #expect(errors.count == bodies.count + 3)
    #expect(errors.allSatisfy { $0.code == .invalidArgument && $0.problem != nil })
    #expect(errors.map { $0.problem?.field } == ["", "", "fileHash", "fileHash", "", "", "userId", ""])
  }

  @Test func descriptorsAndDescriptionAreThere() throws {
    #expect(descriptorFiles.contains { $0.name == "jetty/v1/types.proto" && $0.symbols.contains("jetty.v1.Problem") })
    #expect(descriptorFiles.contains { $0.extensions.contains { $0 == ("google.protobuf.FieldOptions", 50101) } })
    #expect(descriptorFiles.allSatisfy { !$0.bytes.isEmpty })
    // A file comes after those it imports.
    var known: Set<String> = []
    for file in descriptorFiles {
      #expect(known.isSuperset(of: file.dependencies))
      known.insert(file.name)
    }
    let document = try JSONValue(parsing: OpenAPI.json)
    #expect(document["openapi"]?.stringValue == "3.1.0")
    for route in restRoutes {
      let path = "/" + route.segments.map { segment in
        switch segment {
        case .literal(let literal): literal
        case .parameter(let name): "{\(name)}"
        }
      }.joined(separator: "/")
      #expect(document["paths"]?[path]?[route.httpMethod.lowercased()] != nil)
    }
  }
}
