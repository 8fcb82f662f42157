/// One numbered step of a service's schema: a file such as `0003_add_region.sql`.
public struct Migration: Sendable, Equatable {
  public let version: Int
  public let name: String
  public let sql: String

  /// - Parameters:
  ///   - name: The file's name without `.sql`: digits, `_`, words.
  ///   - sql: Statements separated by semicolons, without BEGIN and COMMIT. Run inside a transaction, with the service's schema first in
  ///     the search path.
  /// - Throws: `PostgresError.migration` where the name has no number.
  public init(name: String, sql: String) throws(PostgresError) {
    guard let version = Int(name.prefix { $0.isASCII && $0.isNumber }), version > 0 else {
      throw .migration("\(name) does not begin with a number")
    }
    self.version = version
    self.name = name
    self.sql = sql
  }

  /// From an embedded resource.
  public init(name: String, utf8 bytes: [UInt8]) throws(PostgresError) {
    guard let sql = String(validating: bytes, as: UTF8.self) else { throw .migration("\(name) is not UTF-8") }
    try self.init(name: name, sql: sql)
  }

  /// What was applied before, as the database remembers it.
  struct Applied: Equatable {
    var version: Int
    var name: String
    var checksum: String
  }

  /// Which of `all` are still to be applied. Throws where the database and the program do not fit together. Pure.
  static func pending(_ all: [(migration: Migration, checksum: String)], applied: [Applied]) throws(PostgresError) -> [(Migration, String)] {
    let sorted = all.sorted { $0.migration.version < $1.migration.version }
    for (index, entry) in sorted.enumerated() where index > 0 && sorted[index - 1].migration.version == entry.migration.version {
      throw .migration("\(sorted[index - 1].migration.name) and \(entry.migration.name) have the same number")
    }
    for past in applied {
      guard let mine = sorted.first(where: { $0.migration.version == past.version }) else {
        throw .migration("the database has \(past.name), which this program does not know: it is older than the database")
      }
      guard mine.checksum == past.checksum else {
        throw .migration("\(past.name) was edited after it had been applied; put the change into a new migration")
      }
    }
    let last = applied.map(\.version).max() ?? 0
    let rest = sorted.filter { entry in !applied.contains { $0.version == entry.migration.version } }
    if let late = rest.first(where: { $0.migration.version < last }) {
      throw .migration("\(late.migration.name) has a lower number than one already applied; give it the next number")
    }
    return rest.map { ($0.migration, $0.checksum) }
  }
}
