import EventLoops
import Synchronization

/// Numbers that only their loop may read, such as the length of a queue: fetched from every loop when somebody asks for the metrics.
/// Any thread.
final class LoopReadings: Sendable {
  private struct Source: Sendable {
    let loop: EventLoop
    let update: @Sendable () -> Void
  }

  private let sources = Mutex<[Source]>([])
  /// A loop that is busy for longer keeps the numbers it had: metrics are wanted most when something is slow.
  private let milliseconds: UInt64

  init(milliseconds: UInt64 = 1_000) { self.milliseconds = milliseconds }

  /// - Parameter update: writes the loop's numbers to where the registry finds them; run on `loop`.
  func add(_ loop: EventLoop, update: @escaping @Sendable () -> Void) {
    sources.withLock { $0.append(Source(loop: loop, update: update)) }
  }

  /// - Parameter loop: the caller's; it keeps the time.
  func fetch(on loop: EventLoop) async {
    let milliseconds = milliseconds
    await withTaskGroup(of: Void.self) { group in
      for source in sources.withLock({ $0 }) {
        group.addTask(executorPreference: loop) {
          try? await loop.withTimeout(milliseconds: milliseconds) { try await source.loop.run { source.update() } }
        }
      }
    }
  }
}
