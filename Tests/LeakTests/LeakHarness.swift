import Bytes
import EventLoops
import Glibc
import Postgres
import RPC
import Redis
import Testing
import TestSupport

/// Its bytes are its text.
struct Text: RPCMessage {
  var bytes: [UInt8]

  init() { bytes = [] }
  init(_ text: String) { bytes = Array(text.utf8) }
  init(wire: UnsafeRawBufferPointer) throws(RPCError) { bytes = [UInt8](wire) }
  func encode(into buffer: inout ByteBuffer) throws(RPCError) { buffer.append(contentsOf: bytes) }
}

/// A server whose handlers wait in every way that a handler can, and what is counted of it. Loop thread only.
final class LeakHarness: @unchecked Sendable {
  /// What must be as before when everyone has gone.
  struct Counts: Equatable {
    var connections = 0
    var streams = 0
    var handlers = 0
    var calls = 0
    var timers = 0
    var descriptors = 0

    func isAtMost(_ other: Counts) -> Bool {
      connections <= other.connections && streams <= other.streams && handlers <= other.handlers && calls <= other.calls
        && timers <= other.timers && descriptors <= other.descriptors
    }
  }

  static let nested = MethodDescriptor(service: "leak.Leak", method: "Sleep")
  let loop: EventLoop
  let server: RPCServer
  let port: UInt16
  private let redis: RedisClient
  private let postgres: PostgresPool
  private let onward: RPCChannel
  /// Handlers that began to wait.
  private(set) var waits = 0

  init(_ loop: EventLoop) throws {
    self.loop = loop
    let router = RPCRouter()
    server = RPCServer(loop: loop, router: router)
    port = try server.listen(.loopback(port: 0)).port ?? 0
    redis = RedisClient(loop: loop, configuration: try RedisConfiguration(url: TestRedis.shared.get().url))
    var configuration = try PostgresConfiguration(url: TestPostgres.shared.get().makeDatabase())
    // A connection keeps one timer, for the query that is due first, until that moment: it must come before the counts are compared.
    configuration.queryTimeoutMilliseconds = 3_000
    postgres = PostgresPool(loop: loop, configuration: configuration)
    onward = RPCChannel(target: RPCTarget(.loopback(port: port)), loop: loop)
    register(in: router)
  }

  private func register(in router: RPCRouter) {
    func unary(_ name: String, _ wait: @escaping (EventLoop) async throws -> Void) {
      router.unary(MethodDescriptor(service: "leak.Leak", method: name)) { [unowned self] (request: Text, _) in
        waits += 1
        try await wait(loop)
        return request
      }
    }
    unary("Echo") { _ in }
    unary("Sleep") { try await $0.sleep(milliseconds: 60_000) }
    unary("Redis") { [redis] _ in _ = try await redis.send(["BLPOP", "leak-tests-nothing", 1]) }
    unary("Postgres") { [postgres] _ in _ = try await postgres.query("SELECT pg_sleep(60)") }
    unary("Onward") { [onward] _ in
      let _: Text = try await onward.unary(Self.nested, Text("a"))
    }
    unary("Offload") { loop in _ = try await loop.offload { usleep(50_000) } }
    router.serverStreaming(MethodDescriptor(service: "leak.Leak", method: "Pour", type: .serverStreaming)) {
      [unowned self] (_: Text, writer: RPCWriter<Text>, _) in
      waits += 1
      let piece = Text(String(repeating: "x", count: 32_768))
      while true { try await writer.write(piece) }
    }
    router.clientStreaming(MethodDescriptor(service: "leak.Leak", method: "Take", type: .clientStreaming)) {
      [unowned self] (reader: RPCReader<Text>, _) in
      waits += 1
      var count = 0
      while try await reader.next() != nil { count += 1 }
      return Text("\(count)")
    }
    router.bidirectional(MethodDescriptor(service: "leak.Leak", method: "Chat", type: .bidirectional)) {
      [unowned self] (reader: RPCReader<Text>, writer: RPCWriter<Text>, _) in
      waits += 1
      while let message = try await reader.next() { try await writer.write(message) }
    }
  }

  /// Connections to what handlers use are made once and stay: they are there before anything is counted.
  func warmUp() async throws {
    // The first connection may take longer than one is given, on a machine that is busy with other things.
    try await eventually(on: loop, seconds: 60) { (try? await redis.send(["PING"])) != nil }
    try await eventually(on: loop, seconds: 60) { (try? await postgres.query("SELECT 1")) != nil }
    try await withThrowingTaskGroup(of: Void.self) { group in
      // As many connections as the pool will ever have.
      for _ in 0..<8 { group.addTask(executorPreference: self.loop) { [postgres] in _ = try await postgres.query("SELECT pg_sleep(0.05)") } }
      try await group.waitForAll()
    }
    let _: Text = try await onward.unary(MethodDescriptor(service: "leak.Leak", method: "Echo"), Text("a"))
  }

  /// The counts when nothing has changed for a while: timers of what was done before have gone.
  func settledCounts() async throws -> Counts {
    var (last, since) = (counts, 0)
    while since < 30 {
      try await loop.sleep(milliseconds: 10)
      let now = counts
      since = now == last ? since + 1 : 0
      last = now
    }
    return last
  }

  func close() {
    onward.close()
    redis.close()
    postgres.close()
    server.close()
  }

  var counts: Counts {
    Counts(
      connections: server.openConnections, streams: server.openStreams, handlers: server.runningCalls, calls: server.liveCalls,
      timers: loop.pendingTimers, descriptors: Self.openDescriptors())
  }

  /// Waits until the counts are as they were, or below: a timer of before may have fired.
  func expect(_ before: Counts, after what: String, seconds: Int = 5) async throws {
    var now = counts
    for _ in 0..<(seconds * 100) where !now.isAtMost(before) {
      try await loop.sleep(milliseconds: 10)
      now = counts
    }
    #expect(now.isAtMost(before), "after \(what): \(now), and before it \(before)")
  }

  static func openDescriptors() -> Int {
    guard let directory = opendir("/proc/self/fd") else { return -1 }
    defer { closedir(directory) }
    var count = 0
    while readdir(directory) != nil { count += 1 }
    return count
  }
}
