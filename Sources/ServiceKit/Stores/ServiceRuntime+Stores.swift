import Accounts
import Foundation
import ObjectStore
import Postgres
import Redis
import TLS

/// The stores and keys that several services use, made from the common settings. Each call makes a new one.
extension ServiceRuntime {
  /// A pool whose connections see `schema` first and then `public` (where pgvector lives).
  public func postgres(schema: String) throws -> PostgresPool {
    let url = settings.required(.postgresURL)
    try settings.check()
    do {
      var configuration = try PostgresConfiguration(url: url)
      configuration.schema = schema
      configuration.applicationName = "jetty-\(name)"
      configuration.slowStatementMilliseconds = UInt64(settings.integer(.slowStatement))
      StoreSettings.apply(settings, to: &configuration)
      let pool = PostgresPool(loop: loop, configuration: configuration, logger: log)
      StoreMetrics.bind(pool.statistics, loop: loop.name, to: metrics)
      return pool
    } catch {
      settings.complain(.postgresURL, "cannot be used: \(error)")
      throw settingsError()
    }
  }

  public func redisConfiguration() throws -> RedisConfiguration {
    let url = settings.required(.redisURL)
    try settings.check()
    do {
      var configuration = try RedisConfiguration(url: url)
      StoreSettings.apply(settings, to: &configuration)
      return configuration
    } catch {
      settings.complain(.redisURL, "cannot be used: \(error)")
      throw settingsError()
    }
  }

  /// - Parameter commandTimeoutMilliseconds: how long to wait for an answer; nil for the client's default. Short where Redis is only a cache.
  public func redis(commandTimeoutMilliseconds: UInt64? = nil) throws -> RedisClient {
    var configuration = try redisConfiguration()
    if let commandTimeoutMilliseconds { configuration.commandTimeoutMilliseconds = commandTimeoutMilliseconds }
    let client = RedisClient(loop: loop, configuration: configuration, logger: log)
    StoreMetrics.bind(client.statistics, loop: loop.name, to: metrics)
    return client
  }

  public func objectStore() throws -> any ObjectStore {
    let store = try storeLocation().tracing().makeStore(loop: loop, client: StoreSettings.objects.read(settings))
    return MeasuredStore(store: store, metrics: ObjectStoreMetrics(metrics, loop: loop.name))
  }

  /// Signs URLs that clients download objects by.
  public func urlSigner() throws -> ObjectURLSigner {
    let location = try storeLocation()
    let publicURL = settings.required(.publicURL)
    let secret = settings.optional(.objectURLSecret)
    if case .local = location, secret == nil {
      settings.complain(.objectURLSecret, "is needed with a local store: \(SettingKey.objectURLSecret.summary)")
    }
    try settings.check()
    do {
      return try location.makeURLSigner(publicBase: publicURL, secret: Array((secret ?? "").utf8))
    } catch {
      settings.complain(.objectURLSecret, "cannot be used: \(error)")
      throw settingsError()
    }
  }

  public func storeLocation() throws -> ObjectStoreLocation {
    let url = settings.required(.storeURL)
    let accessKey = settings.optional(.storeAccessKey)
    let secretKey = settings.optional(.storeSecretKey)
    try settings.check()
    do {
      var credentials: S3Credentials?
      if let accessKey, let secretKey { credentials = S3Credentials(accessKey: accessKey, secretKey: secretKey) }
      return try ObjectStoreLocation(url: url, credentials: credentials)
    } catch {
      settings.complain(.storeURL, "cannot be used: \(error)")
      throw settingsError()
    }
  }

  public func tokenSigner() throws -> UploadTokenSigner {
    UploadTokenSigner(key: try key(.tokenPrivateKey) { try Ed25519.PrivateKey(pem: $0) })
  }

  public func tokenVerifier() throws -> UploadTokenVerifier {
    UploadTokenVerifier(key: try key(.tokenPublicKey) { try Ed25519.PublicKey(pem: $0) })
  }

  private func key<Key>(_ setting: SettingKey, parse: (String) throws -> Key) throws -> Key {
    let path = settings.required(setting)
    try settings.check()
    do {
      return try parse(try String(contentsOfFile: path, encoding: .utf8))
    } catch {
      settings.complain(setting, "cannot be used: \(path): \(error)")
      throw settingsError()
    }
  }

  private func settingsError() -> any Error {
    do {
      try settings.check()
      return SettingsError(mistakes: [])
    } catch {
      return error
    }
  }
}
