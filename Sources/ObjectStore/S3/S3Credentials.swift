/// A key pair for S3. The secret never appears in a description.
public struct S3Credentials: Sendable, CustomStringConvertible {
  public var accessKey: String
  public var secretKey: String
  /// For temporary credentials.
  public var sessionToken: String?

  public init(accessKey: String, secretKey: String, sessionToken: String? = nil) {
    self.accessKey = accessKey
    self.secretKey = secretKey
    self.sessionToken = sessionToken
  }

  public var description: String { "S3Credentials(\(accessKey))" }
}
