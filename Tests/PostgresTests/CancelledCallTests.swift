import Bytes
import EventLoops
import Postgres
import RPC
import Redis
import TestSupport
import Testing

/// A client that gives a call up frees what its handler waits for: a statement, a Redis command, a call to the next server.
@Suite("Calls that are given up", .timeLimit(.minutes(3)))
struct CancelledCallTests {
  enum GivenUp: Sendable, CaseIterable { case cancelled, deadline, connectionLost }

  private static let statement = MethodDescriptor(service: "test.Slow", method: "Statement")
  private static let command = MethodDescriptor(service: "test.Slow", method: "Command")
  /// Calls `statement` or `command` at the same server, whichever the request names.
  private static let relay = MethodDescriptor(service: "test.Slow", method: "Relay")

  @Test(arguments: GivenUp.allCases, ["Statement", "Command"])
  func whatTheHandlerWaitsForEndsToo(how: GivenUp, what: String) async throws {
    let databaseURL = try TestPostgres.shared.get().makeDatabase()
    let redisURL = try TestRedis.shared.get().url
    try await withEventLoop { loop in
      let pool = PostgresPool(loop: loop, configuration: try PostgresConfiguration(url: databaseURL))
      let redis = RedisClient(loop: loop, configuration: try RedisConfiguration(url: redisURL))
      let (server, channel) = try Self.serve(pool, redis, loop)
      defer {
        channel.close()
        server.close()
        redis.close()
        pool.close()
      }
      try await pool.query("SELECT 1")
      try await redis.ping()
      // With a connection there is no waiting before the deadline begins to count.
      let options = CallOptions(timeoutMilliseconds: how == .deadline ? 500 : 30_000)
      let call = Task(executorPreference: loop) { () -> Text in try await channel.unary(Self.relay, Text(what), options: options) }
      try await eventually(on: loop) { server.runningCalls == 2 }
      let started = loop.nowNanoseconds
      switch how {
      case .cancelled: call.cancel()
      case .deadline: break
      case .connectionLost: channel.close()
      }
      let result = await call.result
      #expect(throws: RPCError.self) { try result.get() }
      try await eventually(on: loop) { server.runningCalls == 0 }
      #expect(loop.nowNanoseconds - started < 8_000_000_000, "both would have taken 20 s")
      let seven = try await pool.query("SELECT 7")[0][0].int64
      #expect(seven == 7)
    }
  }

  private static func serve(_ pool: PostgresPool, _ redis: RedisClient, _ loop: EventLoop) throws -> (RPCServer, RPCChannel) {
    let onward = Onward()
    let router = RPCRouter()
    router.unary(statement) { (request: Text, _) -> Text in
      try await pool.query("SELECT pg_sleep(20)")
      return request
    }
    router.unary(command) { (request: Text, _) -> Text in
      _ = try await redis.send(["BLPOP", "nobody-pushes:\(UInt64.random(in: 0 ... .max))", "20"])
      return request
    }
    router.unary(relay) { (request: Text, _) -> Text in
      guard let channel = onward.channel else { throw RPCError(.internalError, "no channel") }
      return try await channel.unary(request.value == "Statement" ? statement : command, request)
    }
    let server = RPCServer(loop: loop, router: router)
    let channel = RPCChannel(target: RPCTarget(try server.listen(.loopback(port: 0))), loop: loop)
    onward.channel = channel
    return (server, channel)
  }

  /// Touched on the loop only.
  private final class Onward: @unchecked Sendable {
    weak var channel: RPCChannel?
  }

  private struct Text: RPCMessage {
    var value = ""
    init() {}
    init(_ value: String) { self.value = value }
    init(wire: UnsafeRawBufferPointer) throws(RPCError) { value = String(decoding: wire, as: UTF8.self) }
    func encode(into buffer: inout ByteBuffer) throws(RPCError) { buffer.append(utf8: value) }
  }
}
