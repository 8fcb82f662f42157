import Synchronization

/// What a server did since it was made. Written on its loop, read from any thread.
public final class HTTPServerStatistics: Sendable {
  private enum Cell: Int, CaseIterable {
    case connectionsOpen, connectionsTotal, connectionsRefused, connectionsEvicted, connectionsEnded, heldBytes
    case requestsTotal, requestsActive, requestsMalformed, bytesReceived, bytesSent, class0, class1, class2, class3, class4, class5
  }

  private nonisolated(unsafe) let cells: UnsafeMutablePointer<Atomic<UInt64>>

  init() {
    cells = .allocate(capacity: Cell.allCases.count)
    for cell in Cell.allCases { (cells + cell.rawValue).initialize(to: Atomic(0)) }
  }

  deinit {
    cells.deinitialize(count: Cell.allCases.count)
    cells.deallocate()
  }

  /// One writer, the loop: plain loads and stores.
  private subscript(_ cell: Cell) -> UInt64 {
    get { cells[cell.rawValue].load(ordering: .relaxed) }
    set { cells[cell.rawValue].store(newValue, ordering: .relaxed) }
  }

  public internal(set) var connectionsOpen: Int {
    get { Int(self[.connectionsOpen]) }
    set { self[.connectionsOpen] = UInt64(newValue) }
  }
  public internal(set) var connectionsTotal: UInt64 {
    get { self[.connectionsTotal] }
    set { self[.connectionsTotal] = newValue }
  }
  public internal(set) var connectionsRefused: UInt64 {
    get { self[.connectionsRefused] }
    set { self[.connectionsRefused] = newValue }
  }
  /// Closed while they had no request, to make room for others.
  public internal(set) var connectionsEvicted: UInt64 {
    get { self[.connectionsEvicted] }
    set { self[.connectionsEvicted] = newValue }
  }
  /// Ended because the client kept the server waiting, or spent its glitch budget.
  public internal(set) var connectionsEnded: UInt64 {
    get { self[.connectionsEnded] }
    set { self[.connectionsEnded] = newValue }
  }
  /// Bytes of answers that wait to be sent, on all connections.
  public internal(set) var heldBytes: Int {
    get { Int(truncatingIfNeeded: Int64(bitPattern: self[.heldBytes])) }
    set { self[.heldBytes] = UInt64(bitPattern: Int64(newValue)) }
  }
  public internal(set) var requestsTotal: UInt64 {
    get { self[.requestsTotal] }
    set { self[.requestsTotal] = newValue }
  }
  public internal(set) var requestsActive: Int {
    get { Int(self[.requestsActive]) }
    set { self[.requestsActive] = UInt64(newValue) }
  }
  /// Requests answered before a handler saw them, because they broke HTTP or a limit.
  public internal(set) var requestsMalformed: UInt64 {
    get { self[.requestsMalformed] }
    set { self[.requestsMalformed] = newValue }
  }
  public internal(set) var bytesReceived: UInt64 {
    get { self[.bytesReceived] }
    set { self[.bytesReceived] = newValue }
  }
  public internal(set) var bytesSent: UInt64 {
    get { self[.bytesSent] }
    set { self[.bytesSent] = newValue }
  }
  /// Responses by the first digit of their status: index 2 for 2xx, and so on.
  public var responsesByClass: [UInt64] { (0...5).map { cells[Cell.class0.rawValue + $0].load(ordering: .relaxed) } }

  func count(status: Int) {
    guard let cell = Cell(rawValue: Cell.class0.rawValue + status / 100) else { return }
    self[cell] += 1
  }
}
