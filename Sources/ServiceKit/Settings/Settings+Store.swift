import ObjectStore

extension Settings {
  /// Notes what does not fit together in the settings of the object store.
  func checkStore(signsURLs: Bool) {
    let (access, secret) = (isGiven(.storeAccessKey), isGiven(.storeSecretKey))
    if access != secret {
      complain(access ? .storeSecretKey : .storeAccessKey, "is missing: an access key and its secret come together")
    }
    guard let url = optional(.storeURL), let location = try? ObjectStoreLocation(url: url, credentials: nil) else { return }
    if case .local = location, signsURLs, !isGiven(.objectURLSecret) {
      complain(.objectURLSecret, "is needed with a directory store: \(SettingKey.objectURLSecret.summary)")
    }
  }
}
