import EventLoops
import RPC
import Testing

/// Several servers on one loop, each of which says who it is and can be told to fail.
final class Fleet: @unchecked Sendable {
  static let who = MethodDescriptor(service: "test.Fleet", method: "Who")
  static let wait = MethodDescriptor(service: "test.Fleet", method: "Wait")
  static let watch = MethodDescriptor(service: "grpc.health.v1.Health", method: "Watch", type: .serverStreaming)

  /// Touched on the loop only.
  final class Member: @unchecked Sendable {
    let name: String
    var server: RPCServer
    let address: SocketAddress
    let router = RPCRouter()
    var calls = 0
    var fails = false
    var healthWatchers = 0
    /// grpc.health.v1: 1 for serving. Nil: there is no health service.
    var health: UInt8?

    init(_ name: String, _ loop: EventLoop, hasHealth: Bool) throws {
      self.name = name
      server = RPCServer(loop: loop, router: router)
      health = hasHealth ? 1 : nil
      address = try server.listen(.loopback(port: 0))
      router.unary(Fleet.who) { [unowned self] (_: Blob, _) -> Blob in
        calls += 1
        if fails { throw RPCError(.unavailable, "as told") }
        return Blob(name)
      }
      router.unary(Fleet.wait) { (request: Blob, context) -> Blob in
        try await context.loop.sleep(milliseconds: UInt64(request.text) ?? 0)
        return Blob(name)
      }
      guard hasHealth else { return }
      router.serverStreaming(Fleet.watch) { [unowned self] (_: Blob, statuses: RPCWriter<Blob>, context) in
        healthWatchers += 1
        defer { healthWatchers -= 1 }
        var last: UInt8?
        while true {
          if let health, health != last {
            var message = Blob()
            message.bytes = [8, health]
            try await statuses.write(message)
            last = health
          }
          try await context.loop.sleep(milliseconds: 5)
        }
      }
    }

    /// Listens again at the same place.
    func revive(_ loop: EventLoop) throws {
      server = RPCServer(loop: loop, router: router)
      try server.listen(address)
    }
  }

  let loop: EventLoop
  let members: [Member]

  private init(_ loop: EventLoop, _ count: Int, hasHealth: Bool) throws {
    self.loop = loop
    members = try (0..<count).map { try Member("\($0)", loop, hasHealth: hasHealth) }
  }

  static func run(_ count: Int, hasHealth: Bool = false, _ body: @escaping @Sendable (Fleet) async throws -> Void) async throws {
    let loop = try EventLoop(name: "rpc-fleet")
    try loop.start()
    defer { loop.stop() }
    try await loop.run {
      let fleet = try Fleet(loop, count, hasHealth: hasHealth)
      let result: Result<Void, any Error>
      do { result = .success(try await body(fleet)) } catch { result = .failure(error) }
      for member in fleet.members { member.server.close() }
      try await eventually(on: loop) { fleet.members.allSatisfy { $0.server.openConnections == 0 && $0.server.runningCalls == 0 } }
      try result.get()
    }
  }

  /// A channel to all of them.
  func channel(_ configure: (inout RPCChannelConfiguration) -> Void) throws -> RPCChannel {
    try channel(members.map { "\($0.address)" }.joined(separator: ","), configure)
  }

  /// A channel to a name that stands for what `addresses` gives.
  func channel(
    addresses: @escaping @Sendable () throws -> [SocketAddress], _ configure: (inout RPCChannelConfiguration) -> Void
  ) throws -> RPCChannel {
    try channel("fleet.test:1") {
      $0.resolver = { _, _, _ in try addresses() }
      configure(&$0)
    }
  }

  private func channel(_ target: String, _ configure: (inout RPCChannelConfiguration) -> Void) throws -> RPCChannel {
    var configuration = RPCChannelConfiguration()
    configuration.resolveIntervalMinMilliseconds = 20
    configuration.backoffMinMilliseconds = 20
    configuration.backoffMaxMilliseconds = 100
    configure(&configuration)
    return RPCChannel(target: try RPCTarget(target), loop: loop, configuration: configuration)
  }

  /// Who answers `count` calls, one after the other.
  func ask(_ channel: RPCChannel, _ count: Int) async throws -> [String] {
    var names: [String] = []
    for _ in 0..<count {
      do {
        let answer: Blob = try await channel.unary(Self.who, Blob(), options: CallOptions(timeoutMilliseconds: 10_000))
        names.append(answer.text)
      } catch let error as RPCError { names.append(error.code.name) }
    }
    return names
  }

  /// Calls until `condition` holds for the answers of five calls in a row.
  func ask(_ channel: RPCChannel, until condition: ([String]) -> Bool) async throws -> [String] {
    var names: [String] = []
    for _ in 0..<1_000 {
      names = try await ask(channel, 6)
      if condition(names) { return names }
      try await loop.sleep(milliseconds: 10)
    }
    return names
  }
}
