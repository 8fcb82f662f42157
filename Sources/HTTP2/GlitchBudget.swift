/// What a peer may do on one connection that helps nobody, before it is cut off.
///
/// Every frame costs; what is useful gives back more than it cost: a stream that ended with its answer, DATA with bytes in it, DATA that the
/// peer lets us send. So a peer that does its work never runs short, whatever its habits (PINGs for bandwidth estimates, a
/// WINDOW_UPDATE for each DATA frame, cancelled calls among others). One that floods without working spends the whole budget in
/// a fraction of a second. Time gives back a little, for connections that have nothing to do but keep themselves alive.
///
/// The costs reflect how much work a frame makes relative to a PING.
struct GlitchBudget {
  /// A request whose stream ended without its answer, whoever reset it (CVE-2023-44487).
  static let unansweredStreamCost = 10
  static let answeredRefund = 50
  /// The peer made us reset a stream (CVE-2025-8671), or sent what its stream's state does not allow.
  static let invalidFrameCost = 20
  /// A header block above the limit: it was decoded and thrown away.
  static let oversizedHeadersCost = 100
  /// A stream that had to be given up because the peer neither sent nor took anything for too long.
  static let stalledStreamCost = 500
  /// An acknowledgement of a PING that was not sent.
  static let strayPingCost = 20
  static let sentDataRefund = 4
  /// A DATA frame that we send below this size, because the peer's window is no larger, gives back nothing: a peer could have its answers
  /// byte by byte.
  static let sentDataBytesMin = 512

  /// Less would cut off a client that opens all its streams at once.
  private static let budgetMin = 300

  private let max: Int
  private let refundPerSecond: Int
  private(set) var left: Int
  private var clockNanoseconds: UInt64 = 0
  private static let tickNanoseconds: UInt64 = 50_000_000

  init(_ configuration: HTTP2Configuration) {
    max = Swift.max(configuration.glitchBudget, Self.budgetMin)
    refundPerSecond = configuration.glitchRefundPerSecond
    left = max
  }

  @inline(__always) static func cost(ofFrame type: UInt8) -> Int {
    switch type {
    // Each goes through all open streams when it changes their windows, and peers send a handful in the life of a connection.
    case FrameType.settings: 20
    // nghttp2 ends the connection at the ninth of one block.
    case FrameType.continuation: 10
    default: 1
    }
  }

  @inline(__always) mutating func spend(_ cost: Int) { left -= cost }

  /// For what ends a connection by itself.
  mutating func spendAll() { left = min(left, -1) }

  @inline(__always) mutating func giveBack(_ refund: Int) { left = min(left + refund, max) }

  /// For whoever has a clock: gives back what is due for the time since the last call.
  mutating func advance(to nowNanoseconds: UInt64) {
    let passed = nowNanoseconds &- clockNanoseconds
    guard passed >= Self.tickNanoseconds, nowNanoseconds > clockNanoseconds else { return }
    // The first call only sets the clock: it counts from any moment. A budget is full after a minute in any case.
    if clockNanoseconds != 0 { giveBack(Int(min(passed, 60_000_000_000) / 1_000_000) * refundPerSecond / 1000) }
    clockNanoseconds = nowNanoseconds
  }
}
