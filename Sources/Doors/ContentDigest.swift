import Bytes
import Model

/// The Content-Digest field (RFC 9530): `sha-256=:<base64>:`, alone or among digests of other algorithms.
public enum ContentDigest {
  /// Nil where the field is missing, is no such list, or has no SHA-256.
  public static func sha256(_ field: String?) -> ContentHash? {
    guard let field else { return nil }
    for member in field.split(separator: ",") {
      let text = member.drop { $0 == " " || $0 == "\t" }
      guard let equals = text.firstIndex(of: "="), text[..<equals] == "sha-256" else { continue }
      // A structured byte sequence stands between colons (RFC 8941 section 3.3.5); parameters may follow.
      let value = text[text.index(after: equals)...]
      guard value.first == ":", let end = value.dropFirst().firstIndex(of: ":") else { return nil }
      guard let bytes = Base64.decode(String(value[value.index(after: value.startIndex)..<end])) else { return nil }
      return ContentHash(bytes: bytes)
    }
    return nil
  }
}
