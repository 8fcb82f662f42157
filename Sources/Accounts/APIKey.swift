import Bytes
import TLS

/// A secret that opens an account: `jetty_` and 32 lower-case base32 characters, 160 random bits.
///
/// Only its SHA-256 is ever stored. A plain digest suffices because the secret is random: there is nothing to guess.
public struct APIKey: Sendable, Hashable {
  public let text: String

  public static let prefix = "jetty_"
  static let secretByteCount = 20

  /// A new key.
  public static func generate() -> APIKey { APIKey(trusted: prefix + Base32.encode(randomBytes(secretByteCount))) }

  /// nil for a text that cannot be a key: nobody needs to ask the database about it.
  public init?(_ text: String) {
    guard text.utf8.count == Self.prefix.utf8.count + 32, text.utf8.starts(with: Self.prefix.utf8),
      text.utf8.dropFirst(Self.prefix.utf8.count).allSatisfy({ Base32.value($0) != nil })
    else { return nil }
    self.text = text
  }

  private init(trusted text: String) { self.text = text }

  /// What is stored: 32 bytes.
  public var hash: [UInt8] { SHA256.hash(text) }

  /// Enough to recognise a key in a list, too little to use it.
  public var hint: String { String(text.prefix(Self.prefix.count + 4)) + "…" }
}

/// The key out of an `Authorization` header's value.
public enum BearerCredentials {
  /// What follows `Bearer ` (any case, one or more spaces); nil for another scheme or nothing.
  public static func token(in header: String) -> String? {
    let parts = header.split(separator: " ", maxSplits: 1)
    guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
    let token = parts[1].drop { $0 == " " }
    return token.isEmpty || token.contains(" ") ? nil : String(token)
  }
}
