/// What one server of a channel did so far. Loop thread only.
final class SubchannelCounters {
  struct Window {
    var succeeded = 0
    var failed = 0
    var total: Int { succeeded + failed }
  }

  private(set) var calls = CallCounters()
  /// Since the outliers were last looked for.
  private var window = Window()
  /// Connections that were made.
  var connections: UInt64 = 0
  /// Attempts to connect that failed, and connections that broke.
  var connectionFailures: UInt64 = 0

  func started(_ now: UInt64) { calls.started(now) }

  /// Nil: OK. `isOurs`: the call was ended from this side before the server had a say.
  func ended(_ error: RPCError?, isOurs: Bool) {
    calls.ended(error == nil)
    guard let error else {
      window.succeeded += 1
      return
    }
    switch error.code {
    case .unavailable, .unknown, .internalError, .dataLoss, .resourceExhausted: if !isOurs { window.failed += 1 }
    case .deadlineExceeded: window.failed += 1
    default: if !isOurs { window.succeeded += 1 }
    }
  }

  func takeWindow() -> Window {
    defer { window = Window() }
    return window
  }
}
