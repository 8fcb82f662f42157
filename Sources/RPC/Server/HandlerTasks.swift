import EventLoops

/// Runs the handlers of one server, each in a task that is its own for as long as it runs. Loop thread only.
///
/// A handler that waits for nothing returns before its task has suspended, and the task takes the next call at once. So most calls cost
/// neither a task nor a turn through the loop's queue: of 5,000 instructions that a small call paid for its task, 1,000 are left. Where
/// handlers do wait, each has a task to itself, and there are as many as ever waited at a time, up to a bound.
final class HandlerTasks {
  private let loop: EventLoop
  private var waiting = FIFOQueue<ServerCall>()
  private var parked: [HandlerTask] = []
  private var isScheduled = false
  private var isClosed = false
  private var share = 0

  /// A parked task holds about two kilobytes.
  private static let parkedMax = 512
  /// Calls begun before the sockets get their turn.
  private static let callsPerTurn = 512

  init(loop: EventLoop) { self.loop = loop }

  // Calls keep their server, and it keeps this: nothing runs any more.
  deinit {
    if loop.isCurrent { endParked() }
  }

  var parkedCount: Int { parked.count }

  /// Begins the handler of `call` in this iteration of the loop, after the input of all connections that are ready was taken in.
  func start(_ call: ServerCall) {
    waiting.append(call)
    schedule()
  }

  /// Ends the tasks that wait for calls. Those that run a handler end with it.
  func close() {
    isClosed = true
    endParked()
  }

  private func schedule() {
    guard !isScheduled else { return }
    isScheduled = true
    nonisolated(unsafe) let tasks = self
    loop.execute { tasks.runWaiting() }
  }

  private func runWaiting() {
    isScheduled = false
    share = Self.callsPerTurn
    while !waiting.isEmpty, share > 0 {
      (parked.popLast() ?? HandlerTask(loop: loop)).wake(for: self)
      // It takes calls until one waits for something.
      loop.runReadyJobs()
    }
    if !waiting.isEmpty { schedule() }
  }

  private func endParked() {
    let ending = parked
    parked = []
    for task in ending { task.wake(for: nil) }
  }

  // MARK: For the tasks

  /// The next call whose handler is to run.
  func next() -> ServerCall? {
    while share > 0, let call = waiting.popFirst() {
      share -= 1
      if call.mayBegin() { return call }
    }
    return nil
  }

  /// Whether `task` may wait for more calls.
  func keep(_ task: HandlerTask) -> Bool {
    guard !isClosed, parked.count < Self.parkedMax else { return false }
    parked.append(task)
    return true
  }
}
