/// When a server whose calls fail gets none for a while (after gRFC A50, by percentage of failures). Times are in milliseconds.
///
/// As failures count UNAVAILABLE, UNKNOWN, INTERNAL, DATA_LOSS, RESOURCE_EXHAUSTED and DEADLINE_EXCEEDED: what says something about the
/// server and not about the request.
public struct OutlierEjection: Sendable, Equatable {
  /// How often calls are counted up and judged.
  public var intervalMilliseconds: UInt64 = 10_000
  /// How long the first ejection lasts. Each further one lasts that much longer, and an interval without one takes that much off again.
  public var ejectionMilliseconds: UInt64 = 30_000
  public var ejectionMaxMilliseconds: UInt64 = 300_000
  /// Failed calls in a hundred, from which a server is ejected.
  public var failurePercentage = 85
  /// Servers with fewer calls in an interval are not judged.
  public var callsMin = 20
  /// Nobody is ejected while fewer servers than this have had so many calls.
  public var serversMin = 2
  /// How many of a hundred servers may be ejected at once. One may be in any case, but never the last.
  public var ejectedPercentageMax = 50

  public init() {}
}
