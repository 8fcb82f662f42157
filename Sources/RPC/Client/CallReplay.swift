import Bytes
import EventLoops

/// What a call with streams needs to be made again on another connection without its caller noticing: what was written so far, up to a
/// limit, and what it takes to begin. Dropped when the answer begins. (A unary call encodes its request anew instead.)
final class CallReplay: @unchecked Sendable {
  private let plan: CallPlan
  private let channel: RPCChannel
  private(set) var retry: RetryState
  private var bytes = ByteBuffer()
  /// The caller has written its last message.
  var isFinished = false
  /// More was written than is kept: there will be no other attempt.
  private(set) var isTooLarge = false
  private var timer: LoopTimer?
  private var task: Task<Void, Never>?

  init(_ plan: CallPlan, _ channel: RPCChannel, _ retry: RetryState) {
    self.plan = plan
    self.channel = channel
    self.retry = retry
  }

  /// False: too much to keep.
  func keep(_ message: UnsafeRawBufferPointer) -> Bool {
    guard !isTooLarge, bytes.count + message.count <= channel.configuration.retryBufferBytesMax else {
      isTooLarge = true
      bytes.clear(keepingAtMost: 0)
      return false
    }
    bytes.append(message)
    return true
  }

  func copy(to output: inout ByteBuffer) { output.append(contentsOf: bytes) }

  func allowsAnother(_ failure: FailedAttempt) -> Bool {
    !isTooLarge && retry.allowsAnother(failure, channel, deadlineNanoseconds: plan.deadlineNanoseconds)
  }

  /// Begins `call` again after the pause that was decided on.
  func begin(_ call: ClientCall) {
    timer = channel.loop.schedule(afterMilliseconds: retry.pauseMilliseconds) { [self] in
      task = channel.loop.spawn { [self] in
        do {
          try await channel.start(call, plan, retry)
        } catch {
          call.couldNotStart(error)
        }
      }
    }
  }

  func stop() {
    timer?.cancel()
    task?.cancel()
  }
}
