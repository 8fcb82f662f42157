import EventLoops
import Logging
import Model
import Redis

/// Round-trip estimates in Redis: one hash per user, one field per edge, `milliseconds:unixMilliseconds`. Lost with Redis, and no harm done.
struct RedisRoundTripSamples: RoundTripSamples {
  let redis: RedisClient
  let loop: EventLoop
  let logger: Logger

  /// Selection waits no longer than this; it answers without samples then.
  static let readTimeoutMilliseconds: UInt64 = 50

  func samples(of caller: Caller) async -> [EdgeID: RoundTripEstimate] {
    let (redis, key) = (redis, Self.key(caller))
    do {
      let fields = try await loop.withTimeout(milliseconds: Self.readTimeoutMilliseconds) { try await redis.hgetall(key) }
      return Self.estimates(in: fields)
    } catch {
      logger.debug("no round-trip samples", metadata: ["error": "\(error)"])
      return [:]
    }
  }

  /// Two writers at once may lose one sample of the two, which an average can bear.
  func record(_ measured: [(edge: EdgeID, milliseconds: Double)], of caller: Caller, now: Int64) async throws {
    let key = Self.key(caller)
    var estimates = Self.estimates(in: try await redis.hgetall(key))
    var changed: Set<EdgeID> = []
    for (edge, milliseconds) in measured {
      estimates[edge] =
        estimates[edge]?.adding(milliseconds: milliseconds, at: now) ?? RoundTripEstimate(milliseconds: milliseconds, updatedAt: now)
      changed.insert(edge)
    }
    let stale = estimates.filter { !$0.value.isFresh(at: now) }.keys
    var commands: [[RedisArgument]] = []
    let fields = changed.flatMap { edge -> [RedisArgument] in
      guard let estimate = estimates[edge] else { return [] }
      return [.string(edge.text), .string("\(estimate.milliseconds):\(estimate.updatedAt)")]
    }
    if !fields.isEmpty { commands.append(["HSET", .string(key)] + fields) }
    if !stale.isEmpty { commands.append(["HDEL", .string(key)] + stale.map { .string($0.text) }) }
    commands.append(["PEXPIRE", .string(key), .int(EdgeLimits.sampleSecondsMax * 1_000)])
    for reply in try await redis.pipeline(commands) { _ = try reply.throwingErrors() }
  }

  private static func key(_ caller: Caller) -> String { "rtt:{\(caller.account)/\(caller.user)}" }

  private static func estimates(in fields: [String: [UInt8]]) -> [EdgeID: RoundTripEstimate] {
    var estimates: [EdgeID: RoundTripEstimate] = [:]
    for (name, value) in fields {
      let parts = String(decoding: value, as: UTF8.self).split(separator: ":")
      guard let edge = EdgeID(name), parts.count == 2, let milliseconds = Double(parts[0]), milliseconds.isFinite, milliseconds >= 0,
        let updatedAt = Int64(parts[1])
      else { continue }
      estimates[edge] = RoundTripEstimate(milliseconds: milliseconds, updatedAt: updatedAt)
    }
    return estimates
  }
}
