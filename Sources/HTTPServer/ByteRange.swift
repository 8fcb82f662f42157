/// The Range field (RFC 9110 section 14.2) against one representation. Only single ranges are served; several mean the whole.
public enum ByteRange: Equatable, Sendable {
  /// No range, or one that may be ignored.
  case whole
  case part(offset: UInt64, count: UInt64)
  /// 416 with `Content-Range: bytes */size`.
  case unsatisfiable

  public init(_ field: String?, size: UInt64) {
    guard let field, field.utf8.count <= 100, let equals = field.firstIndex(of: "="), field[..<equals].lowercased() == "bytes" else {
      self = .whole
      return
    }
    let spec = field[field.index(after: equals)...]
    guard !spec.contains(","), let dash = spec.firstIndex(of: "-") else {
      self = .whole
      return
    }
    let first = spec[..<dash]
    let last = spec[spec.index(after: dash)...]
    guard first.utf8.allSatisfy(Self.isDigit), last.utf8.allSatisfy(Self.isDigit), !(first.isEmpty && last.isEmpty) else {
      self = .whole
      return
    }
    self = Self.resolve(first: first, last: last, size: size)
  }

  private static func resolve(first: Substring, last: Substring, size: UInt64) -> ByteRange {
    // Numbers past 2^64 are past the end of everything.
    let end = last.isEmpty ? UInt64.max : UInt64(last) ?? .max
    guard !first.isEmpty else {
      guard end > 0, size > 0 else { return .unsatisfiable }
      let count = min(end, size)
      return .part(offset: size - count, count: count)
    }
    let start = UInt64(first) ?? .max
    guard start <= end else { return .whole }
    guard start < size else { return .unsatisfiable }
    return .part(offset: start, count: min(end, size - 1) - start + 1)
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
