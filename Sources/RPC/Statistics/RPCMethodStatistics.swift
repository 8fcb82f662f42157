/// What became of the calls of one method on one loop, as gRFC A66 counts it. Written on the loop, read from any thread.
public final class RPCMethodStatistics: Sendable {
  /// `package.Service/Method`, or "other".
  public let method: String
  /// Whom a client calls; empty at a server.
  public let target: String

  /// What ended with one status. At a server a call is one attempt.
  public struct Outcome: Sendable {
    public let code: StatusCode
    public let attemptSeconds: RPCHistogram
    /// Payloads of all messages of an attempt as they were on the wire, without prefixes.
    public let sentBytes: RPCHistogram
    public let receivedBytes: RPCHistogram
    /// Client only: from the beginning of a call to its end, all attempts and the waits between them included.
    public let callSeconds: RPCHistogram
  }

  private let cells: SingleWriterCells

  private static let times = RPCBuckets.nanoseconds.count + 2
  private static let sizes = RPCBuckets.bytes.count + 2
  private static let stride = 2 * times + 2 * sizes

  init(method: String, target: String) {
    self.method = method
    self.target = target
    cells = SingleWriterCells(count: 1 + StatusCode.allCases.count * Self.stride)
  }

  // MARK: Writing, on the loop

  func attemptStarted() { cells.add(1, at: 0) }

  func attemptEnded(_ code: StatusCode, nanoseconds: UInt64, sentBytes: UInt64, receivedBytes: UInt64) {
    let base = 1 + Int(code.rawValue) * Self.stride
    add(nanoseconds, RPCBuckets.nanoseconds, at: base)
    add(sentBytes, RPCBuckets.bytes, at: base + Self.times)
    add(receivedBytes, RPCBuckets.bytes, at: base + Self.times + Self.sizes)
  }

  func callEnded(_ code: StatusCode, nanoseconds: UInt64) {
    add(nanoseconds, RPCBuckets.nanoseconds, at: 1 + Int(code.rawValue) * Self.stride + Self.times + 2 * Self.sizes)
  }

  private func add(_ value: UInt64, _ bounds: [UInt64], at base: Int) {
    cells.add(1, at: base + RPCBuckets.index(of: value, in: bounds))
    cells.add(value, at: base + bounds.count + 1)
  }

  // MARK: Reading

  public var attemptsStarted: UInt64 { cells[0] }

  /// One for each status that occurred.
  public var outcomes: [Outcome] {
    let bytes = RPCBuckets.bytes.map { Double($0) }
    return StatusCode.allCases.compactMap { code in
      let base = 1 + Int(code.rawValue) * Self.stride
      let attempts = histogram(RPCBuckets.seconds, unit: 1e9, at: base)
      let calls = histogram(RPCBuckets.seconds, unit: 1e9, at: base + Self.times + 2 * Self.sizes)
      guard attempts.counts.contains(where: { $0 > 0 }) || calls.counts.contains(where: { $0 > 0 }) else { return nil }
      return Outcome(
        code: code, attemptSeconds: attempts, sentBytes: histogram(bytes, unit: 1, at: base + Self.times),
        receivedBytes: histogram(bytes, unit: 1, at: base + Self.times + Self.sizes), callSeconds: calls)
    }
  }

  private func histogram(_ bounds: [Double], unit: Double, at base: Int) -> RPCHistogram {
    RPCHistogram(bounds: bounds, counts: (0...bounds.count).map { cells[base + $0] }, sum: Double(cells[base + bounds.count + 1]) / unit)
  }
}
