/// The calls of one channel that wait for a connection, in their order. Loop thread only.
///
/// Apart from the channel, so that a connection can tell of room for another call without asking whether the channel is still there.
final class WaitingCalls {
  private var waiters: [LoopWaiter] = []

  var count: Int { waiters.count }

  func add(_ waiter: LoopWaiter) { waiters.append(waiter) }

  func remove(_ waiter: LoopWaiter) { waiters.removeAll { $0 === waiter } }

  func wakeFirst() {
    if !waiters.isEmpty { waiters.removeFirst().signal() }
  }

  func wakeAll() {
    guard !waiters.isEmpty else { return }
    let all = waiters
    waiters = []
    for waiter in all { waiter.signal() }
  }
}
