import HTTPClient
import Postgres
import Redis

/// How much and how long the clients of PostgreSQL, Redis and the object store may wait, as settings.
enum StoreSettings {
  /// The limits of a pool, apart from where its server is.
  struct PoolLimits: Sendable {
    var connectionsMax = 4
    var pipelineDepthMax = 16
    var waitersMax = 1_024
    var statementsMax = 256
    var connectTimeoutMilliseconds: UInt64 = 3_000
    var acquireTimeoutMilliseconds: UInt64 = 3_000
    var queryTimeoutMilliseconds: UInt64 = 10_000
    var backoffInitialMilliseconds: UInt64 = 50
    var backoffMaximumMilliseconds: UInt64 = 2_000
  }

  static let postgres: LimitSettings<PoolLimits> = {
    var table = LimitSettings(PoolLimits())
    table.add("postgres.connections", \.connectionsMax, 1...100, "most connections per loop")
    table.add("postgres.pipeline.max", \.pipelineDepthMax, 1...1_000, "statements in flight on one connection when all are busy")
    table.add("postgres.waiters.max", \.waitersMax, 1...1_000_000, "callers that may wait for a connection, per loop")
    table.add("postgres.statements.max", \.statementsMax, 1...100_000, "prepared statements kept per connection")
    table.add("postgres.connect.timeout.ms", \.connectTimeoutMilliseconds, 10...600_000, "time to connect, for each address of the server")
    table.add("postgres.acquire.timeout.ms", \.acquireTimeoutMilliseconds, 10...600_000, "longest wait for a connection")
    table.add("postgres.query.timeout.ms", \.queryTimeoutMilliseconds, 10...3_600_000,
      "longest that a statement may take; the server gives up then too")
    table.add("postgres.backoff.min.ms", \.backoffInitialMilliseconds, 1...600_000, "first pause after a failed attempt to connect")
    table.add("postgres.backoff.max.ms", \.backoffMaximumMilliseconds, 1...600_000, "longest pause between attempts to connect")
    return table
  }()

  struct RedisLimits: Sendable {
    var connectTimeoutMilliseconds: UInt64 = 2_000
    var commandTimeoutMilliseconds: UInt64 = 2_000
    var commandsMax = 16_384
    var replyBytesMax = 64 << 20
    var replyElementsMax = 1 << 20
    var backoffInitialMilliseconds: UInt64 = 20
    var backoffMaximumMilliseconds: UInt64 = 2_000
  }

  static let redis: LimitSettings<RedisLimits> = {
    var table = LimitSettings(RedisLimits())
    table.add("redis.connect.timeout.ms", \.connectTimeoutMilliseconds, 10...600_000, "time to connect, until the first PING is answered")
    table.add("redis.command.timeout.ms", \.commandTimeoutMilliseconds, 10...600_000, "longest wait for an answer where no shorter one is set")
    table.add("redis.commands.max", \.commandsMax, 1...10_000_000, "commands without an answer, per connection")
    table.add("redis.reply.bytes", \.replyBytesMax, 1024...(1 << 30), "largest reply")
    table.add("redis.reply.elements.max", \.replyElementsMax, 16...(1 << 30), "elements of one array in a reply")
    table.add("redis.backoff.min.ms", \.backoffInitialMilliseconds, 1...600_000, "first pause after a failed attempt to connect")
    table.add("redis.backoff.max.ms", \.backoffMaximumMilliseconds, 1...600_000, "longest pause between attempts to connect")
    return table
  }()

  static let objects: LimitSettings<HTTPClientConfiguration> = {
    var table = LimitSettings(HTTPClientConfiguration())
    table.add("store.connections.max", \.connectionsMax, 1...100_000, "connections to an S3 store at once, per loop")
    table.add("store.requests.max", \.requestsMax, 1...1_000_000, "requests to an S3 store at once, waiting ones included, per loop")
    table.add("store.idle.connections.max", \.idleConnectionsMax, 0...100_000, "idle connections kept for reuse")
    table.add("store.idle.seconds", \.idleConnectionSecondsMax, 0...86_400, "for how long they are kept")
    table.add("store.connect.timeout.ms", \.connectTimeoutMilliseconds, 10...600_000, "time to connect to an S3 store, TLS included")
    table.add("store.stall.timeout.ms", \.stallTimeoutMilliseconds, 10...3_600_000, "how long an S3 store may neither take nor give a byte")
    return table
  }()

  static func apply(_ settings: Settings, to configuration: inout PostgresConfiguration) {
    let limits = postgres.read(settings)
    configuration.connectionsMax = limits.connectionsMax
    configuration.pipelineDepthMax = limits.pipelineDepthMax
    configuration.waitersMax = limits.waitersMax
    configuration.statementsMax = limits.statementsMax
    configuration.connectTimeoutMilliseconds = limits.connectTimeoutMilliseconds
    configuration.acquireTimeoutMilliseconds = limits.acquireTimeoutMilliseconds
    configuration.queryTimeoutMilliseconds = limits.queryTimeoutMilliseconds
    configuration.backoffInitialMilliseconds = limits.backoffInitialMilliseconds
    configuration.backoffMaximumMilliseconds = limits.backoffMaximumMilliseconds
  }

  static func apply(_ settings: Settings, to configuration: inout RedisConfiguration) {
    let limits = redis.read(settings)
    configuration.connectTimeoutMilliseconds = limits.connectTimeoutMilliseconds
    configuration.commandTimeoutMilliseconds = limits.commandTimeoutMilliseconds
    configuration.commandsMax = limits.commandsMax
    configuration.replyBytesMax = limits.replyBytesMax
    configuration.replyElementsMax = limits.replyElementsMax
    configuration.backoffInitialMilliseconds = limits.backoffInitialMilliseconds
    configuration.backoffMaximumMilliseconds = limits.backoffMaximumMilliseconds
  }
}
