/// A closure that an event loop will run once. Loop thread only.
public final class LoopTimer {
  let deadlineNanoseconds: UInt64
  private(set) var body: (() -> Void)?
  var heapIndex = -1
  private unowned(unsafe) let loop: EventLoop

  init(deadlineNanoseconds: UInt64, loop: EventLoop, body: @escaping () -> Void) {
    self.deadlineNanoseconds = deadlineNanoseconds
    self.loop = loop
    self.body = body
  }

  /// Nothing happens any more; fine after it ran, fine twice.
  public func cancel() {
    guard heapIndex >= 0 else { return }
    loop.timers.remove(self)
    body = nil
  }

  func takeBody() -> (() -> Void)? {
    let taken = body
    body = nil
    return taken
  }
}

extension EventLoop {
  /// Timers that are set and have not fired. Loop thread only.
  public var pendingTimers: Int { timers.count }

  /// Runs `body` on the loop after `afterMilliseconds`, never earlier. Loop thread only.
  public func schedule(afterMilliseconds: UInt64, _ body: @escaping () -> Void) -> LoopTimer {
    precondition(isCurrent, "timers belong to the loop's thread")
    let (nanoseconds, overflow) = afterMilliseconds.multipliedReportingOverflow(by: 1_000_000)
    let (deadline, late) = nowNanoseconds.addingReportingOverflow(nanoseconds)
    let timer = LoopTimer(deadlineNanoseconds: overflow || late ? .max : deadline, loop: self, body: body)
    timers.insert(timer)
    return timer
  }
}

/// Binary heap of timers by deadline; every timer knows its place, so that cancelling costs O(log n).
struct TimerHeap {
  private var heap: [LoopTimer] = []

  var count: Int { heap.count }
  var nextDeadline: UInt64? { heap.first?.deadlineNanoseconds }

  mutating func insert(_ timer: LoopTimer) {
    heap.append(timer)
    timer.heapIndex = heap.count - 1
    siftUp(heap.count - 1)
  }

  mutating func remove(_ timer: LoopTimer) {
    let index = timer.heapIndex
    guard index >= 0 else { return }
    timer.heapIndex = -1
    let last = heap.removeLast()
    guard index < heap.count else { return }
    heap[index] = last
    last.heapIndex = index
    siftDown(index)
    siftUp(last.heapIndex)
  }

  mutating func popExpired(now: UInt64) -> LoopTimer? {
    guard let first = heap.first, first.deadlineNanoseconds <= now else { return nil }
    remove(first)
    return first
  }

  private mutating func siftUp(_ start: Int) {
    var index = start
    while index > 0 {
      let parent = (index - 1) / 2
      guard heap[index].deadlineNanoseconds < heap[parent].deadlineNanoseconds else { return }
      exchange(index, parent)
      index = parent
    }
  }

  private mutating func siftDown(_ start: Int) {
    var index = start
    while true {
      var least = index
      let left = 2 * index + 1
      if left < heap.count, heap[left].deadlineNanoseconds < heap[least].deadlineNanoseconds { least = left }
      if left + 1 < heap.count, heap[left + 1].deadlineNanoseconds < heap[least].deadlineNanoseconds { least = left + 1 }
      guard least != index else { return }
      exchange(index, least)
      index = least
    }
  }

  private mutating func exchange(_ a: Int, _ b: Int) {
    heap.swapAt(a, b)
    heap[a].heapIndex = a
    heap[b].heapIndex = b
  }
}

extension EventLoop {
  func fireTimers(now: UInt64) {
    while let timer = timers.popExpired(now: now) { timer.takeBody()?() }
  }
}
