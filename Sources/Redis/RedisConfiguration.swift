import Bytes

/// Where the server is and how long and how much to wait for it.
public struct RedisConfiguration: Sendable {
  public enum Endpoint: Sendable, Hashable {
    case tcp(host: String, port: UInt16)
    case unix(path: String)
  }

  public var endpoint: Endpoint
  public var user: String?
  public var password: String?
  /// The numbered database to select.
  public var database: UInt32 = 0
  /// From the start of an attempt until the server has answered PING.
  public var connectTimeoutMilliseconds: UInt64 = 2_000
  /// From the call until the reply, the wait for a first connection included.
  public var commandTimeoutMilliseconds: UInt64 = 2_000
  /// Commands sent and not yet answered, plus those that wait for the first connection.
  public var commandsMax = 16_384
  /// Bytes of one reply.
  public var replyBytesMax = 64 << 20
  /// Elements of one array in a reply.
  public var replyElementsMax = 1 << 20
  public var backoffInitialMilliseconds: UInt64 = 20
  public var backoffMaximumMilliseconds: UInt64 = 2_000

  public init(endpoint: Endpoint) { self.endpoint = endpoint }

  /// Reads `redis://[[user]:password@]host[:port][/database]` or `unix:///path[?db=n]` (with `user:password@` before the path if need be).
  ///
  /// User and password are percent-encoded. Throws `RedisError.invalidConfiguration`, which never repeats the URL: it may hold a password.
  public init(url: String) throws(RedisError) {
    guard let schemeEnd = url.firstIndex(of: ":"), url[schemeEnd...].hasPrefix("://") else {
      throw .invalidConfiguration("the Redis URL has no scheme; it must be redis://host:port or unix:///path")
    }
    let scheme = url[..<schemeEnd]
    var rest = url[url.index(schemeEnd, offsetBy: 3)...]
    var credentials: Substring?
    if let at = rest.lastIndex(of: "@") {
      credentials = rest[..<at]
      rest = rest[rest.index(after: at)...]
    }
    switch scheme {
    case "redis": try self.init(network: rest)
    case "unix", "redis+unix": try self.init(socket: rest)
    case "rediss": throw .invalidConfiguration("rediss:// (TLS) is not supported by the Redis library in use; put a TLS tunnel before the server")
    default: throw .invalidConfiguration("the Redis URL must start with redis:// or unix://")
    }
    if let credentials {
      let parts = credentials.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, let name = PercentEncoding.decode(parts[0]), let secret = PercentEncoding.decode(parts[1]) else {
        throw .invalidConfiguration("the part before @ of the Redis URL must be [user]:password, percent-encoded")
      }
      user = name.isEmpty ? nil : name
      password = secret
    }
  }

  private init(network text: Substring) throws(RedisError) {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    var authority = parts.first ?? ""
    var port: UInt16 = 6379
    let afterHost = authority.lastIndex(of: "]") ?? authority.startIndex
    if let colon = authority[afterHost...].lastIndex(of: ":") {
      guard let number = UInt16(authority[authority.index(after: colon)...]), number > 0 else {
        throw .invalidConfiguration("the port of the Redis URL must be a number from 1 to 65535")
      }
      port = number
      authority = authority[..<colon]
    }
    if authority.hasPrefix("["), authority.hasSuffix("]") { authority = authority.dropFirst().dropLast() }
    guard !authority.isEmpty else { throw .invalidConfiguration("the Redis URL has no host") }
    self.init(endpoint: .tcp(host: String(authority), port: port))
    if parts.count == 2, !parts[1].isEmpty { database = try Self.databaseNumber(parts[1]) }
  }

  private init(socket text: Substring) throws(RedisError) {
    let parts = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    guard let path = PercentEncoding.decode(parts[0]), path.hasPrefix("/") else {
      throw .invalidConfiguration("the path of the Redis URL must be absolute: unix:///path")
    }
    guard path.utf8.count <= 107 else { throw .invalidConfiguration("the path of a Unix socket may have 107 bytes at most") }
    self.init(endpoint: .unix(path: path))
    if parts.count == 2 {
      guard parts[1].hasPrefix("db=") else { throw .invalidConfiguration("the only option of a unix:// Redis URL is db") }
      database = try Self.databaseNumber(parts[1].dropFirst(3))
    }
  }

  private static func databaseNumber(_ text: Substring) throws(RedisError) -> UInt32 {
    guard let number = UInt32(text) else { throw .invalidConfiguration("the database of the Redis URL must be a number") }
    return number
  }
}
