/// Entity tags in If-None-Match (RFC 9110 section 13.1.2).
enum EntityTag {
  /// By weak comparison, as the section says.
  static func matches(_ field: String?, _ etag: String) -> Bool {
    guard let field else { return false }
    return field.split(separator: ",").contains { candidate in
      var text = candidate.drop { $0 == " " }
      if text.hasPrefix("W/") { text = text.dropFirst(2) }
      while text.last == " " { text = text.dropLast() }
      return text == etag || text == "*"
    }
  }
}
