import EventLoops

/// Lets one task wait on its loop until it is signalled or cancelled, again and again. Loop thread only.
///
/// Waking up says nothing about why: the waiter looks at the state it waits for, and at `Task.isCancelled`.
final class LoopWaiter: @unchecked Sendable {
  private let loop: EventLoop
  private var continuation: UnsafeContinuation<Void, Never>?

  init(loop: EventLoop) { self.loop = loop }

  var isWaiting: Bool { continuation != nil }

  func wait() async {
    precondition(loop.isCurrent && continuation == nil, "one task at a time waits, on the loop")
    await withTaskCancellationHandler {
      await withUnsafeContinuation { (waiting: UnsafeContinuation<Void, Never>) in
        // A cancellation that came before there was anything to resume.
        if Task.isCancelled { waiting.resume() } else { continuation = waiting }
      }
    } onCancel: {
      if loop.isCurrent { signal() } else { loop.execute { self.signal() } }
    }
  }

  func signal() {
    guard let waiting = continuation else { return }
    continuation = nil
    waiting.resume()
  }
}
