/// What every process takes, or what several of them mean the same by.
extension SettingKey {
  public static let listen = SettingKey("listen", "address that the service listens on, host:port", default: "127.0.0.1:0")
  public static let rpcListen = SettingKey("rpc.listen", "address for RPC where `listen` is HTTP", default: "127.0.0.1:0")
  public static let adminListen = SettingKey("admin.listen", "address of /metrics, /healthz and /readyz", default: "127.0.0.1:0")
  public static let healthListen = SettingKey(
    "health.listen", "address of grpc.health.v1 without TLS, for probes that cannot present a certificate; none: not served")
  public static let loops = SettingKey("loops", "event loops, one thread each; 0 for one per core", default: "1")
  public static let drainDelaySeconds = SettingKey(
    "drain.delay.seconds", "how long to go on serving after SIGTERM, already not ready, so that callers learn to go elsewhere", default: "2")
  public static let drainSeconds = SettingKey("drain.seconds", "longest that running calls may take after SIGTERM", default: "25")
  public static let logLevel = SettingKey("log.level", "trace, debug, info, notice, warning, error or critical", default: "info")
  public static let config = SettingKey("config", "JSON file with settings; flags and environment win over it")

  public static let tlsCertificate = SettingKey("tls.cert.file", "PEM certificate chain of this process; turns TLS on for RPC")
  public static let tlsKey = SettingKey("tls.key.file", "PEM key of that certificate")
  public static let tlsAuthority = SettingKey("tls.ca.file", "PEM authorities that peers must be certified by (mTLS)")
  public static let tlsTrustDomain = SettingKey(
    "tls.trust.domain", "callers must show a certificate with the URI spiffe://<this>/<program>, and may call what that program calls")
  public static let tlsAllowedCallers = SettingKey(
    "tls.allowed.callers", "further certificate names (DNS or URI), with commas, that may call everything; with tls.trust.domain")
  public static let tlsReloadSeconds = SettingKey(
    "tls.reload.seconds", "how often certificate files are looked at; changed ones are taken into use", default: "10")
  public static let httpTLSCertificate = SettingKey("http.tls.cert.file", "PEM certificate chain that HTTP clients see; turns HTTPS on")
  public static let httpTLSKey = SettingKey("http.tls.key.file", "PEM key of that certificate")

  public static let postgresURL = SettingKey("postgres.url", "postgresql://user:password@host:port/database", secret: true, needed: true)
  public static let postgresConnections = SettingKey("postgres.connections", "most connections per event loop", default: "4")
  public static let redisURL = SettingKey("redis.url", "redis://:password@host:port/0 or unix:///path", secret: true, needed: true)

  public static let storeURL = SettingKey(
    "store.url", "where objects lie: file:///directory, or s3://bucket?endpoint=https://host&region=name", needed: true)
  public static let storeAccessKey = SettingKey("store.access.key", "S3 access key id", secret: true)
  public static let storeSecretKey = SettingKey("store.secret.key", "S3 secret access key", secret: true)
  public static let objectURLSecret = SettingKey("object.url.secret", "key that signs URLs of the local store", secret: true)
  public static let publicURL = SettingKey("public.url", "base URL of the gateway as clients see it", default: "http://127.0.0.1:3000")

  public static let tokenPrivateKey = SettingKey("token.private.key.file", "PEM Ed25519 key that signs upload tokens", needed: true)
  public static let tokenPublicKey = SettingKey("token.public.key.file", "PEM Ed25519 key that checks upload tokens", needed: true)

  public static let job = SettingKey("job", "do this job once and end, with status 0 if it went well, instead of serving")

  /// Part of every process.
  public static let common: [SettingKey] = [
    .listen, .adminListen, .healthListen, .loops, .drainDelaySeconds, .drainSeconds, .logLevel, .config, .tlsCertificate, .tlsKey,
    .tlsAuthority, .tlsTrustDomain, .tlsAllowedCallers, .tlsReloadSeconds,
  ]
  /// Part of every process with an HTTP door.
  public static let httpDoor: [SettingKey] = [.httpTLSCertificate, .httpTLSKey]
  public static let database: [SettingKey] = [.postgresURL, .postgresConnections, .redisURL]
  public static let objectStore: [SettingKey] = [.storeURL, .storeAccessKey, .storeSecretKey, .objectURLSecret, .publicURL]
}
