import Bytes
import EventLoops
import JSON
import RPC
import RPCServices
import Testing

@testable import ServiceKit

@Suite("/debug/rpc", .timeLimit(.minutes(1)))
struct RPCDebugTests {
  @Test("names every server and channel of every loop, with its counts")
  func whatItSays() async throws {
    let loop = try EventLoop(name: "debug")
    try loop.start()
    defer { loop.stop() }
    let json = try await loop.run { () -> JSONValue in
      let router = RPCRouter()
      router.addOperations(loop: loop).setStatus(.serving, for: "")
      let server = RPCServer(loop: loop, router: router)
      let address = try server.listen(.loopback(port: 0))
      let channel = RPCChannel(target: RPCTarget(address), loop: loop)
      defer {
        channel.close()
        server.close()
      }
      let debug = RPCDebug()
      debug.add(loop) { RPCLoopSnapshot(servers: [server.snapshot()], channels: [channel.snapshot()]) }
      let empty = try JSONValue(parsing: await debug.json() ?? [])
      #expect(empty["loops"]?[0]?["channels"]?[0]?["state"] == .string("IDLE"))
      let method = MethodDescriptor(service: "grpc.health.v1.Health", method: "Check")
      let _: Nothing = try await channel.unary(method, Nothing())
      return try JSONValue(parsing: await debug.json() ?? [])
    }
    let one = json["loops"]?[0]
    #expect(one?["loop"] == .string("debug"))
    let server = one?["servers"]?[0]
    #expect(server?["calls"]?["succeeded"] == .number(JSONNumber(1)))
    #expect(server?["connections"]?[0]?["messagesReceived"] == .number(JSONNumber(1)))
    let channel = one?["channels"]?[0]
    #expect(channel?["state"] == .string("READY"))
    #expect(channel?["policy"] == .string("roundRobin"))
    #expect(channel?["servers"]?[0]?["connection"]?["messagesSent"] == .number(JSONNumber(1)))
    #expect(channel?["servers"]?[0]?["problem"] == .null)
  }

  @Test("services repeat only what may be done twice")
  func repeatableCalls() {
    let configuration = PeerCalls.configuration(PeerCallLimits())
    for method in PeerCalls.repeatable { #expect(configuration.configuration(for: method)?.retry != nil) }
    for name in ["OpenUpload", "FinalizeUpload", "CloneFile", "AbortUpload", "SelectEdges"] {
      #expect(!PeerCalls.repeatable.contains { $0.method == name })
    }
    var once = PeerCallLimits()
    once.attemptsMax = 1
    for method in PeerCalls.repeatable { #expect(PeerCalls.configuration(once).configuration(for: method)?.retry == nil) }
  }

  /// An empty message; of others it reads nothing.
  private struct Nothing: RPCMessage {
    init() {}
    init(wire: UnsafeRawBufferPointer) throws(RPCError) {}
    func encode(into buffer: inout ByteBuffer) throws(RPCError) {}
  }
}
