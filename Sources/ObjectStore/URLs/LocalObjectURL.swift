import Bytes
import TLS

/// The signed queries of local objects: made by `ObjectURLSigner`, checked by the gateway's door `/objects/…`.
///
/// `expires` (Unix seconds), optionally `name` and `type`, and `signature`, an HMAC-SHA-256 over all of them and the key.
/// GET and HEAD are allowed by it, ranges too.
public struct LocalObjectURL: Sendable {
  private let secret: [UInt8]

  /// Why a URL does not open anything.
  public enum Refusal: Error, Sendable, Equatable {
    /// A part of the query is missing, repeated or mistyped.
    case malformed
    case badSignature
    case expired
  }

  /// What a valid URL asks for.
  public struct Grant: Sendable, Equatable {
    public var key: ObjectKey
    public var fileName: String?
    public var contentType: String?
    /// Unix seconds.
    public var expiresAtSeconds: Int64
  }

  /// The secret has 16 bytes at least.
  public init(secret: [UInt8]) throws(ObjectStoreError) {
    guard secret.count >= 16 else { throw .invalidRequest("the secret for object URLs has at least 16 bytes") }
    self.secret = secret
  }

  func query(key: ObjectKey, expiresAtSeconds: Int64, fileName: String?, contentType: String?) -> String {
    var query = "expires=\(expiresAtSeconds)"
    if let fileName { query += "&name=\(PercentEncoding.encode(fileName))" }
    if let contentType { query += "&type=\(PercentEncoding.encode(contentType))" }
    let code = code(key: key.description, expires: String(expiresAtSeconds), name: fileName, type: contentType)
    return query + "&signature=\(Base64URL.encode(code))"
  }

  /// Checks the path after `/objects/` and the query (without `?`) of a request, both as they came.
  public func verify(path: String, query: String, at unixSeconds: Int64? = nil) throws(Refusal) -> Grant {
    var values: [String: String] = [:]
    for pair in query.split(separator: "&") {
      let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard halves.count == 2, let value = PercentEncoding.decode(halves[1]), values.count < 8,
        values.updateValue(value, forKey: String(halves[0])) == nil
      else { throw .malformed }
    }
    guard let key = try? ObjectKey(path), let expires = values["expires"], let seconds = Int64(expires),
      let signature = values["signature"].flatMap({ Base64URL.decode($0) }),
      values.keys.allSatisfy({ ["expires", "name", "type", "signature"].contains($0) })
    else { throw .malformed }
    let expected = code(key: path, expires: expires, name: values["name"], type: values["type"])
    guard constantTimeEqual(signature, expected) else { throw .badSignature }
    guard seconds > unixSeconds ?? UTCTime.now() else { throw .expired }
    return Grant(key: key, fileName: values["name"], contentType: values["type"], expiresAtSeconds: seconds)
  }

  /// Every field is preceded by its length, so that no two sets of fields have the same text.
  private func code(key: String, expires: String, name: String?, type: String?) -> [UInt8] {
    let fields = ["object-url-1", key, expires, name.map { "=\($0)" } ?? "", type.map { "=\($0)" } ?? ""]
    return HMACSHA256.code(for: fields.map { "\($0.utf8.count):\($0)" }.joined(), key: secret)
  }
}
