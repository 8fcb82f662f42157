import EventLoops
import ObjectStore

/// What is asked of the object store. One for each loop.
struct ObjectStoreMetrics: Sendable {
  enum Operation: String, CaseIterable {
    case createMultipart = "create_multipart"
    case putPart = "put_part"
    case listParts = "list_parts"
    case completeMultipart = "complete_multipart"
    case abortMultipart = "abort_multipart"
    case put, head, read, delete
  }

  /// Why an operation failed. What its caller did wrong, or its client's bytes, is no failure of the store.
  enum Failure: String, CaseIterable {
    case unavailable, full, denied, unexpected

    init?(_ error: any Error) {
      guard let error = error as? ObjectStoreError else { return nil }
      switch error {
      case .unavailable: self = .unavailable
      case .storeFull: self = .full
      case .accessDenied: self = .denied
      case .unexpected: self = .unexpected
      case .invalidKey, .notFound, .noSuchUpload, .invalidPart, .partTooSmall, .invalidRequest, .sizeMismatch: return nil
      }
    }
  }

  private let active: Gauge
  private let seconds: [Operation: Histogram]
  private let failures: [Failure: Counter]

  init(_ registry: MetricsRegistry, loop: String) {
    active = registry.gauge("jetty_store_operations_active", "Operations of the object store under way", [("loop", loop)])
    seconds = Self.each { operation in
      registry.histogram("jetty_store_seconds", "Time that an operation of the object store took", [("operation", operation.rawValue)])
    }
    failures = Self.each { reason in
      registry.counter("jetty_store_failures_total", "Operations that the object store failed, by why", [("reason", reason.rawValue)])
    }
  }

  private static func each<Key: CaseIterable & Hashable, Value>(_ make: (Key) -> Value) -> [Key: Value] {
    Dictionary(uniqueKeysWithValues: Key.allCases.map { ($0, make($0)) })
  }

  func measure<Result>(_ operation: Operation, _ body: () async throws -> Result) async throws -> Result {
    let begun = ContinuousClock.now
    active.add(1)
    defer {
      active.add(-1)
      seconds[operation]?.record(nanoseconds: Self.nanoseconds(since: begun))
    }
    do {
      return try await body()
    } catch {
      if let failure = Failure(error) { failures[failure]?.increment() }
      throw error
    }
  }

  private static func nanoseconds(since begun: ContinuousClock.Instant) -> UInt64 {
    let (seconds, attoseconds) = begun.duration(to: .now).components
    return UInt64(clamping: seconds) &* 1_000_000_000 &+ UInt64(clamping: attoseconds / 1_000_000_000)
  }
}
