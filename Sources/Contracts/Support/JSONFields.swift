import Bytes
import JSON

/// The forms of options.proto that the JSON module does not know.
extension JSONReader {
  func word<Word: JSONWord>(_ name: String) throws(JSONError) -> Word? {
    guard let text = try string(name) else { return nil }
    for word in Word.jsonWords where word.jsonWord == text { return word }
    let known = Word.jsonWords.compactMap { $0.jsonWord.map { "\"\($0)\"" } }.joined(separator: ", ")
    throw JSONError(path: path(of: name), problem: "must be one of \(known)")
  }

  /// Of these members one at most may be there.
  func requireAtMostOne(_ names: [String]) throws(JSONError) {
    let present = names.filter { value($0) != nil }
    guard present.count > 1 else { return }
    throw JSONError(path: path(of: present[1]), problem: "must not be given together with \(present[0])")
  }

  func base64(_ name: String) throws(JSONError) -> [UInt8]? {
    guard let text = try string(name) else { return nil }
    guard let bytes = Base64.decode(text) else { throw JSONError(path: path(of: name), problem: "must be base64 with padding") }
    return bytes
  }

  /// `sha256:` and hexadecimal digits, as the raw digest.
  func digest(_ name: String) throws(JSONError) -> [UInt8]? {
    guard let text = try string(name) else { return nil }
    guard text.hasPrefix("sha256:"), let bytes = Hex.decode(String(text.dropFirst(7))), bytes.count == 32 else {
      throw JSONError(path: path(of: name), problem: Rules.Format.sha256.problem)
    }
    return bytes
  }

  func strings(_ name: String, maximum: Int) throws(JSONError) -> [String]? {
    try items(name, maximum: maximum) { value, path throws(JSONError) in try JSONReader.string(value, at: path) }
  }

  func uint32s(_ name: String, maximum: Int) throws(JSONError) -> [UInt32]? {
    try items(name, maximum: maximum) { value, path throws(JSONError) in
      UInt32(truncatingIfNeeded: try JSONReader.unsigned(value, at: path, maximum: UInt64(UInt32.max), acceptsText: false))
    }
  }

  func uint64s(_ name: String, maximum: Int) throws(JSONError) -> [UInt64]? {
    try items(name, maximum: maximum) { value, path throws(JSONError) in
      try JSONReader.unsigned(value, at: path, maximum: .max, acceptsText: true)
    }
  }

  func doubles(_ name: String, maximum: Int) throws(JSONError) -> [Double]? {
    try items(name, maximum: maximum) { value, path throws(JSONError) in try JSONReader.double(value, at: path) }
  }

  func messages<Message: JSONCodable>(_ name: String, maximum: Int, _ type: Message.Type) throws(JSONError) -> [Message]? {
    try items(name, maximum: maximum) { value, path throws(JSONError) in try Message(json: try JSONReader(value, path: path)) }
  }
}

extension JSONWriter {
  mutating func word(_ value: some JSONWord) {
    if let word = value.jsonWord { string(word) } else { null() }
  }

  mutating func base64(_ bytes: [UInt8]) { string(Base64.encode(bytes)) }

  mutating func digest(_ bytes: [UInt8]) {
    if bytes.isEmpty { null() } else { string("sha256:\(Hex.encode(bytes))") }
  }

  /// Unix milliseconds; null where there is no moment.
  mutating func timestamp(_ unixMilliseconds: Int64) {
    if unixMilliseconds == 0 { null() } else { string(RFC3339.text(unixMilliseconds: unixMilliseconds)) }
  }

  mutating func message(_ message: (some JSONCodable)?) {
    if let message { message.write(json: &self) } else { null() }
  }
}
