/// What holds for the calls of some methods.
public struct MethodConfiguration: Sendable, Equatable {
  /// The longest that a call may take. Its own options and an inherited deadline can only make it shorter.
  public var timeoutMilliseconds: UInt64?
  /// Calls wait for a connection up to their deadline, as if each had asked for it.
  public var waitForReady: Bool
  /// Nil: calls are not repeated, but for those that no server has looked at. A call's own policy goes before it.
  public var retry: RetryPolicy?

  public init(timeoutMilliseconds: UInt64? = nil, waitForReady: Bool = false, retry: RetryPolicy? = nil) {
    self.timeoutMilliseconds = timeoutMilliseconds
    self.waitForReady = waitForReady
    self.retry = retry
  }
}

/// How a channel treats the methods it calls: what gRPC calls a service config. The most specific entry counts, alone.
public struct ServiceConfiguration: Sendable {
  private var byPath: [String: MethodConfiguration] = [:]
  private var byService: [String: MethodConfiguration] = [:]
  private var byDefault: MethodConfiguration?
  /// Nil: retries are not held back.
  public var retryThrottling: RetryThrottling?

  public init(default configuration: MethodConfiguration? = nil, retryThrottling: RetryThrottling? = nil) {
    byDefault = configuration
    self.retryThrottling = retryThrottling
    isEmpty = configuration == nil
  }

  /// No method is treated in a special way: calls skip the look-up.
  private(set) var isEmpty: Bool

  public mutating func set(_ configuration: MethodConfiguration, for method: MethodDescriptor) {
    byPath[method.path] = configuration
    isEmpty = false
  }

  /// For every method of a service, e.g. `jetty.v1.Dedup`, that has no entry of its own.
  public mutating func set(_ configuration: MethodConfiguration, forService service: String) {
    byService[service] = configuration
    isEmpty = false
  }

  public func configuration(for method: MethodDescriptor) -> MethodConfiguration? {
    isEmpty ? nil : byPath[method.path] ?? byService[method.service] ?? byDefault
  }
}
