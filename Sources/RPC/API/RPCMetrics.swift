/// Which end of a call is counted.
public enum RPCSide: Sendable { case client, server }

/// Where a server or channel reports its calls. Called on the loop, once each per call; must not block.
public protocol RPCMetrics: AnyObject {
  func callStarted(_ method: MethodDescriptor, side: RPCSide)
  func callFinished(_ method: MethodDescriptor, side: RPCSide, code: StatusCode, durationNanoseconds: UInt64)
}
