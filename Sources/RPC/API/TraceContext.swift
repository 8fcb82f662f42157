import Synchronization

/// Where in a distributed trace something happens: W3C Trace Context, level 1.
///
/// Every hop goes on with the trace of its caller under a span id of its own (`child()`).
public struct TraceContext: Sendable, Hashable {
  private let high: UInt64
  private let low: UInt64
  private let span: UInt64
  private let flags: UInt8
  /// `tracestate`, as it is passed on; nil for none.
  public let state: String?

  /// 32 hexadecimal digits.
  public var traceID: String { Self.hex(high) + Self.hex(low) }
  /// 16 hexadecimal digits.
  public var spanID: String { Self.hex(span) }
  /// The one who began the trace records it, so that others should too.
  public var isSampled: Bool { flags & 1 == 1 }

  private init(high: UInt64, low: UInt64, span: UInt64, flags: UInt8, state: String?) {
    self.high = high
    self.low = low
    self.span = span
    self.flags = flags
    self.state = state
  }

  /// A new trace.
  public init() {
    self.init(high: Self.identifier(), low: Self.identifier(), span: Self.identifier(), flags: 0, state: nil)
  }

  /// Reads the caller's header fields.
  /// - Returns: nil where `parent` is not valid; a `state` that is not valid is left out, as section 3.3 of the recommendation says.
  public init?(parent: String, states: [String] = []) {
    let text = Array(parent.utf8)
    guard text.count >= 55, text[2] == 0x2D, text[35] == 0x2D, text[52] == 0x2D else { return nil }
    guard let version = Self.number(text[0..<2]), version != 0xFF else { return nil }
    // Later versions may be longer, and what they add comes after a dash.
    guard text.count == 55 || (version > 0 && text[55] == 0x2D && text.count <= 512) else { return nil }
    guard let high = Self.number(text[3..<19]), let low = Self.number(text[19..<35]), let span = Self.number(text[36..<52]),
      let flags = Self.number(text[53..<55]), high | low != 0, span != 0
    else { return nil }
    // Only the flags of version 00 mean something to us.
    self.init(high: high, low: low, span: span, flags: UInt8(flags) & 1, state: TraceState.joined(states))
  }

  /// The same trace, one hop on.
  public func child() -> TraceContext { TraceContext(high: high, low: low, span: Self.identifier(), flags: flags, state: state) }

  /// The `traceparent` of calls that are made from here.
  public var parent: String { "00-\(Self.hex(high))\(Self.hex(low))-\(Self.hex(span))-\(flags == 0 ? "00" : "01")" }

  // MARK: Digits

  private static func number(_ digits: ArraySlice<UInt8>) -> UInt64? {
    var value: UInt64 = 0
    for digit in digits {
      switch digit {
      case 0x30...0x39: value = value << 4 | UInt64(digit - 0x30)
      case 0x61...0x66: value = value << 4 | UInt64(digit - 0x61 + 10)
      default: return nil
      }
    }
    return value
  }

  private static func hex(_ value: UInt64) -> String {
    String(unsafeUninitializedCapacity: 16) { target in
      for index in 0..<16 {
        let digit = UInt8(truncatingIfNeeded: value >> UInt64(60 - 4 * index)) & 15
        target[index] = digit < 10 ? 0x30 + digit : 0x57 + digit
      }
      return 16
    }
  }

  // MARK: New identifiers

  private static let seed = UInt64.random(in: 0 ... .max)
  private static let drawn = Atomic<UInt64>(0)

  /// Not zero. SplitMix64 from a random start: no system call for each, and no value comes twice in a process.
  private static func identifier() -> UInt64 {
    var value = seed &+ drawn.wrappingAdd(1, ordering: .relaxed).newValue &* 0x9E37_79B9_7F4A_7C15
    value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
    value ^= value >> 31
    return value == 0 ? 1 : value
  }
}
