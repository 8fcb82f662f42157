/// An end user of an account, as the account names it: 1 to 64 characters of `A-Za-z0-9_-`. Means nothing without its account.
public struct UserID: Sendable, Hashable, CustomStringConvertible {
  public let text: String
  public static let lengthMax = 64

  /// nil for any other text.
  public init?(_ text: String) {
    guard Name.isValid(text, lengthMax: Self.lengthMax, allows: Name.isOpaque) else { return nil }
    self.text = text
  }

  public var description: String { text }
}

/// A tenant: whoever holds its API keys and pays its bill. Same form as a `UserID`; made by us as `acc_…`.
public struct AccountID: Sendable, Hashable, CustomStringConvertible {
  public let text: String
  public static let lengthMax = 64

  /// nil for any other text.
  public init?(_ text: String) {
    guard Name.isValid(text, lengthMax: Self.lengthMax, allows: Name.isOpaque) else { return nil }
    self.text = text
  }

  public var description: String { text }
}

/// An edge site such as `sfo-1`: 1 to 50 characters of `a-z0-9-`.
public struct EdgeID: Sendable, Hashable, Comparable, CustomStringConvertible {
  public let text: String
  public static let lengthMax = 50

  /// nil for any other text.
  public init?(_ text: String) {
    guard Name.isValid(text, lengthMax: Self.lengthMax, allows: Name.isEdge) else { return nil }
    self.text = text
  }

  public var description: String { text }
  public static func < (left: EdgeID, right: EdgeID) -> Bool { left.text < right.text }
}

enum Name {
  static func isValid(_ text: String, lengthMax: Int, allows: (UInt8) -> Bool) -> Bool {
    let length = text.utf8.count
    return length > 0 && length <= lengthMax && text.utf8.allSatisfy(allows)
  }

  static func isOpaque(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
      UInt8(ascii: "_"), UInt8(ascii: "-"): true
    default: false
    }
  }

  static func isEdge(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): true
    default: false
    }
  }
}
