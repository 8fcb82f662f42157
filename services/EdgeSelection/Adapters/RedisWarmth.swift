import Model
import Redis

/// `pattern:{account/user}:hour` and `warm:{account/user}` in Redis: copies of habits for whoever wants to look, and for whom
/// edges are warm. Both may be lost at any time.
struct RedisWarmth {
  let redis: RedisClient

  /// How long a habit that is not renewed is kept.
  static let habitMilliseconds: Int64 = 30 * 86_400 * 1_000

  /// Copies those that are often enough to count.
  func copy(_ habits: [UploadHabit]) async throws {
    let commands = habits.filter { $0.uploads >= EdgeLimits.habitUploadsMin }.map { habit -> [RedisArgument] in
      let value = #"{"avgSize":\#(Int64(habit.averageFileSize)),"frequency":\#(habit.uploads)}"#
      return ["SET", .string("pattern:{\(Self.name(habit.caller))}:\(habit.when.hour)"), .string(value), "PX", .int(Self.habitMilliseconds)]
    }
    if !commands.isEmpty { _ = try await redis.pipeline(commands) }
  }

  /// Notes which edges are warm for whom, for as long as they keep warm.
  func mark(_ warm: [Caller: Set<EdgeID>]) async throws {
    let commands = warm.map { caller, edges -> [RedisArgument] in
      let text = edges.map(\.text).sorted().joined(separator: ",")
      return ["SET", .string("warm:{\(Self.name(caller))}"), .string(text), "PX", .int(EdgeLimits.warmthMilliseconds)]
    }
    if !commands.isEmpty { _ = try await redis.pipeline(commands) }
  }

  /// The edges that are warm for each of these, in their order.
  func marks(of callers: [Caller]) async throws -> [Set<EdgeID>] {
    guard !callers.isEmpty else { return [] }
    let answers = try await redis.pipeline(callers.map { ["GET", .string("warm:{\(Self.name($0))}")] })
    return try answers.map { Set((try $0.optionalString ?? "").split(separator: ",").compactMap { EdgeID(String($0)) }) }
  }

  private static func name(_ caller: Caller) -> String { "\(caller.account)/\(caller.user)" }
}
