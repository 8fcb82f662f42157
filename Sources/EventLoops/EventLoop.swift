import Bytes
import CLinux
import CUV
import Glibc
import Synchronization

/// One thread that waits for descriptors, timers and jobs (libuv), and runs Swift tasks.
///
/// A task that prefers this executor runs on the loop's thread and, after every suspension, comes back to it:
/// state that only such tasks touch needs no lock. One iteration runs the jobs that are ready, lets everything that
/// called ``Pollable/markDirty()`` write its output once, then polls.
///
/// The loop keeps itself alive between `start()` and `stop()`. Stop it only when nothing waits on it any more:
/// a task suspended on a stopped loop never resumes.
public final class EventLoop: TaskExecutor, @unchecked Sendable {
  public let name: String
  let uv: UnsafeMutablePointer<uv_loop_t>
  private let wakeHandle: UnsafeMutablePointer<uv_async_t>
  private let pollTimer: UnsafeMutablePointer<uv_timer_t>
  /// libuv runs timers before it waits, too, and would then wait without one: this makes it come back in either case.
  private let pollTimeout: uv_timer_cb = { timer in
    if let timer { uv_stop(timer.pointee.loop) }
  }
  /// When `pollTimer` goes off if it is set. Mostly early enough for the next iteration too: it is not set anew then.
  private var pollTimerNanoseconds: UInt64 = 0

  /// Written once, by the loop's own thread; others ask whether it is theirs meanwhile, and any answer but that thread's own will do.
  private let thread = Atomic<UInt>(0)
  private var jobs = JobRing()
  private var closures: [@Sendable () -> Void] = []
  private var dirty: [Pollable] = []
  private var spareDirty: [Pollable] = []
  var timers = TimerHeap()
  private var unowned: UnownedTaskExecutor!

  private let remote = Mutex(RemoteWork())
  private let woken = Atomic<Bool>(false)
  private let stopping = Atomic<Bool>(false)
  private let started = Atomic<Bool>(false)

  /// What the loop did so far; read from any thread, exact only on the loop.
  public let statistics = EventLoopStatistics()

  /// - Parameter name: shows up as the thread's name (15 bytes of it) and in metrics.
  public init(name: String) throws {
    self.name = name
    uv = .allocate(capacity: 1)
    wakeHandle = .allocate(capacity: 1)
    pollTimer = .allocate(capacity: 1)
    let status = uv_loop_init(uv)
    guard status == 0 else {
      uv.deallocate()
      wakeHandle.deallocate()
      pollTimer.deallocate()
      throw SystemError(uv: status, doing: "create an event loop")
    }
    uv_async_init(uv, wakeHandle) { _ in }
    uv_timer_init(uv, pollTimer)
    unowned = UnownedTaskExecutor(ordinary: self)
  }

  deinit {
    precondition(!started.load(ordering: .acquiring) || stopping.load(ordering: .acquiring), "an event loop must be stopped before it is freed")
    if !started.load(ordering: .acquiring) { closeHandles() }
    uv.deallocate()
    wakeHandle.deallocate()
    pollTimer.deallocate()
  }

  // MARK: Where am I

  /// True on the loop's own thread.
  @inline(__always) public var isCurrent: Bool { UInt(pthread_self()) == thread.load(ordering: .relaxed) }

  /// The loop whose thread this is, if any.
  public static var current: EventLoop? {
    guard let raw = pthread_getspecific(currentLoopKey) else { return nil }
    return Unmanaged<EventLoop>.fromOpaque(raw).takeUnretainedValue()
  }

  /// CLOCK_MONOTONIC in nanoseconds.
  public var nowNanoseconds: UInt64 { monotonicNanoseconds() }

  // MARK: Work

  public func enqueue(_ job: consuming ExecutorJob) {
    let unownedJob = UnownedJob(job)
    if isCurrent {
      jobs.push(unownedJob)
      return
    }
    remote.withLock { $0.jobs.append(unownedJob) }
    wake()
  }

  public func asUnownedTaskExecutor() -> UnownedTaskExecutor { unowned }

  /// Runs `body` on the loop, in the order of the calls. Any thread.
  public func execute(_ body: @escaping @Sendable () -> Void) {
    if isCurrent {
      closures.append(body)
      return
    }
    remote.withLock { $0.closures.append(body) }
    wake()
  }

  /// Starts a task on the loop. On the loop itself it runs at once, up to its first suspension.
  @discardableResult
  public func spawn(_ body: @escaping @Sendable () async -> Void) -> Task<Void, Never> {
    if isCurrent { return Task.immediate(executorPreference: self) { await body() } }
    return Task(executorPreference: self) { await body() }
  }

  /// Runs `body` on the loop from any task and gives its result back. Cancelling the caller cancels `body`.
  public func run<T: Sendable>(_ body: @escaping @Sendable () async throws -> T) async throws -> T {
    let task = Task(executorPreference: self) { try await body() }
    return try await withTaskCancellationHandler {
      try await task.value
    } onCancel: {
      task.cancel()
    }
  }

  // MARK: Life

