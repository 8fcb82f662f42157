import Contracts
import Logging
import Model
import RPC
import Redis

/// Writes down who uploads when, and wakes the edges of users who are about to upload. Loop thread only.
final class EdgeWarmer: @unchecked Sendable {
  private let habits: PostgresHabits
  private let warmth: RedisWarmth
  private let directory: EdgeDirectory
  private let channels: EdgeChannels
  private let metrics: WarmthMetrics
  private let logger: Logger
  private let now: () -> Int64
  private let limits: EdgeLimits

  init(
    habits: PostgresHabits, warmth: RedisWarmth, directory: EdgeDirectory, channels: EdgeChannels, metrics: WarmthMetrics, logger: Logger,
    now: @escaping () -> Int64, limits: EdgeLimits = EdgeLimits()
  ) {
    self.habits = habits
    self.warmth = warmth
    self.directory = directory
    self.channels = channels
    self.metrics = metrics
    self.logger = logger
    self.now = now
    self.limits = limits
  }

  // MARK: Learning

  /// Writes down what was counted, and judges by it whether warming paid.
  func record(_ counted: [UploadHabit]) async throws {
    guard !counted.isEmpty else { return }
    await judge(counted)
    let current = try await habits.add(counted)
    await withoutRedis { try await self.warmth.copy(current) }
  }

  private func judge(_ counted: [UploadHabit]) async {
    await withoutRedis {
      let marks = try await self.warmth.marks(of: counted.map(\.caller))
      for (habit, warm) in zip(counted, marks) {
        let uploads = UInt64(clamping: habit.uploads)
        if habit.edges.contains(where: warm.contains) { self.metrics.hits.increment(by: uploads) } else { self.metrics.misses.increment(by: uploads) }
      }
    }
  }

  // MARK: The hourly job

  /// Copies every habit to Redis, which may have lost them, and warms the edges of those who tend to upload in the hour of `moment`
  /// (Unix milliseconds).
  func runHourly(for moment: Int64) async throws {
    var copied = 0
    var last: UploadHabit?
    repeat {
      let page = try await habits.page(after: last)
      last = page.last
      copied += page.count
      await withoutRedis { try await self.warmth.copy(page) }
    } while last != nil
    let done = try await warm(account: nil, user: nil, at: moment)
    logger.info("upload patterns", metadata: ["habits": "\(copied)", "users": "\(done.users)", "edges": "\(done.edges)"])
  }

  /// Warms the edges of everybody (or of one account, or one user) who tends to upload in the hour of `moment` (Unix milliseconds).
  func warm(account: AccountID?, user: UserID?, at moment: Int64) async throws -> (users: Int, edges: Int) {
    let expected = try await habits.habits(at: HourOfWeek(unixMilliseconds: moment), account: account, user: user)
    let awake = await wake(expected)
    var marks: [Caller: Set<EdgeID>] = [:]
    for habit in expected {
      let warm = awake.intersection(habit.edges)
      if !warm.isEmpty { marks[habit.caller, default: []].formUnion(warm) }
    }
    let noted = marks
    await withoutRedis { try await self.warmth.mark(noted) }
    let users = Set(expected.map(\.caller)).count
    metrics.users.increment(by: UInt64(users))
    metrics.edges.increment(by: UInt64(awake.count))
    return (users, awake.count)
  }

  /// Each edge once, for the first user it is needed by: a connection that is open is open for all. Returns those that are warm now.
  private func wake(_ expected: [UploadHabit]) async -> Set<EdgeID> {
    let now = now()
    var calls: [(edge: EdgeID, address: String, user: UserID)] = []
    var seen: Set<EdgeID> = []
    for habit in expected {
      for edge in habit.edges where seen.insert(edge).inserted {
        guard let record = directory[edge], record.isLive(at: now), let status = record.status, !status.isDraining else { continue }
        calls.append((edge, status.rpcAddress, habit.caller.user))
      }
    }
    return await withTaskGroup(of: EdgeID?.self) { group in
      var waiting = calls[...]
      for call in waiting.prefix(limits.probesAtOnceMax) {
        group.addTask { await self.wake(call.address, for: call.user) ? call.edge : nil }
      }
      waiting = waiting.dropFirst(limits.probesAtOnceMax)
      var awake: Set<EdgeID> = []
      for await edge in group {
        if let edge { awake.insert(edge) } else { metrics.failures.increment() }
        if let call = waiting.popFirst() { group.addTask { await self.wake(call.address, for: call.user) ? call.edge : nil } }
      }
      return awake
    }
  }

  private func wake(_ address: String, for user: UserID) async -> Bool {
    do {
      let edge = EdgeWorkerClient(try channels.channel(to: address))
      return try await edge.warmUp(WarmUpRequest(userId: user.text), options: CallOptions(timeoutMilliseconds: limits.warmUpMilliseconds)).ok
    } catch {
      logger.info("an edge did not warm up", metadata: ["address": "\(address)", "error": "\(error)"])
      return false
    }
  }

  /// What is in Redis is a copy or a statistic: without it everything goes on.
  private func withoutRedis(_ body: () async throws -> Void) async {
    do {
      try await body()
    } catch {
      logger.debug("Redis did without upload patterns", metadata: ["error": "\(error)"])
    }
  }
}
