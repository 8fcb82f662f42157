import Glibc

/// The last while of a connection on which all is said, and is with the kernel. Closed at once, it could be lost: whatever the peer still sends (the
/// rest of a body, a PING) would make the kernel reset the connection and drop what the peer has not acknowledged.
///
/// The peer is shown the end of our side, and gets time to take the rest and to close its own; as long as it takes 4 KiB or the rest, it gets more.
/// Meanwhile the owner writes nothing, throws away what it reads, and closes when the peer has closed. Loop thread only.
///
/// Until it is over it keeps the connection alive: the owner lets go of it, after `cancel()`, when it closes.
public final class LingeringClose: LoopAlarm {
  private let connection: Pollable
  private let milliseconds: UInt64
  private let close: () -> Void
  /// What the peer had not taken when that was last looked at.
  private var unacknowledgedBytes: Int
  private static let progressBytesMin = 4096

  /// - Parameters:
  ///   - milliseconds: how long the peer may take too little.
  ///   - isTLS: the descriptor carries TLS, in which the end of one side alone cannot be shown.
  ///   - close: the time is over.
  public init(_ connection: Pollable, milliseconds: UInt64, isTLS: Bool, close: @escaping () -> Void) {
    self.connection = connection
    self.milliseconds = milliseconds
    self.close = close
    unacknowledgedBytes = connection.unacknowledgedBytes
    super.init(loop: connection.loop)
    if !isTLS { shutdown(connection.descriptor, Int32(SHUT_WR)) }
    wait()
  }

  private func wait() { set(atNanoseconds: connection.loop.nowNanoseconds + milliseconds * 1_000_000) }

  public override func fire() {
    let left = connection.unacknowledgedBytes
    guard left > 0, unacknowledgedBytes - left >= Self.progressBytesMin else { return close() }
    unacknowledgedBytes = left
    wait()
  }
}
