import Contracts
import EventLoops
import Glibc
import HTTPClient
import Model
import RPC
import Testing

@testable import Gateway

/// Progress as server-sent events, against an UploadState that tells what a test gives it.
@Suite(.timeLimit(.minutes(1))) struct WatchTests {
  private static let path = "/api/jetty/watch/usr_1/file_" + String(repeating: "a", count: 26)

  private func state(_ chunks: UInt32, chunk: UInt32? = nil, _ status: UploadStatus = .inProgress) -> StateEvent {
    StateEvent(
      status: status, chunksStored: chunks, chunksTotal: 3, progress: UInt64(chunks) * 5, total: 15, chunkIndex: chunk ?? 0, hasChunk: chunk != nil,
      edgeId: chunk == nil ? "" : "sfo-1", at: 1_000)
  }

  /// The events of an answer: id, name, data.
  private func events(_ reply: GatewayHarness.Reply) -> [(id: String, name: String, data: String)] {
    String(decoding: reply.bytes, as: UTF8.self).split(separator: "\n\n").compactMap { block in
      var fields: [String: String] = [:]
      for line in block.split(separator: "\n") {
        guard let colon = line.firstIndex(of: ":") else { continue }
        fields[String(line[..<colon])] = String(line[line.index(after: colon)...].drop { $0 == " " })
      }
      guard let id = fields["id"], let name = fields["event"], let data = fields["data"] else { return nil }
      return (id, name, data)
    }
  }

  private func watch(_ gateway: GatewayHarness, after: String? = nil) async throws -> GatewayHarness.Reply {
    let seen = after.map { [(name: "Last-Event-ID", value: $0)] } ?? []
    return try await gateway.send(.get, Self.path, [GatewayHarness.authorization] + seen)
  }

  @Test("each event is told once, with its version as id, and the last one is the end")
  func wholeStory() async throws {
    try await GatewayHarness.run { gateway in
      gateway.services.story = [[state(0), state(1, chunk: 2), state(1, chunk: 0), state(3, chunk: 1), state(3, .completed)]]
      let reply = try await watch(gateway)
      #expect(reply.status == 200 && reply.head["content-type"] == "text/event-stream" && reply.head["cache-control"] == "no-store")
      #expect(String(decoding: reply.bytes, as: UTF8.self).hasPrefix("retry: "))
      let told = events(reply)
      #expect(told.map(\.id) == ["0", "1", "1", "3", "end"])
      #expect(told.map(\.name) == ["progress", "progress", "progress", "progress", "end"])
      #expect(told.last?.data.contains(#""status":"completed""#) == true, "\(told.last?.data ?? "")")
      #expect(gateway.services.watched == [WatchStateRequest(userId: "usr_1", fileId: String(Self.path.suffix(31)))])
      #expect(gateway.services.accounts == ["acc_test"])
    }
  }

  @Test("what the client has seen is not told again, what is newer is, and the end is known")
  func comingBack() async throws {
    try await GatewayHarness.run { gateway in
      gateway.services.story = [[state(2), state(3, .completed)]]
      #expect(events(try await watch(gateway, after: "2")).map(\.id) == ["end"])
      gateway.services.story = [[state(2), state(3, .completed)]]
      #expect(events(try await watch(gateway, after: "1")).map(\.id) == ["2", "end"])
      for nonsense in ["", "x", "-1", "99999999999", "1 2"] {
        gateway.services.story = [[state(2), state(3, .aborted)]]
        #expect(events(try await watch(gateway, after: nonsense)).map(\.id) == ["2", "end"], "\(nonsense)")
      }
      gateway.services.story = [[state(3, .completed)]]
      let known = try await watch(gateway, after: "end")
      #expect(known.status == 204 && known.bytes.isEmpty)
    }
  }

  @Test("a stream that breaks behind the gateway is taken up again, and nothing is told twice")
  func brokenBehind() async throws {
    try await GatewayHarness.run { gateway in
      gateway.services.story = [[state(0), state(1, chunk: 0)], [state(1), state(2, chunk: 1)], [state(3), state(3, .completed)]]
      let told = events(try await watch(gateway))
      #expect(told.map(\.id) == ["0", "1", "2", "3", "end"])
      #expect(gateway.services.watched.count == 3)
    }
  }

  @Test("an upload that is not there, wrong ids, wrong keys, wrong methods")
  func refusals() async throws {
    try await GatewayHarness.run { gateway in
      gateway.services.failure = .problem(.notFound, reason: "NOT_FOUND", message: "There is no such upload.")
      let missing = try await watch(gateway)
      #expect(missing.status == 404 && missing.reason == "NOT_FOUND" && missing.head["content-type"] == "application/problem+json")
      #expect(try await gateway.send(.get, Self.path).status == 401)
      #expect(try await gateway.get("/api/jetty/watch/usr_1/nonsense").field == "fileId")
      #expect(try await gateway.get("/api/jetty/watch/u%20r/" + Self.path.suffix(31)).field == "userId")
      #expect(try await gateway.send(.post, Self.path, [GatewayHarness.authorization], []).head["allow"] == "GET")
      gateway.services.failure = RPCError(.unavailable, "away")
      #expect(try await watch(gateway).status == 503)
      #expect(gateway.watchQuota.clients == 0)
    }
  }

  @Test("beyond the limits of an account and of the process: 429 and 503, with the time to come back")
  func limits() async throws {
    try await GatewayHarness.run { gateway in
      guard let other = AccountID("acc_other"), let account = AccountID("acc_test") else { return }
      var seats = try (0..<2).map { _ in try gateway.watchQuota.enter(account) }
      let full = try await watch(gateway)
      #expect(full.status == 429 && full.reason == "TOO_MANY_WATCHERS" && full.head["retry-after"] == "30", "\(full.json)")
      seats.removeLast()
      seats += try (0..<2).map { _ in try gateway.watchQuota.enter(other) }
      let busy = try await watch(gateway)
      #expect(busy.status == 503 && busy.head["retry-after"] == "10", "\(busy.json)")
      seats = []
      gateway.services.story = [[state(3, .completed)]]
      #expect(try await watch(gateway).status == 200)
      #expect(gateway.watchQuota.clients == 0)
    }
  }

  @Test("who does not read is dropped, and those who do hear everything")
  func slowReader() async throws {
    try await GatewayHarness.run { gateway in
      gateway.services.story = [[state(0), state(3, .completed)]]
      gateway.services.flood = 40_000
      let request = "GET \(Self.path) HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(GatewayHarness.key)\r\n\r\n"
      let descriptor = try Self.silentClient(of: gateway.base, request)
      defer { close(descriptor) }
      while gateway.watchQuota.clients == 0 { try await gateway.loop.sleep(milliseconds: 1) }
      let told = events(try await watch(gateway))
      #expect(told.count > 30_000 && told.last?.id == "end", "\(told.count)")
      #expect(gateway.watchQuota.clients == 0)
      #expect(gateway.metrics.prometheusText().contains("jetty_gateway_watch_dropped_total 1\n"))
    }
  }

  /// Connects, asks, and never reads.
  private static func silentClient(of base: String, _ request: String) throws -> Int32 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var size: Int32 = 4096
    setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = (UInt16(base.split(separator: ":").last ?? "") ?? 0).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let connected = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
    try #require(connected == 0)
    #expect(send(descriptor, request, request.utf8.count, 0) == request.utf8.count)
    return descriptor
  }

  @Test("when the gateway stops, answers end and new ones are refused")
  func draining() async throws {
    try await GatewayHarness.run { gateway in
      gateway.services.story = [[state(1)]]
      gateway.services.staysOpen = true
      let loop = gateway.loop
      let ended = loop.spawn {
        let reply = try? await watch(gateway)
        #expect(reply.map { events($0).map(\.id) } == ["1"])
      }
      while gateway.watchQuota.clients == 0 { try await loop.sleep(milliseconds: 5) }
      try await loop.sleep(milliseconds: 50)
      gateway.gateway.drain()
      await ended.value
      #expect(try await watch(gateway).status == 503)
    }
  }

  @Test("versions are ordered, and the end is the last of them")
  func versions() {
    let order = [0, 1, 10].map { WatchVersion(chunksStored: $0, hasEnded: false) } + [WatchVersion(chunksStored: 0, hasEnded: true)]
    #expect(order == order.sorted())
    #expect(order.map { WatchVersion($0.text) } == order)
    #expect(WatchVersion(chunksStored: 7, hasEnded: true) == WatchVersion(chunksStored: 0, hasEnded: true))
  }
}
