import ObjectStore

extension Settings {
  /// Notes what does not fit together in the settings of the object store.
  func checkStore(signsURLs: Bool) {
    let (access, secret) = (isGiven(.storeAccessKey), isGiven(.storeSecretKey))
    if access != secret {
      complain(access ? .storeSecretKey : .storeAccessKey, "is missing: an access key and its secret come together")
    }
    guard let url = optional(.storeURL), let location = try? Self.location(url) else { return }
    switch location {
    case .local where signsURLs && !isGiven(.objectURLSecret):
      complain(.objectURLSecret, "is needed with a directory store: \(SettingKey.objectURLSecret.summary)")
    case .s3 where !access && !secret:
      complain(.storeAccessKey, "is needed with an S3 store, and store.secret.key too")
    default: break
    }
  }

  /// What `url` says, whatever the credentials: they are settings of their own.
  static func location(_ url: String) throws -> ObjectStoreLocation {
    try ObjectStoreLocation(url: url, credentials: S3Credentials(accessKey: "", secretKey: ""))
  }
}
