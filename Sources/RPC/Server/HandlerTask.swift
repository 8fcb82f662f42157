import EventLoops

/// A task that runs handlers, one call after the other. Loop thread only.
///
/// It serves one call at a time, from the first line of its handler to the last, and takes another one only if nothing of that call is left in
/// it: it was not cancelled, and nobody keeps its `RPCContext`, as a task does that the handler has started and that runs on.
final class HandlerTask: @unchecked Sendable {
  /// Set while it is awake: a parked task keeps nothing alive.
  private var tasks: HandlerTasks?
  private var task: Task<Void, Never>?
  private var continuation: UnsafeContinuation<Void, Never>?
  private var isCancelled = false

  /// Begins parked: nothing runs before `wake`.
  init(loop: EventLoop) {
    task = Task.immediate(executorPreference: loop) { [self] in
      let serving = RPCContext.Serving()
      await RPCContext.$current.withValue(RPCContext(serving)) { await run(serving) }
      task = nil
    }
  }

  /// Lets it take what waits at `tasks`; with nil it ends. Only while it is parked.
  func wake(for tasks: HandlerTasks?) {
    guard let continuation else { return }
    self.continuation = nil
    self.tasks = tasks
    continuation.resume()
  }

  /// Cancels the call that it runs. It takes no other.
  func cancel() {
    isCancelled = true
    task?.cancel()
  }

  private func run(_ serving: RPCContext.Serving) async {
    var references: UInt?
    while !isCancelled, !Task.isCancelled {
      // Counted at one place in the code: what differs between two times is what calls brought about.
      let count = _getRetainCount(serving)
      // Whoever keeps it goes on seeing the call that it belongs to.
      guard count == references ?? count else { break }
      references = count
      serving.context = nil
      var next = tasks?.next()
      while next == nil {
        guard tasks?.keep(self) ?? true else { return tasks = nil }
        tasks = nil
        await withUnsafeContinuation { continuation = $0 }
        guard let tasks else { return }
        next = tasks.next()
      }
      guard let call = next else { break }
      serving.context = call.begin(by: self)
      do { try await call.invoke() } catch { call.fail(RPCError(mapping: error)) }
      call.handlerReturned()
    }
    tasks = nil
  }
}
