import CLibpq

/// Where the database is, and how much and how long to wait for it.
public struct PostgresConfiguration: Sendable {
  /// libpq's own keywords (PostgreSQL manual, "Parameter Key Words"), without host, hostaddr and port.
  var options: [String: String]
  var endpoints: [Endpoint]

  /// The schema whose tables statements find by bare name; `public` is searched after it. Nil: the server's default.
  public var schema: String?
  /// What `pg_stat_activity` shows; the URL's, where it names one, wins.
  public var applicationName = "jetty"
  /// A statement that takes longer is logged as a warning; 0 for none.
  public var slowStatementMilliseconds: UInt64 = 0
  /// Connections of this pool, that is, of one loop.
  public var connectionsMax = 4
  /// Statements in flight on one connection when all are busy.
  public var pipelineDepthMax = 16
  /// Callers that wait for a connection.
  public var waitersMax = 1_024
  public var statementsMax = 256
  /// From the start of an attempt to the end of the handshake, for each address of the server.
  public var connectTimeoutMilliseconds: UInt64 = 3_000
  /// How long a caller waits for a connection.
  public var acquireTimeoutMilliseconds: UInt64 = 3_000
  /// From sending a statement to its answer. The server gives up at the same time.
  public var queryTimeoutMilliseconds: UInt64 = 10_000
  public var backoffInitialMilliseconds: UInt64 = 50
  public var backoffMaximumMilliseconds: UInt64 = 2_000

  struct Endpoint: Sendable, Hashable {
    /// A name, an address, or the absolute path of the directory of a Unix socket.
    var host: String
    var port: String

    var isUnixSocket: Bool { host.hasPrefix("/") || host.hasPrefix("@") }
  }

  /// Reads a URI as libpq does: `postgresql://user:password@host:port/database?sslmode=…`, several hosts by commas,
  /// a Unix socket by `postgresql:///database?host=/directory`.
  ///
  /// Throws `PostgresError.invalidConfiguration`, which never repeats the URL: it may hold a password.
  public init(url: String, schema: String? = nil, connectionsMax: Int = 4) throws(PostgresError) {
    guard url.hasPrefix("postgresql://") || url.hasPrefix("postgres://") else {
      throw .invalidConfiguration("the URL must start with postgresql://")
    }
    var parsed = try Self.parse(url)
    let hosts = Self.list(parsed.removeValue(forKey: "hostaddr") ?? parsed["host"] ?? "/var/run/postgresql")
    let ports = Self.list(parsed.removeValue(forKey: "port") ?? "").map { $0.isEmpty ? "5432" : $0 }
    guard hosts.allSatisfy({ !$0.isEmpty }), ports.count == 1 || ports.count == hosts.count, ports.allSatisfy({ (UInt16($0) ?? 0) > 0 }) else {
      throw .invalidConfiguration("each host of the URL needs one port from 1 to 65535, or all the same")
    }
    parsed["host"] = nil
    options = parsed
    endpoints = hosts.enumerated().map { Endpoint(host: $1, port: ports.count == 1 ? ports[0] : ports[$0]) }
    self.schema = schema
    self.connectionsMax = max(1, connectionsMax)
    if let schema, !Self.isIdentifier(schema) {
      throw .invalidConfiguration("the schema must be lower-case letters, digits and _, and begin with a letter")
    }
  }

  /// What libpq shall connect one attempt with. `address` is the host's, already resolved; nil for a Unix socket.
  func parameters(for endpoint: Endpoint, address: String?) -> [(String, String)] {
    var all = options
    all["host"] = endpoint.host
    all["port"] = endpoint.port
    all["hostaddr"] = address
    all["client_encoding"] = "UTF8"
    all["application_name"] = options["application_name"] ?? applicationName
    // Saves a round trip, and libpq would ask the host's Kerberos set-up for credentials.
    all["gssencmode"] = options["gssencmode"] ?? "disable"
    var settings = ["-c", "timezone=UTC", "-c", "datestyle=ISO", "-c", "bytea_output=hex", "-c", "statement_timeout=\(queryTimeoutMilliseconds)"]
    if let schema { settings += ["-c", "search_path=\(schema),public"] }
    all["options"] = ([options["options"]].compactMap { $0 } + settings).joined(separator: " ")
    return all.sorted { $0.key < $1.key }
  }

  private static func parse(_ url: String) throws(PostgresError) -> [String: String] {
    var message: UnsafeMutablePointer<CChar>?
    guard let found = PQconninfoParse(url, &message) else {
      // libpq's message may quote parts of the URL.
      if let message { PQfreemem(message) }
      throw .invalidConfiguration("the URL is not a PostgreSQL connection URI")
    }
    defer { PQconninfoFree(found) }
    var options: [String: String] = [:]
    var next = found
    while let keyword = next.pointee.keyword {
      if let value = next.pointee.val { options[String(cString: keyword)] = String(cString: value) }
      next += 1
    }
    return options
  }

  private static func list(_ text: String) -> [String] {
    text.split(separator: ",", omittingEmptySubsequences: false).map { String($0) }
  }

  static func isIdentifier(_ text: String) -> Bool {
    guard let first = text.utf8.first, (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first), text.utf8.count <= 63 else { return false }
    return text.utf8.allSatisfy { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "_") }
  }
}