  /// Starts the loop's thread.
  public func start() throws {
    precondition(!started.exchange(true, ordering: .acquiringAndReleasing), "an event loop starts once")
    ProcessMemory.prepared
    signal(SIGPIPE, SIG_IGN)  // a peer that has gone is an error of the next write, not the end of the process
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    pthread_attr_setstacksize(&attributes, 1 << 20)
    defer { pthread_attr_destroy(&attributes) }
    var created = pthread_t()
    let context = Unmanaged.passRetained(self).toOpaque()
    let status = pthread_create(&created, &attributes, { raw in
      guard let raw else { return nil }
      Unmanaged<EventLoop>.fromOpaque(raw).takeRetainedValue().runThread()
      return nil
    }, context)
    guard status == 0 else {
      Unmanaged<EventLoop>.fromOpaque(context).release()
      throw SystemError(errno: status, doing: "start the thread of event loop \(name)")
    }
  }

  /// Asks the loop to end after its present iteration. Any thread.
  public func stop() {
    stopping.store(true, ordering: .releasing)
    wake()
  }

  private func runThread() {
    thread.store(UInt(pthread_self()), ordering: .relaxed)
    pthread_setspecific(currentLoopKey, Unmanaged.passUnretained(self).toOpaque())
    _ = String(name.prefix(15)).withCString { pthread_setname_np(pthread_self(), $0) }
    var turnStarted = monotonicNanoseconds()
    while !stopping.load(ordering: .acquiring) {
      takeRemoteWork()
      runReadyWork()
      let now = monotonicNanoseconds()
      statistics.record(turnNanoseconds: now &- turnStarted)
      poll(now: now)
      turnStarted = monotonicNanoseconds()
      fireTimers(now: turnStarted)
    }
    pthread_setspecific(currentLoopKey, nil)
    closeHandles()
  }

  /// Jobs, closures and flushes, until none is left or the turn's share is used up.
  private func runReadyWork() {
    var rounds = 0
    while rounds < EventLoopLimits.roundsPerTurn {
      rounds += 1
      var budget = EventLoopLimits.jobsPerRound
      while budget > 0, let job = jobs.pop() {
        job.runSynchronously(on: unowned)
        budget -= 1
      }
      if !closures.isEmpty {
        let ready = closures
        closures.removeAll(keepingCapacity: true)
        for closure in ready { closure() }
      }
      if !dirty.isEmpty { flushDirty() }
      if jobs.isEmpty && closures.isEmpty && dirty.isEmpty { return }
    }
  }

  /// Runs the jobs that are ready now, but not those that they bring about. From a closure of `execute` only: not from inside a job.
  public func runReadyJobs() {
    precondition(isCurrent, "jobs belong to the loop's thread")
    var left = jobs.count
    while left > 0, let job = jobs.pop() {
      job.runSynchronously(on: unowned)
      left -= 1
    }
  }

  private func flushDirty() {
    swap(&dirty, &spareDirty)
    for pollable in spareDirty {
      pollable.isDirty = false
      pollable.flush()
    }
    spareDirty.removeAll(keepingCapacity: true)
  }

  func appendDirty(_ pollable: Pollable) { dirty.append(pollable) }

  private func takeRemoteWork() {
    guard woken.exchange(false, ordering: .acquiringAndReleasing) else { return }
    let work = remote.withLock { queue in
      let taken = queue
      queue = RemoteWork()
      return taken
    }
    for job in work.jobs { jobs.push(job) }
    closures.append(contentsOf: work.closures)
  }

  private var hasReadyWork: Bool { !jobs.isEmpty || !closures.isEmpty || !dirty.isEmpty || woken.load(ordering: .acquiring) }

  private func poll(now: UInt64) {
    if hasReadyWork || timers.nextDeadline.map({ $0 <= now }) ?? false {
      uv_run(uv, UV_RUN_NOWAIT)
      return
    }
    setPollTimer(now: now)
    uv_run(uv, UV_RUN_ONCE)
  }

  /// Makes libuv come back for the next alarm: at the latest then, earlier where it was set for one that was called off.
  private func setPollTimer(now: UInt64) {
    guard let deadline = timers.nextDeadline else {
      uv_timer_stop(pollTimer)
      return
    }
    if pollTimerNanoseconds <= deadline, pollTimerIsSet { return }
    // At most an hour: alarms may be set for the end of time, which has no place in what is added below.
    let milliseconds = (min(deadline - now, 3_600_000_000_000) + 999_999) / 1_000_000
    uv_update_time(uv)
    uv_timer_start(pollTimer, pollTimeout, milliseconds, 0)
    pollTimerNanoseconds = now + milliseconds * 1_000_000
  }

  private var pollTimerIsSet: Bool {
    UnsafeMutableRawPointer(pollTimer).withMemoryRebound(to: uv_handle_t.self, capacity: 1) { uv_is_active($0) != 0 }
  }

  private func wake() {
    if !woken.exchange(true, ordering: .acquiringAndReleasing) { uv_async_send(wakeHandle) }
  }

  private func closeHandles() {
    uv_walk(uv, { handle, _ in
      guard let handle, uv_is_closing(handle) == 0 else { return }
      if uv_handle_get_type(handle) == UV_POLL {
        Pollable.close(handle: handle)
      } else {
        uv_close(handle, nil)
      }
    }, nil)
    while uv_loop_close(uv) == UV_EBUSY.rawValue { uv_run(uv, UV_RUN_ONCE) }
  }
}

private let currentLoopKey: pthread_key_t = {
  var key = pthread_key_t()
  pthread_key_create(&key, nil)
  return key
}()

/// What other threads handed over since the loop last looked.
private struct RemoteWork: Sendable {
  var jobs: [UnownedJob] = []
  var closures: [@Sendable () -> Void] = []
}

@inline(__always)
func monotonicNanoseconds() -> UInt64 {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
}
