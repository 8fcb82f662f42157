/// Whether one server is ejected, and how often it was of late.
struct EjectionState {
  private var since: UInt64?
  private var wasEjectedNow = false
  /// How many times the basic time an ejection lasts.
  private(set) var multiplier: UInt64 = 0

  var isEjected: Bool { since != nil }

  mutating func begin(_ now: UInt64) {
    since = now
    multiplier += 1
    wasEjectedNow = true
  }

  /// True if an ejection is over with this.
  mutating func ends(_ now: UInt64, _ configuration: OutlierEjection) -> Bool {
    guard let since else { return false }
    let (lasts, overflow) = configuration.ejectionMilliseconds.multipliedReportingOverflow(by: multiplier)
    let milliseconds = overflow ? configuration.ejectionMaxMilliseconds : min(lasts, configuration.ejectionMaxMilliseconds)
    guard (now - since) / 1_000_000 >= milliseconds else { return false }
    self.since = nil
    return true
  }

  /// An interval without an ejection.
  mutating func calm() {
    if !wasEjectedNow, multiplier > 0 { multiplier -= 1 }
    wasEjectedNow = false
  }
}
