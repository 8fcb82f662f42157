/// The `tracestate` field: a list of `key=value` that tracing systems leave for themselves. It is passed on as it came, but for
/// tabs between its members: not every HTTP library takes a tab in a field, and a space means the same.
enum TraceState {
  /// What has to be passed on at least (section 3.3.1.5 of the recommendation); more is left out.
  private static let bytesMax = 512
  private static let membersMax = 32

  /// Several fields are one list.
  /// - Returns: nil where there is nothing, or something that is no tracestate.
  static func joined(_ fields: [String]) -> String? {
    let text = fields.count == 1 ? fields[0] : fields.joined(separator: ",")
    guard !text.isEmpty, text.utf8.count <= bytesMax else { return nil }
    let members = text.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: true)
    guard members.count <= membersMax, members.allSatisfy({ isMember($0) }) else { return nil }
    return text.utf8.contains(0x09) ? String(decoding: text.utf8.map { $0 == 0x09 ? 0x20 : $0 }, as: UTF8.self) : text
  }

  private static func isMember(_ member: Substring.UTF8View) -> Bool {
    let blank: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 }
    let trimmed = member.drop(while: blank)
    guard !trimmed.isEmpty else { return true }
    guard let equals = trimmed.firstIndex(of: UInt8(ascii: "=")) else { return false }
    let (key, value) = (trimmed[..<equals], trimmed[trimmed.index(after: equals)...])
    guard (1...256).contains(key.count), (1...256).contains(value.count) else { return false }
    let isKey = key.allSatisfy { byte in
      switch byte {
      case 0x30...0x39, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "*"), UInt8(ascii: "/"), UInt8(ascii: "@"): true
      default: false
      }
    }
    return isKey && value.allSatisfy { (0x20...0x7E).contains($0) && $0 != UInt8(ascii: "=") }
  }
}
