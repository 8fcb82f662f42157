/// What a server did since it was made. Loop thread only; a metrics page copies it.
public struct HTTPServerStatistics: Sendable {
  public internal(set) var connectionsOpen = 0
  public internal(set) var connectionsTotal: UInt64 = 0
  public internal(set) var connectionsRefused: UInt64 = 0
  /// Closed while they had no request, to make room for others.
  public internal(set) var connectionsEvicted: UInt64 = 0
  /// Ended because the client kept the server waiting, or spent its glitch budget.
  public internal(set) var connectionsEnded: UInt64 = 0
  /// Bytes of answers that wait to be sent, on all connections.
  public internal(set) var heldBytes = 0
  public internal(set) var requestsTotal: UInt64 = 0
  public internal(set) var requestsActive = 0
  /// Requests answered before a handler saw them, because they broke HTTP or a limit.
  public internal(set) var requestsMalformed: UInt64 = 0
  public internal(set) var bytesReceived: UInt64 = 0
  public internal(set) var bytesSent: UInt64 = 0
  /// Responses by the first digit of their status: index 2 for 2xx, and so on.
  public internal(set) var responsesByClass: [UInt64] = [0, 0, 0, 0, 0, 0]

  mutating func count(status: Int) {
    let digit = status / 100
    if responsesByClass.indices.contains(digit) { responsesByClass[digit] += 1 }
  }
}
