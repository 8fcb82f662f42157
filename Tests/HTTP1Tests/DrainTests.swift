import HTTPServer
import Testing

/// What a client must be able to rely on when a server stops.
@Suite("Draining", .timeLimit(.minutes(1)))
struct DrainTests {
  private final class Client: @unchecked Sendable {
    let raw: RawClient
    init(_ server: TestServer) throws { raw = try RawClient(port: server.port) }
  }

  @Test func reuseIsDiscouragedWhileServing() async throws {
    let server = try await TestServer.start()
    let known = try RawClient(port: server.port)
    try known.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n")
    #expect(try !known.receive().contains("connection: close"))
    let busy = try RawClient(port: server.port)
    try busy.send("GET /sleep?2000 HTTP/1.1\r\nHost: h\r\n\r\n")
    while try await server.statistics().requestsActive == 0 { try await Task.sleep(for: .milliseconds(5)) }
    try await server.discourageReuse()
    try known.send("GET /b HTTP/1.1\r\nHost: h\r\n\r\n")
    let last = try known.receiveAll()
    #expect(last.hasPrefix("HTTP/1.1 200 ") && last.contains("connection: close\r\n"))
    let running = try busy.receiveAll()
    #expect(running.hasSuffix("slept") && running.contains("connection: close\r\n"), "also what runs already")
    let late = try RawClient(port: server.port)
    try late.send("GET /c HTTP/1.1\r\nHost: h\r\n\r\n")
    #expect(try late.receiveAll().hasPrefix("HTTP/1.1 200 "), "new connections are still served")
    try await server.stop()
  }

  @Test func aRequestThatHasArrivedIsServed() async throws {
    let server = try await TestServer.start()
    let idle = try Client(server)
    try idle.raw.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n")
    _ = try idle.raw.receive()
    try await server.beginGracefulShutdown { try idle.raw.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nlast") }
    let answer = try idle.raw.receiveAll()
    #expect(answer.hasPrefix("HTTP/1.1 200 ") && answer.hasSuffix("last"), "\(answer)")
    try await server.stop()
  }

  @Test func aConnectionInTheBacklogIsServed() async throws {
    let server = try await TestServer.start()
    let port = server.port
    let holder = Holder()
    try await server.beginGracefulShutdown { holder.client = try RawClient(port: port) }
    let client = try #require(holder.client)
    try client.send("GET /late HTTP/1.1\r\nHost: h\r\n\r\n")
    let answer = try client.receiveAll()
    #expect(answer.hasPrefix("HTTP/1.1 200 ") && answer.contains("connection: close\r\n"), "\(answer)")
    #expect(throws: (any Error).self) { try RawClient(port: port) }
    try await server.stop()
  }

  private final class Holder: @unchecked Sendable {
    var client: RawClient?
  }
}
