/// First-in first-out ring of jobs. Loop thread only; grows, never shrinks.
struct JobRing: ~Copyable {
  private var slots: UnsafeMutablePointer<UnownedJob>
  private var mask = 1023
  private var head = 0
  private var tail = 0

  init() { slots = .allocate(capacity: 1024) }

  deinit { slots.deallocate() }

  var count: Int { tail &- head }
  var isEmpty: Bool { head == tail }

  mutating func push(_ job: UnownedJob) {
    if tail &- head > mask { grow() }
    (slots + (tail & mask)).initialize(to: job)
    tail &+= 1
  }

  mutating func pop() -> UnownedJob? {
    guard head != tail else { return nil }
    let job = slots[head & mask]
    head &+= 1
    return job
  }

  private mutating func grow() {
    let capacity = (mask + 1) * 2
    let larger = UnsafeMutablePointer<UnownedJob>.allocate(capacity: capacity)
    for index in 0...mask { (larger + index).initialize(to: slots[(head &+ index) & mask]) }
    tail &-= head
    head = 0
    slots.deallocate()
    slots = larger
    mask = capacity - 1
  }
}
