import EventLoops

/// Who gets which connection of a pool, and when new ones are made. Pure: it answers what to do and does nothing.
///
/// Statements of their own (`query`) share connections: an idle one if there is one, else the least loaded, up to its depth.
/// Whoever needs a connection alone (`lease`) gets one with nothing in flight. First come, first served: nobody is overtaken for ever.
/// Once no connection is left and an attempt has failed, everybody is refused at once until an attempt succeeds.
///
/// `Ticket` is who asks; the pool uses the waiting object itself, tests use numbers.
struct PoolState<Ticket: Equatable> {
  typealias Member = Int

  enum Work: Equatable { case query, lease }

  enum Action: Equatable {
    case assign(Ticket, to: Member)
    case open
    /// Indirect, so that the rest, which happens with every statement, is small.
    indirect case refuse(Ticket, PostgresError)
    case retry(afterMilliseconds: UInt64)
  }

  struct Limits {
    var connectionsMax: Int
    var pipelineDepthMax: Int
    var waitersMax: Int
  }

  private struct Entry {
    let member: Member
    var inFlight = 0
    var isLeased = false
    var isPaused = false
    var isFree: Bool { !isLeased && !isPaused }
    var isBusy: Bool { isLeased || inFlight > 0 }
  }

  private struct Waiter {
    var ticket: Ticket
    var work: Work
  }

  private let limits: Limits
  private var backoff: ReconnectBackoff
  /// Few: looking through them is cheaper than hashing.
  private var entries: [Entry] = []
  private var waiting = FIFOQueue<Waiter>()
  /// Entries that have a statement in flight or are lent.
  private(set) var busyCount = 0
  private(set) var opening = 0
  private var isBackingOff = false
  private(set) var isClosed = false
  /// Why the database counts as away; nil while it does not.
  private(set) var failure: String?

  init(limits: Limits, backoff: ReconnectBackoff) {
    self.limits = limits
    self.backoff = backoff
  }

  var memberCount: Int { entries.count }
  var waitingCount: Int { waiting.count }

  // MARK: Callers

  mutating func request(_ work: Work, _ ticket: Ticket) -> [Action] {
    if isClosed { return [.refuse(ticket, .closed)] }
    if let failure { return [.refuse(ticket, .unavailable(failure))] }
    if waiting.count >= limits.waitersMax { return [.refuse(ticket, .overloaded(waitersMax: limits.waitersMax))] }
    // Behind somebody for whom there is nothing, there is nothing either.
    let isHopeless = !waiting.isEmpty && isGrown
    waiting.append(Waiter(ticket: ticket, work: work))
    return isHopeless ? [] : dispatch()
  }

  /// The caller does not wait any longer.
  mutating func withdraw(_ ticket: Ticket) -> [Action] {
    for waiter in waiting.drain() where waiter.ticket != ticket { waiting.append(waiter) }
    return dispatch()
  }

  /// One statement of `member` is through.
  mutating func finished(_ member: Member) -> [Action] {
    guard let index = index(of: member) else { return [] }
    change(index) { $0.inFlight = max(0, $0.inFlight - 1) }
    return waiting.isEmpty ? [] : dispatch()
  }

  /// One statement of `member` is through, and the first who waits takes its place: all that happens under load. Nil, and nothing has
  /// changed, where it is not as simple as that; then it is for `finished`.
  mutating func handOver(_ member: Member) -> Ticket? {
    // As long as anybody waits, the other connections are full, and new ones come only from `dispatch`.
    guard let first = waiting.first, first.work == .query, isGrown, !isClosed else { return nil }
    guard let index = index(of: member), entries[index].isFree, entries[index].inFlight > 0 else { return nil }
    waiting.popFirst()
    return first.ticket
  }

  /// No connection can be added now.
  private var isGrown: Bool { isBackingOff || entries.count + opening >= limits.connectionsMax }

  /// The one who had `member` alone is done with it.
  mutating func released(_ member: Member) -> [Action] {
    if let index = index(of: member) { change(index) { $0.isLeased = false } }
    return dispatch()
  }

  mutating func paused(_ member: Member, _ isPaused: Bool) -> [Action] {
    if let index = index(of: member) { entries[index].isPaused = isPaused }
    return isPaused ? [] : dispatch()
  }

  // MARK: Connections

  /// The first connection is made before anybody asks.
  mutating func start() -> [Action] {
    opening += 1
    return [.open]
  }

  mutating func opened(_ member: Member) -> [Action] {
    opening -= 1
    failure = nil
    isBackingOff = false
    backoff.reset()
    entries.append(Entry(member: member))
    return dispatch()
  }

  mutating func openFailed(_ reason: String, chance: Double) -> [Action] {
    opening -= 1
    guard !isClosed else { return [] }
    var actions: [Action] = []
    if entries.isEmpty, opening == 0 {
      failure = reason
      actions = waiting.drain().map { .refuse($0.ticket, .unavailable(reason)) }
    }
    if !isBackingOff {
      isBackingOff = true
      actions.append(.retry(afterMilliseconds: backoff.nextDelayMilliseconds(chance: chance)))
    }
    return actions
  }

  /// The delay of a `retry` is over.
  mutating func retryDue() -> [Action] {
    guard isBackingOff, !isClosed else { return [] }
    isBackingOff = false
    guard failure != nil else { return dispatch() }
    opening += 1
    return [.open]
  }

  mutating func lost(_ member: Member) -> [Action] {
    if let index = index(of: member) { busyCount -= entries.remove(at: index).isBusy ? 1 : 0 }
    let actions = dispatch()
    guard entries.isEmpty, opening == 0, !isBackingOff, !isClosed else { return actions }
    // Also when nobody asks: whether the database is there shall be known before somebody does.
    opening += 1
    return actions + [.open]
  }

  mutating func close() -> [Action] {
    isClosed = true
    return waiting.drain().map { .refuse($0.ticket, .closed) }
  }

  // MARK: Matching

  private mutating func dispatch() -> [Action] {
    guard !isClosed else { return [] }
    var actions: [Action] = []
    while let waiter = waiting.first {
      guard let index = choose(for: waiter.work, growing: &actions) else { break }
      change(index) {
        $0.inFlight += waiter.work == .query ? 1 : 0
        $0.isLeased = waiter.work == .lease
      }
      actions.append(.assign(waiter.ticket, to: entries[index].member))
      _ = waiting.popFirst()
    }
    return actions
  }

  /// Index of an entry.
  private mutating func choose(for work: Work, growing actions: inout [Action]) -> Int? {
    // The oldest one among equals, so that a quiet pool keeps using the same connection: entries are in the order in which they were made.
    var least: Int?
    var leastInFlight = Int.max
    for index in entries.indices where entries[index].isFree && entries[index].inFlight < leastInFlight {
      least = index
      leastInFlight = entries[index].inFlight
    }
    if leastInFlight == 0 { return least }
    if entries.count + opening < limits.connectionsMax, !isBackingOff, !actions.contains(.open) {
      opening += 1
      actions.append(.open)
    }
    guard work == .query, leastInFlight < limits.pipelineDepthMax else { return nil }
    return least
  }

  private mutating func change(_ index: Int, _ body: (inout Entry) -> Void) {
    let wasBusy = entries[index].isBusy
    body(&entries[index])
    let isBusy = entries[index].isBusy
    if wasBusy != isBusy { busyCount += isBusy ? 1 : -1 }
  }

  private func index(of member: Member) -> Int? {
    for index in entries.indices where entries[index].member == member { return index }
    return nil
  }
}
