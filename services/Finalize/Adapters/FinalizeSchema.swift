import Postgres

/// The schema `finalize` of this service.
public enum FinalizeSchema {
  public static let name = "finalize"

  /// Every migration, by number.
  public static func migrations() throws(PostgresError) -> [Migration] {
    [try Migration(name: "0001_tables", utf8: PackageResources._001_tables_sql)]
  }
}
