/// What HTTP asks of a request's fields (RFC 9113 section 8, RFC 9110), judged one by one as they arrive.
///
/// nghttp2 has the same rules and looks each byte up in a table: 2,500 instructions for the nine fields of a small call. These take eight
/// bytes at a time, and a fifth of that; nghttp2's are switched off (`SessionOptions`). Of responses: `ResponseRules`.
struct RequestRules: BitwiseCopyable {
  fileprivate struct Seen: OptionSet, BitwiseCopyable {
    let rawValue: UInt16
    static let path = Seen(rawValue: 1)
    static let method = Seen(rawValue: 2)
    static let scheme = Seen(rawValue: 4)
    static let authority = Seen(rawValue: 8)
    static let host = Seen(rawValue: 16)
    /// A field that is no pseudo-header field: none of those may follow.
    static let regular = Seen(rawValue: 32)
    static let trailer = Seen(rawValue: 64)
    static let isConnect = Seen(rawValue: 128)
    static let isOptions = Seen(rawValue: 256)
    static let isHTTP = Seen(rawValue: 512)
    static let hasRootedPath = Seen(rawValue: 1024)
    static let hasAsteriskPath = Seen(rawValue: 2048)
    static let contentLength = Seen(rawValue: 4096)
    /// What may come once only.
    static let unique: Seen = [.path, .method, .scheme, .authority, .host, .contentLength]
    static let pseudo: Seen = [.path, .method, .scheme, .authority]
  }

  /// What a field that was accepted has changed here; the same field changes the same again.
  struct Effect: BitwiseCopyable {
    fileprivate let seen: Seen
    static let none = Effect(seen: [])
  }

  private var seen: Seen = []
  /// Of `content-length`; nil where there is none or it means nothing.
  private(set) var contentLength: Int?

  /// - Parameter isTrailer: the block comes after the body.
  init(isTrailer: Bool) { if isTrailer { seen = .trailer } }

  /// What has been seen since `earlier`, a state of the same block.
  @inline(__always) func effect(since earlier: RequestRules) -> Effect {
    Effect(seen: seen.subtracting(earlier.seen).union(seen.intersection(.regular)))
  }

  /// Takes in a field that was accepted in another block; false if it must be judged here.
  @inline(__always)
  mutating func accept(_ effect: Effect) -> Bool {
    guard seen.intersection(effect.seen).isDisjoint(with: .unique), !effect.seen.contains(.contentLength) else { return false }
    if !effect.seen.isDisjoint(with: .pseudo) {
      guard seen.isDisjoint(with: [.trailer, .regular]) else { return false }
    }
    seen.formUnion(effect.seen)
    return true
  }

  /// - Returns: false if the stream must be reset with PROTOCOL_ERROR.
  @inline(__always)
  mutating func judge(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Bool {
    guard let first = name.first else { return false }
    return first == UInt8(ascii: ":") ? judgePseudo(name, value) : judgeRegular(name, value)
  }

  /// Whether all is there that a request needs. Asked once, at the end of its block.
  mutating func endBlock() -> Bool {
    if seen.contains(.isConnect) {
      contentLength = nil
      return seen.isDisjoint(with: [.scheme, .path]) && seen.contains(.authority)
    }
    guard seen.isSuperset(of: [.method, .scheme, .path]), !seen.isDisjoint(with: [.authority, .host]) else { return false }
    return !seen.contains(.isHTTP) || seen.contains(.hasRootedPath) || seen.isSuperset(of: [.isOptions, .hasAsteriskPath])
  }

  // MARK: Pseudo-header fields

  private mutating func judgePseudo(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Bool {
    guard seen.isDisjoint(with: [.trailer, .regular]), let first = value.first else { return false }
    let kind: Seen
    let isValid: Bool
    switch name.count {
    case 5 where name == ":path":
      kind = .path
      isValid = FieldText.isPath(value)
      if first == UInt8(ascii: "/") { seen.insert(.hasRootedPath) }
      if first == UInt8(ascii: "*"), value.count == 1 { seen.insert(.hasAsteriskPath) }
    case 7 where name == ":method":
      kind = .method
      isValid = FieldText.isToken(value)
      if value == "CONNECT" { seen.insert(.isConnect) }
      if value == "OPTIONS" { seen.insert(.isOptions) }
    case 7 where name == ":scheme":
      kind = .scheme
      isValid = FieldText.isScheme(value)
      if FieldText.equalsIgnoringCase(value, "http") || FieldText.equalsIgnoringCase(value, "https") { seen.insert(.isHTTP) }
    case 10 where name == ":authority":
      kind = .authority
      isValid = FieldText.isAuthority(value)
    // `:protocol` too: extended CONNECT (RFC 8441) was not offered.
    default: return false
    }
    return isValid && seen.insert(kind).inserted
  }

  // MARK: All others

  private mutating func judgeRegular(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Bool {
    seen.insert(.regular)
    guard FieldText.isName(name) else { return false }
    switch name.count {
    case 2 where name == "te": return FieldText.equalsIgnoringCase(value, "trailers")
    case 4 where name == "host": return !value.isEmpty && FieldText.isAuthority(value) && seen.insert(.host).inserted
    case 14 where name == "content-length":
      guard seen.insert(.contentLength).inserted, let length = FieldText.number(value) else { return false }
      contentLength = length
      return true
    default: return !FieldText.isOfConnection(name) && FieldText.isValue(value)
    }
  }
}
