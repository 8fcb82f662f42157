import Foundation

/// Bounds how many lines of one kind are logged, where peers decide how often there is something to say. Any thread.
final class LogBudget: @unchecked Sendable {
  private let lock = NSLock()
  private let linesMax: Int
  private let seconds: TimeInterval
  private var windowStart: TimeInterval = 0
  private var lines = 0
  private var suppressed = 0

  init(linesMax: Int, seconds: TimeInterval) {
    self.linesMax = linesMax
    self.seconds = seconds
  }

  /// How many lines were left out since the last one; nil where this one is left out too.
  func spend(now: TimeInterval = ProcessInfo.processInfo.systemUptime) -> Int? {
    lock.withLock {
      if lines == 0 || now - windowStart >= seconds {
        windowStart = now
        lines = 0
      }
      guard lines < linesMax else {
        suppressed += 1
        return nil
      }
      lines += 1
      defer { suppressed = 0 }
      return suppressed
    }
  }
}
