/// Bounds of one loop iteration, so that no queue starves the sockets.
enum EventLoopLimits {
  /// Times that jobs and flushes may wake each other up before the loop polls again.
  static let roundsPerTurn = 16
  static let jobsPerRound = 4096
  /// Connections taken from one listener before other descriptors get their turn.
  static let acceptsPerTurn = 64
  /// Connections that the kernel completes and keeps until they are accepted.
  static let listenBacklog = 1024
  /// How long a listener rests after `accept` ran out of descriptors or memory.
  static let acceptPauseMilliseconds: UInt64 = 100
  /// Longest a turn may take before it counts as slow.
  static let slowTurnNanoseconds: UInt64 = 5_000_000
}
