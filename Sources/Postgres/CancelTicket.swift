import CLibpq

/// libpq's way to cancel: a connection of its own, blocking, so it is done on the thread pool.
final class CancelTicket: @unchecked Sendable {
  private let cancel: OpaquePointer
  /// The server has passed it on. This and `victim` belong to the loop.
  var isSent = false
  var victim: PostgresRequest?

  init(_ cancel: OpaquePointer) { self.cancel = cancel }

  deinit { PQfreeCancel(cancel) }

  func send() {
    var buffer = [CChar](repeating: 0, count: 256)
    PQcancel(cancel, &buffer, 256)
  }
}

/// One cancellation of a pool at a time. Where the server's host is gone, each blocks its thread for minutes, and the few threads of the
/// process's pool are needed for other things. Loop thread only.
final class CancelTurn {
  private var isTaken = false

  /// False: somebody else has it.
  func take() -> Bool {
    guard !isTaken else { return false }
    isTaken = true
    return true
  }

  func giveBack() { isTaken = false }
}
