import BenchContracts
import EventLoops
import Postgres
import RPC
import RPCServices
import Redis
import TLS

/// All that one loop serves, as a service of the platform has it: health and reflection beside its own methods, all limits as they come.
/// Loop thread only.
final class LoopServer: @unchecked Sendable {
  /// Longer than the platform's: under callgrind everything takes fifty times as long.
  private static let storeTimeoutMilliseconds: UInt64 = 30_000

  private let server: RPCServer
  private let redis: RedisClient?
  private let postgres: PostgresPool?

  init(_ options: ServerOptions, loop: EventLoop, tls: TLSContext?, isFirst: Bool) throws {
    redis = try options.redis.map {
      var configuration = try RedisConfiguration(url: $0)
      configuration.commandTimeoutMilliseconds = Self.storeTimeoutMilliseconds
      return RedisClient(loop: loop, configuration: configuration)
    }
    postgres = try options.postgres.map {
      var configuration = try PostgresConfiguration(url: $0)
      configuration.acquireTimeoutMilliseconds = Self.storeTimeoutMilliseconds
      return PostgresPool(loop: loop, configuration: configuration)
    }
    let router = RPCRouter()
    router.add(ChunkMetadata())
    router.add(StoredChunks(redis: redis, postgres: postgres))
    let health = router.addOperations(loop: loop)
    health.setStatus(.serving, for: "")
    for service in router.services { health.setStatus(.serving, for: service.name) }
    var configuration = RPCServerConfiguration()
    configuration.tls = tls
    server = RPCServer(loop: loop, router: router, configuration: configuration)
    try server.listen(.loopback(port: options.port), reusePort: options.loops > 1, probe: isFirst)
  }

  var acceptedConnections: UInt64 { server.acceptedConnections }

  func close() {
    server.close()
    redis?.close()
    postgres?.close()
  }
}
