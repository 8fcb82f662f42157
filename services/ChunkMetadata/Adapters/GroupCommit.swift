import EventLoops
import Postgres

/// Turns many single writes into few statements: what one turn of the loop submits, and what gathers while statements are under way,
/// is written together. Each caller gets its own outcome, after its row is durable. Loop thread only.
final class GroupCommit<Item: Sendable, Outcome: Sendable>: @unchecked Sendable {
  /// Writes items whose keys all differ, in ascending order of key; one outcome for each, in the same order. May be repeated.
  typealias Write = @Sendable ([Item]) async throws -> [Outcome]

  private struct Waiting {
    let item: Item
    let promise: LoopPromise<Outcome>
  }

  private let loop: EventLoop
  private let key: (Item) -> ChunkAddress
  private let write: Write
  private let limits: ChunkLimits
  private var waiting: [Waiting] = []
  private var running = 0
  private var isScheduled = false
  /// Callers whose item has not been taken yet.
  var waitingCalls: Int { waiting.count }
  private(set) var batchesTotal: UInt64 = 0

  init(loop: EventLoop, limits: ChunkLimits, key: @escaping (Item) -> ChunkAddress, write: @escaping Write) {
    self.loop = loop
    self.key = key
    self.write = write
    self.limits = limits
  }

  /// Writes `item` together with others.
  /// - Throws: `ChunkError.overloaded`, what `write` throws, `CancellationError` (the item may be written all the same).
  func submit(_ item: Item) async throws -> Outcome {
    precondition(loop.isCurrent, "a group commit belongs to its loop")
    guard waiting.count < limits.waitingCallsMax else { throw ChunkError.overloaded }
    let promise = LoopPromise<Outcome>(loop: loop)
    waiting.append(Waiting(item: item, promise: promise))
    schedule()
    return try await promise.wait()
  }

  /// Closures run when the jobs of this turn are done: by then everyone who was ready has submitted.
  private func schedule() {
    guard !isScheduled, running < limits.batchesAtOnceMax, !waiting.isEmpty else { return }
    isScheduled = true
    loop.execute {
      self.isScheduled = false
      self.start()
    }
  }

  private func start() {
    guard running < limits.batchesAtOnceMax else { return }
    let batch = takeBatch()
    guard !batch.isEmpty else { return }
    running += 1
    batchesTotal += 1
    loop.spawn {
      await self.run(batch)
      self.running -= 1
      self.schedule()
    }
    schedule()
  }

  /// The next rows in ascending order, so that no two statements wait for each other's. A statement touches a row only once: a second
  /// write of the same address waits for the next batch.
  private func takeBatch() -> [Waiting] {
    var batch: [ChunkAddress: Waiting] = [:]
    var rest: [Waiting] = []
    for entry in waiting where !entry.promise.isResolved {
      let key = key(entry.item)
      if batch.count < limits.batchRowsMax, batch[key] == nil { batch[key] = entry } else { rest.append(entry) }
    }
    waiting = rest
    return batch.sorted { $0.key < $1.key }.map(\.value)
  }

  private func run(_ batch: [Waiting]) async {
    do {
      let outcomes = try await writeRepeatedly(batch.map(\.item))
      guard outcomes.count == batch.count else { throw PostgresError.decoding("\(outcomes.count) outcomes for \(batch.count) rows") }
      for (entry, outcome) in zip(batch, outcomes) { entry.promise.succeed(outcome) }
    } catch let error as PostgresError where batch.count > 1 && Self.blamesARow(error) {
      // One bad row must not fail the others.
      for entry in batch { await run([entry]) }
    } catch {
      for entry in batch { entry.promise.fail(error) }
    }
  }

  private func writeRepeatedly(_ items: [Item]) async throws -> [Outcome] {
    var attempts = 0
    while true {
      do {
        return try await write(items)
      } catch PostgresError.server(let error) where error.isSerializationFailure && attempts < limits.conflictRetriesMax {
        attempts += 1
      }
    }
  }

  /// A value that does not fit its column (22), a broken rule of the table (23), or text that cannot be sent.
  private static func blamesARow(_ error: PostgresError) -> Bool {
    if case .invalidParameter = error { return true }
    guard let state = error.sqlState else { return false }
    return state.hasPrefix("22") || state.hasPrefix("23")
  }
}
