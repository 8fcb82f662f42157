import Synchronization

/// Which end of a call is counted.
public enum RPCSide: Sendable { case client, server }

/// The calls of the servers or the channels of one loop, by method. Written on that loop, read from any thread.
public final class RPCStatistics: Sendable {
  public let side: RPCSide
  private let known = Mutex<[RPCMethodStatistics]>([])

  /// Stands for methods that nobody serves: what peers make up must not become names of metrics.
  public static let other = "other"

  public init(side: RPCSide) { self.side = side }

  /// Every method that was called so far.
  public var methods: [RPCMethodStatistics] { known.withLock { $0 } }

  /// The counts of one method; the same object for the same names. Takes a lock: callers keep what they get.
  func method(_ method: MethodDescriptor?, target: String = "") -> RPCMethodStatistics {
    let name = method.map { "\($0.service)/\($0.method)" } ?? Self.other
    return known.withLock { known in
      if let found = known.first(where: { $0.method == name && $0.target == target }) { return found }
      let made = RPCMethodStatistics(method: name, target: target)
      known.append(made)
      return made
    }
  }
}
