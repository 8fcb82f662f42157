import Model

/// An hour of the week in UTC: when somebody tends to upload.
public struct HourOfWeek: Sendable, Hashable {
  /// 0 to 23.
  public var hour: Int
  /// 0 is Sunday.
  public var day: Int

  /// Of a moment in Unix milliseconds. 1970 began on a Thursday.
  public init(unixMilliseconds: Int64) {
    let hours = (unixMilliseconds / 3_600_000)
    hour = Int(((hours % 24) + 24) % 24)
    let days = (hours - Int64(hour)) / 24
    day = Int((((days + 4) % 7) + 7) % 7)
  }

  public init(hour: Int, day: Int) {
    self.hour = hour
    self.day = day
  }
}

/// What a user did in one hour of the week, all weeks together.
public struct UploadHabit: Sendable, Hashable {
  public var caller: Caller
  public var when: HourOfWeek
  public var uploads: Int64
  public var averageFileSize: Double
  /// Where the newest of them went.
  public var edges: [EdgeID]

  public init(caller: Caller, when: HourOfWeek, uploads: Int64, averageFileSize: Double, edges: [EdgeID]) {
    self.caller = caller
    self.when = when
    self.uploads = uploads
    self.averageFileSize = averageFileSize
    self.edges = edges
  }

  /// The same with one more upload.
  public mutating func add(fileSize: ByteCount, edges: [EdgeID]) {
    averageFileSize += (Double(fileSize.rawValue) - averageFileSize) / Double(uploads + 1)
    uploads += 1
    self.edges = edges
  }
}

/// Counts sessions in memory until somebody writes them down. Bounded: in a rush some are not counted.
public final class HabitLedger: UploadHabits {
  private struct Key: Hashable {
    let caller: Caller
    let when: HourOfWeek
  }

  private var pending: [Key: UploadHabit] = [:]

  public init() {}

  public func opened(_ session: UploadSession, at now: Int64) {
    let key = Key(caller: session.caller, when: HourOfWeek(unixMilliseconds: now))
    var habit = pending[key] ?? UploadHabit(caller: key.caller, when: key.when, uploads: 0, averageFileSize: 0, edges: [])
    guard habit.uploads > 0 || pending.count < EdgeLimits.pendingPatternsMax else { return }
    habit.add(fileSize: session.plan.fileSize, edges: session.edges)
    pending[key] = habit
  }

  /// What was counted since the last call.
  public func take() -> [UploadHabit] {
    defer { pending = [:] }
    return Array(pending.values)
  }
}
