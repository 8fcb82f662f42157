import EventLoops
import Testing

@testable import Postgres

@Suite("The pool's decisions")
struct PoolStateTests {
  private func pool(connections: Int = 2, depth: Int = 2, waiters: Int = 3) -> PoolState<Int> {
    PoolState<Int>(
      limits: .init(connectionsMax: connections, pipelineDepthMax: depth, waitersMax: waiters),
      backoff: ReconnectBackoff(initialMilliseconds: 10, maximumMilliseconds: 100))
  }

  @Test func aCallerWaitsForTheFirstConnection() {
    var state = pool()
    #expect(state.start() == [.open])
    #expect(state.request(.query, 1) == [.open], "one more may be made for it")
    #expect(state.opened(1) == [.assign(1, to: 1)])
  }

  @Test func idleFirstThenGrowThenPipelineThenWait() {
    var state = pool()
    _ = state.start()
    _ = state.opened(1)
    #expect(state.request(.query, 1) == [.assign(1, to: 1)])
    #expect(state.request(.query, 2) == [.open, .assign(2, to: 1)])
    #expect(state.request(.query, 3) == [], "depth and connections are used up")
    #expect(state.opened(2) == [.assign(3, to: 2)])
    #expect(state.finished(1) == [] && state.finished(1) == [])
    #expect(state.request(.query, 4) == [.assign(4, to: 1)])
  }

  @Test func whoWaitsTakesThePlaceOfAStatementThatIsThrough() {
    var state = pool(connections: 2, depth: 1)
    _ = state.start()
    _ = state.opened(1)
    #expect(state.request(.query, 1) == [.assign(1, to: 1)])
    #expect(state.handOver(1) == nil, "nobody waits")
    #expect(state.request(.query, 2) == [.open])
    #expect(state.request(.query, 3) == [])
    #expect(state.handOver(2) == nil, "there is no such connection")
    #expect(state.handOver(1) == 2 && state.busyCount == 1 && state.waitingCount == 1)
    _ = state.paused(1, true)
    #expect(state.handOver(1) == nil, "it is paused")
    #expect(state.finished(1) == [] && state.busyCount == 0)
    #expect(state.paused(1, false) == [.assign(3, to: 1)])
    #expect(state.request(.lease, 4) == [])
    #expect(state.handOver(1) == nil, "a lease needs a connection with nothing in flight")
    #expect(state.finished(1) == [.assign(4, to: 1)] && state.busyCount == 1)
    #expect(state.request(.query, 5) == [])
    #expect(state.handOver(1) == nil, "it is lent")
    #expect(state.released(1) == [.assign(5, to: 1)])
    #expect(state.close() == [] && state.handOver(1) == nil)
  }

  @Test func aLeaseIsAloneAndNobodyOvertakesIt() {
    var state = pool(connections: 1)
    _ = state.start()
    _ = state.opened(1)
    #expect(state.request(.query, 1) == [.assign(1, to: 1)])
    #expect(state.request(.lease, 2) == [])
    #expect(state.request(.query, 3) == [], "it came after the lease")
    #expect(state.finished(1) == [.assign(2, to: 1)])
    #expect(state.released(1) == [.assign(3, to: 1)])
  }

  @Test func waitersAreBoundedAndMayLeave() {
    var state = pool(connections: 1, waiters: 1)
    _ = state.start()
    #expect(state.request(.lease, 1) == [])
    #expect(state.request(.lease, 2) == [.refuse(2, .overloaded(waitersMax: 1))])
    #expect(state.withdraw(1) == [])
    #expect(state.opened(1) == [] && state.waitingCount == 0)
  }

  @Test func withoutTheServerEverybodyIsRefusedAtOnce() {
    var state = pool()
    _ = state.start()
    _ = state.request(.query, 1)
    #expect(state.openFailed("refused", chance: 0) == [.retry(afterMilliseconds: 10)], "another attempt is still under way")
    #expect(state.openFailed("refused", chance: 0) == [.refuse(1, .unavailable("refused"))])
    #expect(state.request(.query, 2) == [.refuse(2, .unavailable("refused"))])
    #expect(state.retryDue() == [.open])
    #expect(state.request(.query, 3) == [.refuse(3, .unavailable("refused"))])
    #expect(state.opened(7) == [] && state.failure == nil)
    #expect(state.request(.query, 4) == [.assign(4, to: 7)])
  }

  @Test func theLastConnectionIsReplacedBeforeAnybodyAsks() {
    var state = pool()
    _ = state.start()
    _ = state.opened(1)
    #expect(state.lost(1) == [.open])
    #expect(state.openFailed("gone", chance: 0) == [.retry(afterMilliseconds: 10)])
  }

  @Test func aPausedConnectionGetsNoWork() {
    var state = pool(connections: 1)
    _ = state.start()
    _ = state.opened(1)
    _ = state.paused(1, true)
    #expect(state.request(.query, 1) == [])
    #expect(state.paused(1, false) == [.assign(1, to: 1)])
  }

  @Test func closingRefusesAll() {
    var state = pool()
    _ = state.start()
    _ = state.request(.query, 1)
    #expect(state.close() == [.refuse(1, .closed)])
    #expect(state.request(.query, 2) == [.refuse(2, .closed)])
    #expect(state.openFailed("x", chance: 0) == [])
  }
}
