/// Which statements one connection has prepared. Pure.
///
/// The first use of a text prepares it in the same round trip; later uses name it. When the cache is full, new texts are sent
/// unprepared: statements made by the program are few, and one that is made anew for each call must not push them out.
struct StatementCache {
  enum Use: Equatable {
    case prepare(StatementName)
    case prepared(StatementName)
    case unprepared

    var prepares: Bool {
      if case .prepare = self { true } else { false }
    }
  }

  private let capacity: Int
  private var names: [String: StatementName] = [:]
  private var made = 0
  /// The same statement again is the rule under load, and two strings with the same storage are compared in no time.
  private var newest: (sql: String, name: StatementName)?

  init(capacity: Int) { self.capacity = capacity }

  mutating func use(_ sql: String) -> Use {
    if let newest, newest.sql == sql { return .prepared(newest.name) }
    if let name = names[sql] {
      newest = (sql, name)
      return .prepared(name)
    }
    guard names.count < capacity else { return .unprepared }
    made += 1
    let name = StatementName(number: made)
    names[sql] = name
    return .prepare(name)
  }

  /// The statement could not be prepared or is out of date: the next use prepares it under a new name.
  mutating func forget(_ sql: String) {
    names[sql] = nil
    newest = nil
  }
}
