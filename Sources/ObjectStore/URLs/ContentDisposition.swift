import Bytes

/// The header that tells a browser to save a file, and under which name (RFC 6266).
public enum ContentDisposition {
  /// `attachment; filename="plain ASCII"; filename*=UTF-8''…`. Control characters, quotes and slashes never get in unencoded.
  public static func attachment(_ fileName: String) -> String {
    let plain = String(
      fileName.unicodeScalars.map { scalar in
        scalar.value >= 0x20 && scalar.value < 0x7f && !["\"", "\\", "/", "%", ";"].contains(scalar) ? Character(scalar) : "_"
      })
    return "attachment; filename=\"\(plain)\"; filename*=UTF-8''\(PercentEncoding.encode(fileName))"
  }
}
