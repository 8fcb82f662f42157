import EventLoops
import RPC
import Synchronization

/// What the tests call. Requests say in plain text what should happen.
final class EchoService: RPCService {
  static let unary = MethodDescriptor(service: "test.Echo", method: "Unary")
  static let expand = MethodDescriptor(service: "test.Echo", method: "Expand", type: .serverStreaming)
  static let collect = MethodDescriptor(service: "test.Echo", method: "Collect", type: .clientStreaming)
  static let chat = MethodDescriptor(service: "test.Echo", method: "Chat", type: .bidirectional)
  static let sleep = MethodDescriptor(service: "test.Echo", method: "Sleep")
  static let fail = MethodDescriptor(service: "test.Echo", method: "Fail")
  static let metadata = MethodDescriptor(service: "test.Echo", method: "Metadata")
  static let remaining = MethodDescriptor(service: "test.Echo", method: "Remaining")
  static let flaky = MethodDescriptor(service: "test.Echo", method: "Flaky")
  static let detailed = MethodDescriptor(service: "test.Echo", method: "Detailed")
  static let descriptor = ServiceDescriptor(
    name: "test.Echo", methods: [unary, expand, collect, chat, sleep, fail, metadata, remaining, flaky, detailed])

  /// What handlers saw, for tests to look at.
  struct Seen {
    /// Calls that sleep. (A call that ends before its handler has begun never does.)
    var asleep = 0
    var cancelled = 0
    var written = 0
    var finished = 0
    var attempts: [String: Int] = [:]
  }
  let seen = Mutex(Seen())

  func register(in router: RPCRouter) {
    router.unary(Self.unary) { (request: Blob, _) in request }

    // "COUNT SIZE"
    router.serverStreaming(Self.expand) { (request: Blob, responses: RPCWriter<Blob>, _) in
      let numbers = request.text.split(separator: " ").compactMap { Int($0) }
      let message = Blob(size: numbers.count > 1 ? numbers[1] : 0)
      do {
        for _ in 0..<(numbers.first ?? 0) {
          try await responses.write(message)
          self.seen.withLock { $0.written += 1 }
        }
      } catch {
        self.seen.withLock { $0.cancelled += 1 }
        throw error
      }
    }

    router.clientStreaming(Self.collect) { (requests: RPCReader<Blob>, context) in
      var count = 0
      var bytes = 0
      for try await request in requests {
        if request == Blob("stop") { return Blob("stopped") }
        if request == Blob("rest") { try await context.loop.sleep(milliseconds: 300) }
        count += 1
        bytes += request.bytes.count
      }
      return Blob("\(count) \(bytes)")
    }

    router.bidirectional(Self.chat) { (requests: RPCReader<Blob>, responses: RPCWriter<Blob>, _) in
      do {
        while let request = try await requests.next() { try await responses.write(request) }
        self.seen.withLock { $0.finished += 1 }
      } catch {
        self.seen.withLock { $0.cancelled += 1 }
        throw error
      }
    }

    router.unary(Self.sleep) { (request: Blob, context) in
      self.seen.withLock { $0.asleep += 1 }
      do {
        try await context.loop.sleep(milliseconds: UInt64(request.text) ?? 0)
      } catch {
        self.seen.withLock { $0.cancelled += 1 }
        throw error
      }
      return request
    }

    // "CODE text"
    router.unary(Self.fail) { (request: Blob, _) -> Blob in
      let parts = request.text.split(separator: " ", maxSplits: 1)
      guard let number = parts.first.flatMap({ Int32($0) }), let code = StatusCode(rawValue: number) else { throw Unexpected() }
      throw RPCError(
        code, parts.count > 1 ? String(parts[1]) : "", details: [StatusDetail(typeURL: "type.googleapis.com/test.Detail", value: [1, 2, 3])],
        metadata: ["failed-with": "\(number)"])
    }

    // "FAILURES PUSHBACK NAME": fails so often; then says how many attempts came before.
    router.unary(Self.flaky) { (request: Blob, context) -> Blob in
      let parts = request.text.split(separator: " ")
      guard parts.count == 3, let failures = Int(parts[0]) else { throw Unexpected() }
      let attempt = self.seen.withLock { seen in
        seen.attempts[String(parts[2]), default: 0] += 1
        return seen.attempts[String(parts[2])] ?? 0
      }
      guard attempt <= failures else { return Blob("\(context.previousAttempts)") }
      context.retryPushback = UInt64(parts[1]).map { .afterMilliseconds($0) } ?? .never
      throw RPCError(.unavailable, "not now")
    }

    router.unary(Self.detailed) { (_: Blob, _) -> Blob in
      let violations = [("chunks[3].size", "must be at least 0"), ("n\u{E4}me", "")]
      throw RPCError(.invalidArgument, "bad fields")
        .with(BadRequest(violations.map { BadRequest.FieldViolation(field: $0.0, description: $0.1) }))
        .with(ErrorInfo(reason: "INVALID_FIELD", domain: "test", metadata: ["unit": "bytes", "limit": "5"]))
        .with(RetryInfo(retryDelayMilliseconds: 1_500))
    }

    router.unary(Self.metadata) { (_: Blob, context) in
      for entry in context.metadata.entries where entry.key.hasPrefix("x-") {
        context.responseMetadata.add(entry.key, entry.value)
        context.responseTrailers.add("t-" + entry.key, entry.value)
      }
      return Blob(context.metadata.entries.map { "\($0.key)=\($0.value)" }.joined(separator: "\n"))
    }

    router.unary(Self.remaining) { (_: Blob, context) in
      Blob(context.timeRemainingMilliseconds.map { "\($0)" } ?? "none")
    }
  }

  struct Unexpected: Error {}
}
