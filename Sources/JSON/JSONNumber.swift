/// A JSON number as it was written. Converted exactly or not at all.
public struct JSONNumber: Sendable, Equatable, CustomStringConvertible {
  /// The number in the grammar of RFC 8259 section 6.
  public let text: String

  /// Nil where the text is not a JSON number of at most 64 bytes.
  public init?(text: String) {
    let bytes = Array(text.utf8)
    guard !bytes.isEmpty, bytes.count <= JSONLimits.standard.numberBytesMax, JSONNumber.length(in: bytes) == bytes.count else { return nil }
    self.text = text
  }

  /// The caller has checked the grammar.
  init(checked text: String) { self.text = text }

  public init(_ value: some FixedWidthInteger) { text = String(value) }

  /// Nil for infinities and NaN, which JSON cannot say.
  public init?(_ value: Double) {
    guard value.isFinite else { return nil }
    text = JSONWriter.text(of: value)
  }

  public var description: String { text }

  /// The nearest double. A number beyond its range is infinite.
  public var double: Double { Double(text) ?? .nan }

  public var int64: Int64? {
    switch scaled(places: 0) {
    case .value(false, let magnitude): Int64(exactly: magnitude)
    case .value(true, let magnitude): magnitude <= 1 << 63 ? Int64(truncatingIfNeeded: 0 &- magnitude) : nil
    case .fraction, .tooLarge: nil
    }
  }

  public var uint64: UInt64? {
    guard case .value(let negative, let magnitude) = scaled(places: 0), !negative || magnitude == 0 else { return nil }
    return magnitude
  }

  /// A number as a count of units.
  public enum Scaled: Equatable, Sendable {
    case value(negative: Bool, magnitude: UInt64)
    /// Not a whole number of units.
    case fraction
    /// Whole, but beyond 64 bits.
    case tooLarge(negative: Bool)
  }

  /// This number times 10 to the power of `places`, computed in decimal: with six places dollars become micro-dollars.
  /// With `rounding`, what lies beyond the last place is rounded to the nearest unit, halves away from zero.
  public func scaled(places: Int, rounding: Bool = false) -> Scaled {
    var negative = false
    var digits: [UInt8] = []
    var exponent = places
    var written = 0
    var writtenIsNegative = false
    var part = Part.whole
    for byte in text.utf8 {
      switch (part, byte) {
      case (.whole, UInt8(ascii: "-")): negative = true
      case (.whole, UInt8(ascii: ".")): part = .fraction
      case (_, UInt8(ascii: "e")), (_, UInt8(ascii: "E")): part = .exponent
      case (.exponent, UInt8(ascii: "-")): writtenIsNegative = true
      case (.exponent, UInt8(ascii: "+")): break
      case (.exponent, _): written = min(written * 10 + Int(byte - UInt8(ascii: "0")), 1_000_000)
      case (_, _):
        if part == .fraction { exponent -= 1 }
        if byte != UInt8(ascii: "0") || !digits.isEmpty { digits.append(byte - UInt8(ascii: "0")) }
      }
    }
    exponent += writtenIsNegative ? -written : written
    while digits.last == 0 {
      digits.removeLast()
      exponent += 1
    }
    if digits.isEmpty { return .value(negative: false, magnitude: 0) }
    var roundUp = false
    if exponent < 0 {
      guard rounding else { return .fraction }
      let kept = digits.count + exponent
      roundUp = kept >= 0 && digits[kept] >= 5
      digits.removeLast(min(-exponent, digits.count))
      exponent = 0
    }
    return JSONNumber.assemble(digits, exponent: exponent, negative: negative, roundUp: roundUp)
  }

  private enum Part { case whole, fraction, exponent }

  private static func assemble(_ digits: [UInt8], exponent: Int, negative: Bool, roundUp: Bool) -> Scaled {
    guard digits.count + exponent <= 20 else { return .tooLarge(negative: negative) }
    var magnitude: UInt64 = 0
    for place in 0..<(digits.count + exponent) {
      let digit = place < digits.count ? UInt64(digits[place]) : 0
      let (product, overflow) = magnitude.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(digit)
      if overflow || carry { return .tooLarge(negative: negative) }
      magnitude = sum
    }
    if roundUp {
      let (sum, carry) = magnitude.addingReportingOverflow(1)
      if carry { return .tooLarge(negative: negative) }
      magnitude = sum
    }
    return .value(negative: negative && magnitude != 0, magnitude: magnitude)
  }

  /// How many of the first bytes make up a number; 0 where they do not start with one.
  static func length(in bytes: some RandomAccessCollection<UInt8>) -> Int {
    var index = bytes.startIndex
    func digits() -> Int {
      let first = index
      while index < bytes.endIndex, bytes[index] >= UInt8(ascii: "0"), bytes[index] <= UInt8(ascii: "9") { index = bytes.index(after: index) }
      return bytes.distance(from: first, to: index)
    }
    func take(_ accepted: UInt8...) -> Bool {
      guard index < bytes.endIndex, accepted.contains(bytes[index]) else { return false }
      index = bytes.index(after: index)
      return true
    }
    _ = take(UInt8(ascii: "-"))
    if !take(UInt8(ascii: "0")), digits() == 0 { return 0 }
    if take(UInt8(ascii: ".")), digits() == 0 { return 0 }
    if take(UInt8(ascii: "e"), UInt8(ascii: "E")) {
      _ = take(UInt8(ascii: "+"), UInt8(ascii: "-"))
      if digits() == 0 { return 0 }
    }
    return bytes.distance(from: bytes.startIndex, to: index)
  }
}
