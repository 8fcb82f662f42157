import CLinux

/// A task that is going to be suspended, for whoever resumes it: asks whether it was cancelled meanwhile.
///
/// For waits that are over in a moment as a rule. To be told of a cancellation (`withTaskCancellationHandler`) costs two locks and two more
/// hops of the task, whether it happens or not; to look now and then costs nothing for a wait that is over before.
///
/// Does not keep the task alive: use it only until the task's continuation is resumed.
public struct SuspendedTask: @unchecked Sendable {
  private let task: UnsafeRawPointer

  /// The calling task; nil outside of tasks.
  public static var current: SuspendedTask? { swift_task_getCurrent().map { SuspendedTask(task: $0) } }

  public var isCancelled: Bool { swift_task_isCancelled(task) }
}
