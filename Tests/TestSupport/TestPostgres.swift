import Foundation

/// A private PostgreSQL with pgvector on a Unix socket. Nothing it holds is meant to survive, so it never waits for the disk.
public final class TestPostgres: Sendable {
  private let server: PrivateServer
  private let directory: String
  private let port: UInt16
  private let password: String?

  /// The one that all tests of this process may share. Do not stop it; `makeDatabase` gives each suite a database of its own.
  public static let shared = Result { try TestPostgres() }

  /// Starts a server for the caller alone.
  /// - Parameter password: With one, the server asks for it (SCRAM), listens on 127.0.0.1 too, and `url` leads there by name.
  public init(password: String? = nil) throws {
    let base = try PrivateServer.makeDirectory(prefix: "jetty-pg")
    directory = base
    self.password = password
    port = password == nil ? 5432 : try FreePort.find()
    let passwordFile = "\(base)/password"
    try (password ?? "unused").write(toFile: passwordFile, atomically: true, encoding: .utf8)
    if let user = Self.user {
      try ChildProcess.run(["chown", user, base])
    }
    try ChildProcess.run(
      Self.asServer + [
        "\(Self.programs)/initdb", "--pgdata=\(base)/data", "--username=jetty", "--pwfile=\(passwordFile)",
        "--auth=\(password == nil ? "trust" : "scram-sha-256")", "--encoding=UTF8", "--no-locale", "--no-sync",
        "--no-instructions",
      ])
    server = try PrivateServer(
      command: Self.asServer + [
        "\(Self.programs)/postgres", "-D", "\(base)/data", "-p", "\(port)", "-c",
        "listen_addresses=\(password == nil ? "" : "127.0.0.1")", "-c", "unix_socket_directories=\(base)", "-c", "fsync=off",
        "-c", "full_page_writes=off", "-c", "synchronous_commit=off", "-c", "max_connections=200", "-c", "shared_buffers=32MB",
      ], directory: base, stopSignal: "INT")
    try waitUntilReady()
  }

  deinit { server.stop() }

  /// The database `postgres`.
  public var url: String { url(database: "postgres") }

  /// Makes a database that the caller has for itself. Its URL.
  public func makeDatabase() throws -> String {
    let name = "test_" + UUID().uuidString.lowercased().replacingOccurrences(of: "-", with: "")
    try run(sql: "CREATE DATABASE \(name)")
    return url(database: name)
  }

  /// As `kill -9` of the server; its children follow within moments.
  public func kill9() { server.send(signal: SIGKILL) }

  /// After `kill9`: starts it again with the same data; it recovers as after a crash.
  public func restart() throws {
    // The killed server's children hold its shared memory until they have noticed; a new server refuses to start before.
    for _ in 0..<50 {
      try server.restart()
      for _ in 0..<200 where server.isRunning {
        if (try? run(sql: "SELECT 1")) != nil { return }
        usleep(50_000)
      }
      usleep(100_000)
    }
    try waitUntilReady()
  }

  public func stop() { server.stop() }

  /// Keeps one backend (`pg_backend_pid()`) from answering without closing anything.
  public func freeze(backend: Int32) { kill(backend, SIGSTOP) }
  public func thaw(backend: Int32) { kill(backend, SIGCONT) }

  /// Runs statements as the superuser, from outside.
  public func run(sql: String) throws {
    let quoted = (password ?? "").replacingOccurrences(of: "\\", with: "\\\\").replacingOccurrences(of: "'", with: "\\'")
    let target = "host=\(directory) port=\(port) user=jetty dbname=postgres password='\(quoted)'"
    try ChildProcess.run(["\(Self.programs)/psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", target, "-c", sql])
  }

  private func url(database: String) -> String {
    if let password {
      let secret = password.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
      return "postgresql://jetty:\(secret)@localhost:\(port)/\(database)"
    }
    return "postgresql://jetty@/\(database)?host=\(directory.replacingOccurrences(of: "/", with: "%2F"))"
  }

  private func waitUntilReady() throws {
    try server.waitUntil(seconds: 60) { (try? run(sql: "SELECT 1")) != nil }
  }

  private static let programs: String = {
    let environment = ProcessInfo.processInfo.environment
    let candidates = [environment["JETTY_PG_BIN"], DevelopmentTools.directory.map { "\($0)/pg/bin" }].compactMap { $0 }
    return candidates.first { FileManager.default.isExecutableFile(atPath: "\($0)/postgres") } ?? "/usr/lib/postgresql/15/bin"
  }()

  /// Who the server runs as where the caller is root, which PostgreSQL refuses.
  private static let user: String? = {
    guard DevelopmentTools.isRoot else { return nil }
    let candidates = [ProcessInfo.processInfo.environment["JETTY_PG_USER"], "jetty-dev", "nobody"]
    return candidates.compactMap { $0 }.first { !$0.isEmpty && getpwnam($0) != nil }
  }()

  private static var asServer: [String] {
    guard let user, let entry = getpwnam(user) else { return [] }
    return ["setpriv", "--reuid=\(entry.pointee.pw_uid)", "--regid=\(entry.pointee.pw_gid)", "--clear-groups"]
  }
}
