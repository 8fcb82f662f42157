import Accounts
import Foundation
import Logging
import ObjectStore
import Postgres
import Redis
import RPC
import TLS

/// What every process takes, or what several of them mean the same by.
extension SettingKey {
  public static let listen = SettingKey("listen", "address that the service listens on", .address, default: "127.0.0.1:0")
  public static let rpcListen = SettingKey("rpc.listen", "address for gRPC where `listen` is HTTP", .address, default: "127.0.0.1:0")
  public static let adminListen = SettingKey(
    "admin.listen", "address of /metrics, /healthz, /readyz and /debug/rpc; not for the public", .address, default: "127.0.0.1:0")
  public static let loops = SettingKey("loops", "event loops, one thread each; 0 for one per core", .integer(0...256), default: "1")
  public static let drainDelaySeconds = SettingKey(
    "drain.delay.seconds", "how long to go on serving after SIGTERM, already not ready, so that callers learn to go elsewhere",
    .integer(0...3600), default: "2")
  public static let drainSeconds = SettingKey(
    "drain.seconds", "longest that running calls may take after that", .integer(0...3600), default: "25")
  public static let readyTimeout = SettingKey(
    "ready.timeout.ms", "longest that one check of /readyz may take", .integer(10...60_000), default: "2000")
  public static let healthListen = SettingKey(
    "health.listen", "address of grpc.health.v1 without TLS, for probes that cannot present a certificate; none: not served", .address)
  public static let config = SettingKey("config", "JSON file with settings; flags and environment win over it")

  public static let logLevel = SettingKey(
    "log.level", "least severe log lines that are written", .choice(Logger.Level.allCases.map(\.rawValue)), default: "info")
  public static let slowCall = SettingKey(
    "log.slow.call.ms", "calls and requests that take longer are logged as warnings; 0 for none", .integer(0...3_600_000), default: "5000")
  public static let slowStatement = SettingKey(
    "log.slow.statement.ms", "SQL statements that take longer are logged as warnings; 0 for none", .integer(0...3_600_000), default: "1000")

  private static let tlsFile = SettingKind.form("path of a file") { _ in nil }
  public static let tlsCertificate = SettingKey(
    "tls.cert.file", "PEM certificate chain of this process; turns TLS on for gRPC, both ways (mTLS)", tlsFile)
  public static let tlsKey = SettingKey("tls.key.file", "PEM key of that certificate", tlsFile)
  public static let tlsAuthority = SettingKey("tls.ca.file", "PEM authorities that peers must be certified by", tlsFile)
  public static let tlsTrustDomain = SettingKey(
    "tls.trust.domain", "callers must show a certificate with the URI spiffe://<this>/<program>, and may call what that program calls")
  public static let tlsAllowedCallers = SettingKey(
    "tls.allowed.callers", "further certificate names (DNS or URI), with commas, that may call everything; with tls.trust.domain")
  public static let tlsReloadSeconds = SettingKey(
    "tls.reload.seconds", "how often certificate files are looked at; changed ones are taken into use", .integer(1...86_400), default: "10")
  public static let httpTLSCertificate = SettingKey("http.tls.cert.file", "PEM certificate chain that HTTP clients see; turns HTTPS on", tlsFile)
  public static let httpTLSKey = SettingKey("http.tls.key.file", "PEM key of that certificate", tlsFile)

  public static let postgresURL = SettingKey(
    "postgres.url", "PostgreSQL", form("postgresql://user:password@host:port/database") { _ = try PostgresConfiguration(url: $0) }, secret: true,
    needed: true)
  public static let redisURL = SettingKey(
    "redis.url", "Redis", form("redis://:password@host:port/0 or unix:///path") { _ = try RedisConfiguration(url: $0) }, secret: true, needed: true)

  public static let storeURL = SettingKey(
    "store.url", "where objects lie; a directory must be the same for all programs",
    form("s3://bucket?endpoint=https://host&region=name, or file:///directory") { _ = try Settings.location($0) },
    needed: true)
  public static let storeAccessKey = SettingKey("store.access.key", "S3 access key id", secret: true)
  public static let storeSecretKey = SettingKey("store.secret.key", "S3 secret access key", secret: true)
  public static let objectURLSecret = SettingKey("object.url.secret", "key that signs URLs of the directory store", secret: true)
  public static let publicURL = SettingKey(
    "public.url", "base URL of the gateway as clients see it", .form("http:// or https:// URL", webURL), default: "http://127.0.0.1:3000")

