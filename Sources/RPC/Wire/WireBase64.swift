import Bytes

/// Base64 as gRPC puts it in `-bin` metadata: the standard alphabet, sent without padding, accepted with or without.
enum WireBase64 {
  static func encode(_ bytes: some Collection<UInt8>) -> String {
    var text = Base64.encode([UInt8](bytes))
    while text.utf8.last == UInt8(ascii: "=") { text.removeLast() }
    return text
  }

  /// Nil where `text` is not base64.
  static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
    var padded = [UInt8](text)
    while padded.count % 4 != 0 { padded.append(UInt8(ascii: "=")) }
    return padded.withUnsafeBytes { Base64.decode($0) }
  }
}
