import RPC

/// How often a service repeats its calls of others, and when it avoids a server. Times are in milliseconds.
struct PeerCallLimits: Sendable {
  /// With the first one; 1: nothing is repeated, but for what no server has looked at.
  var attemptsMax = 3
  var backoffInitialMilliseconds: UInt64 = 50
  var backoffMaxMilliseconds: UInt64 = 500
  /// Of a channel: a failure takes one, and nothing is repeated while half of them or fewer are left.
  var tokensMax = 100
  /// What an answer gives back, in hundredths of a token.
  var tokenPercent = 10
  /// A failure percentage of 0 stands for never.
  var ejection = PeerCallLimits.noEjection

  /// Nil: servers get calls however they fare.
  var outlierEjection: OutlierEjection? { ejection.failurePercentage > 0 ? ejection : nil }

  private static var noEjection: OutlierEjection {
    var ejection = OutlierEjection()
    ejection.failurePercentage = 0
    return ejection
  }
}
