import EventLoops

/// When the one connection of a client is tried, used, and given up. Pure: it answers what to do and does nothing.
///
/// The first attempt and the first one after a working connection was lost are waited for: commands queue behind them.
/// Once an attempt has failed the server counts as away, and commands are refused at once until a connection works again.
struct LinkState {
  enum Phase: Equatable { case resting, connecting, connected, closed }
  enum Admission: Equatable { case send, queue, refuse(RedisError) }

  private(set) var phase = Phase.resting
  /// Why the last attempt failed; nil while the server does not count as away.
  private(set) var failure: String?
  private var backoff: ReconnectBackoff

  init(backoff: ReconnectBackoff) { self.backoff = backoff }

  func admission(waiting: Int, commandsMax: Int) -> Admission {
    if phase == .closed { return .refuse(.closed) }
    if let failure { return .refuse(.unavailable(failure)) }
    if waiting >= commandsMax { return .refuse(.overloaded(commandsMax: commandsMax)) }
    return phase == .connected ? .send : .queue
  }

  mutating func attemptStarted() {
    guard phase != .closed else { return }
    phase = .connecting
  }

  /// The handshake is done.
  mutating func opened() {
    guard phase == .connecting else { return }
    phase = .connected
    failure = nil
    backoff.reset()
  }

  /// The attempt failed or the connection broke. Milliseconds until the next attempt; nil when there shall be none.
  mutating func lost(_ reason: String, chance: Double) -> UInt64? {
    switch phase {
    case .closed:
      return nil
    case .connected:
      phase = .resting
      return 0
    case .connecting, .resting:
      phase = .resting
      failure = reason
      return backoff.nextDelayMilliseconds(chance: chance)
    }
  }

  mutating func close() { phase = .closed }
}
