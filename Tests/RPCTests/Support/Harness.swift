import EventLoops
import RPC
import Testing

/// A server with the echo service and a channel to it, on one loop, over real sockets.
struct Harness {
  let loop: EventLoop
  let echo: EchoService
  let router: RPCRouter
  let server: RPCServer
  let channel: RPCChannel
  let address: SocketAddress

  /// Runs `body` on a loop of its own and takes everything down after it.
  static func run(
    server configure: @escaping @Sendable (inout RPCServerConfiguration) -> Void = { _ in },
    channel configureChannel: @escaping @Sendable (inout RPCChannelConfiguration) -> Void = { _ in },
    router prepare: @escaping @Sendable (RPCRouter) -> Void = { _ in },
    _ body: @escaping @Sendable (borrowing Harness) async throws -> Void
  ) async throws {
    let loop = try EventLoop(name: "rpc-test")
    try loop.start()
    defer { loop.stop() }
    try await loop.run {
      var configuration = RPCServerConfiguration()
      configure(&configuration)
      let echo = EchoService()
      let router = RPCRouter()
      router.add(echo)
      prepare(router)
      let server = RPCServer(loop: loop, router: router, configuration: configuration)
      let address = try server.listen(.loopback(port: 0))
      var channelConfiguration = RPCChannelConfiguration()
      configureChannel(&channelConfiguration)
      let channel = RPCChannel(target: RPCTarget(address), loop: loop, configuration: channelConfiguration)
      let harness = Harness(loop: loop, echo: echo, router: router, server: server, channel: channel, address: address)
      let result: Result<Void, any Error>
      do { result = .success(try await body(harness)) } catch { result = .failure(error) }
      channel.close()
      server.close()
      // What was closed leaves nothing behind.
      try await eventually(on: loop) { server.openConnections == 0 && server.runningCalls == 0 }
      try result.get()
    }
  }
}

/// Waits until `condition` holds, for two seconds at most.
func eventually(
  on loop: EventLoop, _ condition: () -> Bool, sourceLocation: SourceLocation = #_sourceLocation
) async throws {
  for _ in 0..<400 {
    if condition() { return }
    try await loop.sleep(milliseconds: 5)
  }
  Issue.record("the condition did not come true", sourceLocation: sourceLocation)
}

/// Runs `body`, which must fail with an `RPCError`, and gives that back.
func failure<T>(sourceLocation: SourceLocation = #_sourceLocation, of body: () async throws -> T) async throws -> RPCError {
  do {
    _ = try await body()
  } catch {
    return try #require(error as? RPCError, "unexpected error: \(error)", sourceLocation: sourceLocation)
  }
  Issue.record("the call should have failed", sourceLocation: sourceLocation)
  return RPCError(.ok, "")
}
