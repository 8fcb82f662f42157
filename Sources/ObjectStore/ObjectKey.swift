/// The name of an object. Letters, digits, `_`, `-`, `.` and `/` only, without empty, `.` or `..` segments:
/// so a key is the same text as a path below a directory, in a URL and in a signature, and cannot leave its store.
public struct ObjectKey: Sendable, Hashable, CustomStringConvertible {
  public let description: String

  /// Throws `ObjectStoreError.invalidKey` for anything else.
  public init(_ text: some StringProtocol) throws(ObjectStoreError) {
    guard !text.isEmpty, text.utf8.count <= ObjectStoreLimits.keyBytesMax else {
      throw .invalidKey("an object key has 1 to \(ObjectStoreLimits.keyBytesMax) bytes")
    }
    guard text.utf8.allSatisfy(Self.isAllowed) else {
      throw .invalidKey("an object key has only letters, digits, '_', '-', '.' and '/'")
    }
    for segment in text.split(separator: "/", omittingEmptySubsequences: false) {
      guard !segment.isEmpty, segment != ".", segment != ".." else {
        throw .invalidKey("an object key has no empty, '.' or '..' segment")
      }
      guard segment.utf8.count <= ObjectStoreLimits.keySegmentBytesMax else {
        throw .invalidKey("a segment of an object key has at most \(ObjectStoreLimits.keySegmentBytesMax) bytes")
      }
    }
    description = String(text)
  }

  /// The key of an uploaded file: `files/{account}/{user}/{file}`.
  public static func file(account: String, user: String, file: String) throws(ObjectStoreError) -> ObjectKey {
    for part in [account, user, file] where part.utf8.contains(UInt8(ascii: "/")) {
      throw .invalidKey("an id in an object key has no '/'")
    }
    return try ObjectKey("files/\(account)/\(user)/\(file)")
  }

  /// The parts between the slashes; at least one.
  public var segments: [Substring] { description.split(separator: "/") }

  private static func isAllowed(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
    case UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "/"): true
    default: false
    }
  }
}
