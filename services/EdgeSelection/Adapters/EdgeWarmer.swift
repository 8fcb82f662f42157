import Contracts
import EventLoops
import Logging
import Model
import RPC
import Redis

/// Keeps habits where they are quick to find, and wakes the edges of users who are about to upload. Loop thread only.
final class EdgeWarmer: @unchecked Sendable {
  private let habits: PostgresHabits
  private let redis: RedisClient
  private let directory: EdgeDirectory
  private let channels: EdgeChannels
  private let logger: Logger
  private let now: () -> Int64

  /// How long Redis keeps a habit that is not renewed.
  static let habitMilliseconds: Int64 = 30 * 86_400 * 1_000

  init(
    habits: PostgresHabits, redis: RedisClient, directory: EdgeDirectory, channels: EdgeChannels, logger: Logger, now: @escaping () -> Int64
  ) {
    self.habits = habits
    self.redis = redis
    self.directory = directory
    self.channels = channels
    self.logger = logger
    self.now = now
  }

  /// Writes down what was counted: PostgreSQL is the truth, `pattern:{account/user}:hour` in Redis a copy for whoever wants to look.
  func record(_ counted: [UploadHabit]) async throws {
    let current = try await habits.add(counted)
    let commands = current.filter { $0.uploads >= EdgeLimits.habitUploadsMin }.map { habit -> [RedisArgument] in
      let value = #"{"avgSize":\#(Int64(habit.averageFileSize)),"frequency":\#(habit.uploads)}"#
      return [
        "SET", .string("pattern:{\(habit.caller.account)/\(habit.caller.user)}:\(habit.when.hour)"), .string(value), "PX",
        .int(Self.habitMilliseconds),
      ]
    }
    do {
      if !commands.isEmpty { _ = try await redis.pipeline(commands) }
    } catch {
      logger.debug("habits were not copied to Redis", metadata: ["error": "\(error)"])
    }
  }

  /// Warms the edges of everybody (or of one account, or one user) who tends to upload in the hour of `at` (Unix milliseconds).
  func warm(account: AccountID?, user: UserID?, at moment: Int64) async throws -> (users: Int, edges: Int) {
    let expected = try await habits.habits(at: HourOfWeek(unixMilliseconds: moment), account: account, user: user)
    let now = now()
    // Each edge once, for the first user it is needed by: a connection that is open is open for all.
    var calls: [(address: String, user: UserID)] = []
    var seen: Set<EdgeID> = []
    for habit in expected {
      for edge in habit.edges where !seen.contains(edge) {
        guard let record = directory[edge], record.isLive(at: now), let status = record.status, !status.isDraining else { continue }
        seen.insert(edge)
        calls.append((status.rpcAddress, habit.caller.user))
      }
    }
    var warmed = 0
    await withTaskGroup(of: Bool.self) { group in
      var waiting = calls[...]
      for call in waiting.prefix(EdgeLimits.probesAtOnceMax) { group.addTask { await self.warm(call.address, for: call.user) } }
      waiting = waiting.dropFirst(EdgeLimits.probesAtOnceMax)
      for await isWarm in group {
        if isWarm { warmed += 1 }
        if let call = waiting.popFirst() { group.addTask { await self.warm(call.address, for: call.user) } }
      }
    }
    return (Set(expected.map(\.caller)).count, warmed)
  }

  private func warm(_ address: String, for user: UserID) async -> Bool {
    do {
      let edge = EdgeWorkerClient(try channels.channel(to: address))
      return try await edge.warmUp(WarmUpRequest(userId: user.text), options: CallOptions(timeoutMilliseconds: EdgeLimits.warmUpMilliseconds)).ok
    } catch {
      logger.info("an edge did not warm up", metadata: ["address": "\(address)", "error": "\(error)"])
      return false
    }
  }
}
