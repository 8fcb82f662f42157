/// Reads the text form of a one-dimensional array: `{a,"b c",…}`.
enum ArrayText {
  /// The elements; nil where the text is no such array or holds a NULL.
  static func elements(_ text: UnsafeRawBufferPointer) -> [String]? {
    guard text.count >= 2, text[0] == UInt8(ascii: "{"), text[text.count - 1] == UInt8(ascii: "}") else { return nil }
    var elements: [String] = []
    var index = 1
    let end = text.count - 1
    guard index < end else { return [] }
    while true {
      var element: [UInt8] = []
      let isQuoted = index < end && text[index] == UInt8(ascii: "\"")
      if isQuoted {
        index += 1
        while index < end, text[index] != UInt8(ascii: "\"") {
          if text[index] == UInt8(ascii: "\\") { index += 1 }
          guard index < end else { return nil }
          element.append(text[index])
          index += 1
        }
        guard index < end else { return nil }
        index += 1
      } else {
        while index < end, text[index] != UInt8(ascii: ",") {
          guard text[index] != UInt8(ascii: "{") else { return nil }
          element.append(text[index])
          index += 1
        }
        guard !element.isEmpty, element != Array("NULL".utf8) else { return nil }
      }
      elements.append(String(decoding: element, as: UTF8.self))
      if index == end { return elements }
      guard text[index] == UInt8(ascii: ",") else { return nil }
      index += 1
    }
  }
}
