/// Calls in the order in which they were sent, in a ring that grows and never shrinks. Loop thread only.
struct CallQueue: ~Copyable {
  private var slots: UnsafeMutablePointer<RedisCall>
  private var mask: Int
  private var head = 0
  private var tail = 0

  /// - Parameter capacity: Room to begin with; a power of two.
  init(capacity: Int = 64) {
    precondition(capacity > 0 && capacity & (capacity - 1) == 0, "the capacity of a ring is a power of two")
    slots = .allocate(capacity: capacity)
    mask = capacity - 1
  }

  deinit {
    for index in head..<tail { (slots + (index & mask)).deinitialize(count: 1) }
    slots.deallocate()
  }

  var count: Int { tail - head }
  var isEmpty: Bool { head == tail }

  mutating func append(_ call: consuming RedisCall) {
    if count > mask { grow() }
    (slots + (tail & mask)).initialize(to: call)
    tail += 1
  }

  @discardableResult
  mutating func popFirst() -> RedisCall? {
    guard head < tail else { return nil }
    let call = (slots + (head & mask)).move()
    head += 1
    return call
  }

  /// The call that is `place` behind the oldest one. `place` must be below `count`.
  subscript(_ place: Int) -> RedisCall {
    _read {
      precondition(place >= 0 && place < count, "CallQueue index out of range")
      yield slots[(head + place) & mask]
    }
    _modify {
      precondition(place >= 0 && place < count, "CallQueue index out of range")
      yield &slots[(head + place) & mask]
    }
  }

  private mutating func grow() {
    let capacity = (mask + 1) * 2
    let larger = UnsafeMutablePointer<RedisCall>.allocate(capacity: capacity)
    let held = count
    for place in 0..<held { (larger + place).moveInitialize(from: slots + ((head + place) & mask), count: 1) }
    slots.deallocate()
    (slots, mask, head, tail) = (larger, capacity - 1, 0, held)
  }
}
