import Bytes

/// Collects header lines as libcurl hands them over; an interim (1xx) section is dropped when the next one begins.
struct ResponseHeadParser {
  private(set) var head: HTTPClientResponseHead?
  private var status = 0
  private var headers: [(name: String, value: String)] = []
  private var byteCount = 0
  private let byteCountMax: Int

  init(byteCountMax: Int) { self.byteCountMax = byteCountMax }

  /// False where the section is too long or not what HTTP allows.
  mutating func add(line: UnsafeRawBufferPointer) -> Bool {
    byteCount += line.count
    guard byteCount <= byteCountMax else { return false }
    var end = line.count
    while end > 0, line[end - 1] == 0x0a || line[end - 1] == 0x0d { end -= 1 }
    let bytes = UnsafeRawBufferPointer(rebasing: line[..<end])
    if bytes.isEmpty { return finishSection() }
    // Trailers come after the head; nobody asks for them.
    if head != nil { return true }
    if bytes.count > 5, bytes.starts(with: "HTTP/".utf8) { return begin(bytes) }
    guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), colon > 0 else { return false }
    guard let name = text(bytes[..<colon]), let value = text(bytes[(colon + 1)...]) else { return false }
    headers.append((name: name.lowercased(), value: value))
    return true
  }

  private mutating func begin(_ line: UnsafeRawBufferPointer) -> Bool {
    headers.removeAll()
    guard let space = line.firstIndex(of: 0x20), line.count >= space + 4 else { return false }
    let digits = line[(space + 1)..<(space + 4)]
    guard digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return false }
    status = digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    return true
  }

  private mutating func finishSection() -> Bool {
    guard head == nil else { return true }
    guard status >= 100 else { return false }
    if status >= 200 { head = HTTPClientResponseHead(status: status, headers: headers) }
    return true
  }

  /// Without the white space around it; nil where it is no UTF-8.
  private func text(_ bytes: Slice<UnsafeRawBufferPointer>) -> String? {
    var slice = bytes
    while let first = slice.first, first == 0x20 || first == 0x09 { slice.removeFirst() }
    while let last = slice.last, last == 0x20 || last == 0x09 { slice.removeLast() }
    let rebased = UnsafeRawBufferPointer(rebasing: slice)
    guard UTF8Validation.isValid(rebased) else { return nil }
    return String(decoding: rebased, as: UTF8.self)
  }
}
