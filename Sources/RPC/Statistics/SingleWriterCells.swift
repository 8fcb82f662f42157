import Synchronization

/// Numbers that one thread writes and any thread reads: plain loads and stores, no locked instructions.
final class SingleWriterCells: Sendable {
  let count: Int
  private nonisolated(unsafe) let cells: UnsafeMutablePointer<Atomic<UInt64>>

  init(count: Int) {
    self.count = count
    cells = .allocate(capacity: count)
    for index in 0..<count { (cells + index).initialize(to: Atomic(0)) }
  }

  deinit {
    cells.deinitialize(count: count)
    cells.deallocate()
  }

  /// By the one writer only.
  func add(_ amount: UInt64, at index: Int) {
    cells[index].store(cells[index].load(ordering: .relaxed) &+ amount, ordering: .relaxed)
  }

  subscript(index: Int) -> UInt64 { cells[index].load(ordering: .relaxed) }
}
