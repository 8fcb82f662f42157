import HTTPServer
import RPC

/// What one loop of a program serves and does.
public struct ServiceParts: @unchecked Sendable {
  /// Served on `listen`, or on `rpc.listen` where `http` is there too.
  public var services: [any RPCService] = []
  /// Served on `listen`.
  public var http: HTTPServer.Handler?
  public var httpConfiguration = HTTPServerConfiguration()
  public var readiness: [ReadinessCheck] = []
  /// Run on the first loop only.
  public var background: [BackgroundJob] = []
  /// What `ServiceDefinition.jobs` names: each runs once, on the first loop, in a process that serves nothing.
  public var jobs: [String: @Sendable () async throws -> Void] = [:]
  /// Called when the program begins to stop: ends what would not end by itself.
  public var drain: () -> Void = {}
  /// Closes clients and pools once nothing runs any more.
  public var close: () -> Void = {}

  public init() {}
}

/// Something that the program needs to do its work, or that it is slower without.
public struct ReadinessCheck: Sendable {
  public let name: String
  /// Without it the program is not ready. Otherwise its lack is only told.
  public let isRequired: Bool
  /// Runs on the loop; nil for fine, else what is wrong (for operators).
  public let check: @Sendable () async -> String?

  public init(_ name: String, required isRequired: Bool = true, check: @escaping @Sendable () async -> String?) {
    self.name = name
    self.isRequired = isRequired
    self.check = check
  }
}

/// Work that goes on beside the calls until the program stops. It is begun again, after a pause, when it throws.
public struct BackgroundJob: Sendable {
  public let name: String
  public let body: @Sendable () async throws -> Void

  public init(_ name: String, body: @escaping @Sendable () async throws -> Void) {
    self.name = name
    self.body = body
  }

  /// Runs `body` every so often, the first time at once.
  public static func every(
    milliseconds: UInt64, _ name: String, on runtime: ServiceRuntime, body: @escaping @Sendable () async throws -> Void
  ) -> BackgroundJob {
    let loop = runtime.loop
    return BackgroundJob(name) {
      while !Task.isCancelled {
        try await body()
        try await loop.sleep(milliseconds: milliseconds)
      }
    }
  }
}
