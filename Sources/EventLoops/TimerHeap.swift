/// Binary heap of alarms by deadline; every alarm knows its place, so that calling it off costs O(log n).
///
/// Holds one reference to each alarm, counted by hand: moving entries around would otherwise count at every step.
struct TimerHeap: ~Copyable {
  private struct Entry {
    var deadline: UInt64
    var alarm: Unmanaged<LoopAlarm>

    @inline(__always) func place(_ index: Int) { alarm._withUnsafeGuaranteedRef { $0.heapIndex = index } }
  }

  private var heap: [Entry] = []

  deinit {
    for entry in heap {
      // Whoever calls it off later must not look for the loop.
      entry.place(-1)
      entry.alarm.release()
    }
  }

  var count: Int { heap.count }
  var nextDeadline: UInt64? { heap.first?.deadline }

  mutating func insert(_ alarm: LoopAlarm, deadline: UInt64) {
    let entry = Entry(deadline: deadline, alarm: .passRetained(alarm))
    heap.append(entry)
    siftUp(entry, from: heap.count - 1)
  }

  mutating func remove(_ alarm: LoopAlarm) {
    let index = alarm.heapIndex
    guard index >= 0, index < heap.count else { return }
    alarm.heapIndex = -1
    let removed = heap[index]
    let last = heap.removeLast()
    if index < heap.count {
      if index > 0, last.deadline < heap[(index - 1) / 2].deadline { siftUp(last, from: index) } else { siftDown(last, from: index) }
    }
    removed.alarm.release()
  }

  mutating func popExpired(now: UInt64) -> LoopAlarm? {
    guard let first = heap.first, first.deadline <= now else { return nil }
    let alarm = first.alarm.takeUnretainedValue()
    remove(alarm)
    return alarm
  }

  /// Puts `entry` where it belongs, at `start` or nearer to the root.
  private mutating func siftUp(_ entry: Entry, from start: Int) {
    var index = start
    while index > 0 {
      let parent = (index - 1) / 2
      guard entry.deadline < heap[parent].deadline else { break }
      heap[index] = heap[parent]
      heap[index].place(index)
      index = parent
    }
    heap[index] = entry
    entry.place(index)
  }

  /// Puts `entry` where it belongs, at `start` or further from the root.
  private mutating func siftDown(_ entry: Entry, from start: Int) {
    var index = start
    while true {
      var least = 2 * index + 1
      guard least < heap.count else { break }
      if least + 1 < heap.count, heap[least + 1].deadline < heap[least].deadline { least += 1 }
      guard heap[least].deadline < entry.deadline else { break }
      heap[index] = heap[least]
      heap[index].place(index)
      index = least
    }
    heap[index] = entry
    entry.place(index)
  }
}