  public static let tokenPrivateKey = SettingKey(
    "token.private.key.file", "PEM Ed25519 key that signs upload tokens", pem { _ = try Ed25519.PrivateKey(pem: $0) }, needed: true)
  public static let tokenPublicKey = SettingKey(
    "token.public.key.file", "PEM Ed25519 key that checks upload tokens", pem { _ = try Ed25519.PublicKey(pem: $0) }, needed: true)

  public static let corsOrigins = SettingKey("cors.origins", "web origins that may call, with commas; * for all", default: "*")
  public static let spoolDirectory = SettingKey(
    "spool.directory", "disk directory for JSON chunks whose hash comes after their data", .directory, default: "/var/tmp")

  public static let job = SettingKey("job", "do this job once and end, with status 0 if it went well, instead of serving")

  // MARK: Groups

  /// Several lists as one.
  public static func groups(_ groups: [SettingKey]...) -> [SettingKey] { groups.flatMap { $0 } }

  /// Part of every process.
  public static let common: [SettingKey] = groups(
    [.listen, .adminListen, .healthListen, .loops, .drainDelaySeconds, .drainSeconds, .readyTimeout, .logLevel, .slowCall, .config],
    [.tlsCertificate, .tlsKey, .tlsAuthority, .tlsTrustDomain, .tlsAllowedCallers, .tlsReloadSeconds],
    RPCSettings.server.keys, RPCSettings.client.keys, RPCSettings.calls.keys)
  public static let postgres: [SettingKey] = groups([.postgresURL, .slowStatement], StoreSettings.postgres.keys)
  public static let redis: [SettingKey] = groups([.redisURL], StoreSettings.redis.keys)
  public static let database: [SettingKey] = groups(postgres, redis)
  public static let objectAccess: [SettingKey] = groups([.storeURL, .storeAccessKey, .storeSecretKey], StoreSettings.objects.keys)
  public static let objectStore: [SettingKey] = groups(objectAccess, [.objectURLSecret, .publicURL])
  /// Of an HTTP door for clients.
  public static let door: [SettingKey] = groups(
    [.corsOrigins, .spoolDirectory, .httpTLSCertificate, .httpTLSKey], HTTPSettings.door.keys)

  /// Everything that one file or environment may hold for several programs.
  static let shared: [SettingKey] = groups(
    common, database, objectStore, door, [.rpcListen, .tokenPrivateKey, .tokenPublicKey],
    PeerService.settings(.edgeSelection, .chunkMetadata, .uploadState, .dedup, .finalize))

  // MARK: Forms

  /// Text that `parse` takes. What it says is trusted not to repeat secrets.
  public static func form(_ description: String, _ parse: @escaping @Sendable (String) throws -> Void) -> SettingKind {
    .form(description) { text in
      do {
        try parse(text)
        return nil
      } catch {
        return "cannot be used: \(error)"
      }
    }
  }

  private static func pem(_ parse: @escaping @Sendable (String) throws -> Void) -> SettingKind {
    .form("path of a file") { path in
      if let complaint = SettingKind.file.complaint(about: path) { return complaint }
      do {
        try parse(String(contentsOfFile: path, encoding: .utf8))
        return nil
      } catch {
        return "cannot be used: \(path): \(error)"
      }
    }
  }

  /// Nil for a URL that a browser could open.
  @Sendable public static func webURL(_ text: String) -> String? {
    guard let url = URL(string: text), url.scheme == "http" || url.scheme == "https", !(url.host ?? "").isEmpty else {
      return "must be a URL that begins with http:// or https://, not \"\(text.prefix(80))\""
    }
    return nil
  }

  /// Nil for what a channel takes.
  @Sendable public static func target(_ text: String) -> String? {
    do throws(RPCError) {
      _ = try RPCTarget(text)
      return nil
    } catch {
      return "must be host:port, several with commas, or dns:///name:port: \(error.message)"
    }
  }
}
