import Glibc
import HTTP1
import HTTPServer
import Testing

@Suite(.serialized, .timeLimit(.minutes(1))) struct HTTP1ServerTests {
  private func exchange(_ server: TestServer, _ text: String) throws -> String {
    let client = try RawClient(port: server.port)
    try client.send(text)
    return try client.receiveAll()
  }

  @Test func malformedRequestsGetTheirStatusAndLoseTheConnection() async throws {
    let server = try await TestServer.start()
    for request in MalformedRequest.all {
      // A second request behind the bad one must never be answered.
      let answer = try exchange(server, request.text + "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n")
      #expect(answer.hasPrefix("HTTP/1.1 \(request.status) "), "\(request.name): \(answer)")
      #expect(!answer.contains("/smuggled"), "\(request.name)")
      #expect(answer.contains("connection: close\r\n"), "\(request.name)")
      #expect(answer.contains("\"error\":\""), "\(request.name)")
    }
    try await server.stop()
  }

  @Test func pipelinedRequestsAreAnsweredInOrder() async throws {
    let server = try await TestServer.start()
    var text = ""
    for index in 0..<500 { text += "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n\(100 + index)" }
    text += "GET /sleep HTTP/1.1\r\nHost: h\r\n\r\nGET /last HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
    let answer = try exchange(server, text)
    var from = answer.startIndex
    for index in 0..<500 {
      let wanted = "\r\n\r\n\(100 + index)HTTP/1.1 200 OK"
      guard let found = answer[from...].firstRange(of: wanted) else {
        Issue.record("answer \(index) is missing or out of order")
        break
      }
      from = found.lowerBound
    }
    #expect(answer.hasSuffix("GET /last  HTTP/1.1 h"))
    #expect(answer.contains("slept"))
    try await server.stop()
  }

  @Test func expectContinue() async throws {
    let server = try await TestServer.start()
    let client = try RawClient(port: server.port)
    try client.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
    #expect(try client.receive() == "HTTP/1.1 100 Continue\r\n\r\n")
    try client.send("hello")
    #expect(try client.receive(until: "hello").hasPrefix("HTTP/1.1 200 OK\r\n"))
    // Not wanted: no 100, and the connection ends because the client may send the body or not.
    try client.send("POST /ignore HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
    let answer = try client.receiveAll()
    #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n") && answer.contains("connection: close"))
    try await server.stop()
  }

  @Test func anIgnoredBodyIsDrainedAndTheConnectionGoesOn() async throws {
    let server = try await TestServer.start()
    let answer = try exchange(
      server,
      "POST /ignore HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"
        + "POST /ignore HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
        + "GET /next HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
    #expect(answer.contains("GET /next"))
    try await server.stop()
  }

  @Test func aLargeIgnoredBodyEndsTheConnectionButNotTheAnswer() async throws {
    let server = try await TestServer.start()
    let client = try RawClient(port: server.port)
    try client.send("POST /ignore HTTP/1.1\r\nHost: h\r\nContent-Length: 50000000\r\n\r\n")
    for _ in 0..<20 { try client.send([UInt8](repeating: 1, count: 65_536)) }
    let answer = try client.receiveAll()
    #expect(answer.contains("ignored") && answer.contains("connection: close"))
    try await server.stop()
  }

  @Test func bodiesOverTheirLimit() async throws {
    var limits = HTTPServerLimits()
    limits.bodyBytesMax = 1000
    let server = try await TestServer.start(limits: limits)
    // Announced: refused before it is read. Chunked: refused when it gets there. By the handler's own limit, too.
    #expect(try exchange(server, "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n").hasPrefix("HTTP/1.1 413 "))
    let chunk = "3e9\r\n" + String(repeating: "x", count: 1001) + "\r\n0\r\n\r\n"
    let chunked = "POST /echo HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    #expect(try exchange(server, chunked + chunk).hasPrefix("HTTP/1.1 413 "))
    let limited = "POST /limit HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: "
    #expect(try exchange(server, limited + "11\r\n\r\nhello world").hasPrefix("HTTP/1.1 413 "))
    #expect(try exchange(server, limited + "10\r\n\r\nhello worl").hasPrefix("HTTP/1.1 200 "))
    try await server.stop()
  }

  @Test func slowClients() async throws {
    var limits = HTTPServerLimits()
    limits.headMilliseconds = 200
    limits.idleMilliseconds = 200
    limits.stallMilliseconds = 200
    let server = try await TestServer.start(limits: limits)
    let silent = try RawClient(port: server.port)
    let halfHead = try RawClient(port: server.port)
    try halfHead.send("GET / HTTP/1.1\r\nHo")
    let halfBody = try RawClient(port: server.port)
    try halfBody.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhalf")
    let idle = try RawClient(port: server.port)
    try idle.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    // A client that takes nothing of a large answer is cut off; the handler's write fails.
    let deaf = try RawClient(port: server.port)
    try deaf.send("GET /stream?2000 HTTP/1.1\r\nHost: h\r\n\r\n")
    #expect(try silent.receiveAll() == "")
    #expect(try halfHead.receiveAll().hasPrefix("HTTP/1.1 408 "))
    #expect(try halfBody.receiveAll().hasPrefix("HTTP/1.1 408 "))
    #expect(try idle.receiveAll().hasPrefix("HTTP/1.1 200 "))
    for _ in 0..<100 where try await server.statistics().connectionsOpen > 0 { try await Task.sleep(for: .milliseconds(50)) }
    let statistics = try await server.statistics()
    #expect(statistics.connectionsOpen == 0 && statistics.requestsActive == 0)
    _ = deaf
    try await server.stop()
  }

  /// A trickle is as slow as silence: one byte each 50 ms must not keep a request alive for ever.
  @Test func aTrickleIsCutOff() async throws {
    var limits = HTTPServerLimits()
    limits.stallMilliseconds = 400
    let server = try await TestServer.start(limits: limits)
    let client = try RawClient(port: server.port)
    try client.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n")
    var sent = 0
    for _ in 0..<100 {
      guard (try? client.send("x")) != nil else { break }
      sent += 1
      try await Task.sleep(for: .milliseconds(50))
      if try await server.statistics().requestsActive == 0 { break }
    }
    #expect(sent < 50)
    #expect(try client.receive().hasPrefix("HTTP/1.1 408 "))
    try await server.stop()
  }

  @Test func aSlowHandlerHoldsTheClientBack() async throws {
    let server = try await TestServer.start()
    let client = try RawClient(port: server.port)
    let total = 8 << 20
    try client.send("POST /count?slow HTTP/1.1\r\nHost: h\r\nContent-Length: \(total)\r\nConnection: close\r\n\r\n")
    var sent = 0
    var wasHeldBack = false
    while sent < total {
      let count = client.sendWithoutWaiting([UInt8](repeating: 7, count: min(65_536, total - sent)))
      if count == 0 {
        wasHeldBack = true
        try await Task.sleep(for: .milliseconds(1))
      }
      sent += count
    }
    #expect(wasHeldBack)
    #expect(try client.receiveAll().hasSuffix("\r\n\r\n\(total)"))
    try await server.stop()
  }

  @Test func responses() async throws {
    let server = try await TestServer.start()
    let chunked = try exchange(server, "GET /stream?1 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
    #expect(chunked.contains("transfer-encoding: chunked\r\n") && chunked.contains("\r\n\r\n10000\r\n") && chunked.hasSuffix("\r\n0\r\n\r\n"))
    let untilClose = try exchange(server, "GET /stream?1 HTTP/1.0\r\n\r\n")
    #expect(untilClose.contains("connection: close\r\n") && !untilClose.contains("chunked") && untilClose.utf8.count > 65_536)
    let head = try exchange(server, "HEAD /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
    #expect(head.contains("content-length: 19\r\n") && head.hasSuffix("\r\n\r\n"))
    let none = try exchange(server, "GET /nothing HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
    #expect(none.hasPrefix("HTTP/1.1 204 No Content\r\n") && !none.contains("content-length") && none.contains("\r\ndate: "))
    let kept = try exchange(server, "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /b HTTP/1.0\r\n\r\n")
    #expect(kept.contains("connection: keep-alive\r\n") && kept.contains("GET /a") && kept.contains("GET /b"))
    // A response that breaks off must not look complete.
    let broken = try exchange(server, "GET /broken HTTP/1.1\r\nHost: h\r\n\r\n")
    #expect(!broken.hasSuffix("0\r\n\r\n"))
    try await server.stop()
  }

  @Test func aHalfClosedClientGetsItsAnswer() async throws {
    let server = try await TestServer.start()
    let client = try RawClient(port: server.port)
    try client.send("GET /sleep HTTP/1.1\r\nHost: h\r\n\r\n")
    client.shutdownWriting()
    #expect(try client.receiveAll().hasSuffix("slept"))
    try await server.stop()
  }

  /// The end of the client's side is there before the answer is written.
  @Test func aClientThatHasHalfClosedAtOnceGetsItsAnswer() async throws {
    let server = try await TestServer.start()
    let client = try RawClient(port: server.port)
    try await server.inOneTurn {
      try client.send("GET /nothing HTTP/1.1\r\nHost: h\r\n\r\nGET /last HTTP/1.1\r\nHost: h\r\n\r\n")
      client.shutdownWriting()
    }
    let answers = try client.receiveAll()
    #expect(answers.hasPrefix("HTTP/1.1 204") && answers.contains("GET /last"), "\(answers)")
    try await server.stop()
  }

  /// Deadlines are for clients that do nothing. This one takes its answer, of which the kernel holds a part at most, and takes its time.
  @Test(arguments: ["Connection: close\r\n", "", "GET /second HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"])
  func aSlowDownloadGoesOn(variant: String) async throws {
    var limits = HTTPServerLimits()
    limits.stallMilliseconds = 400
    limits.idleMilliseconds = 400
    limits.headMilliseconds = 400
    let server = try await TestServer.start(limits: limits)
    let client = try RawClient(port: server.port, receiveBufferBytes: 64 * 1024)
    let isPipelined = variant.hasPrefix("GET")
    let size = 12 << 20
    let body = [UInt8](repeating: 7, count: size)
    try client.send("POST /echo HTTP/1.1\r\nHost: h\r\n\(isPipelined ? "" : variant)Content-Length: \(size)\r\n\r\n")
    try client.send(body)
    if isPipelined { try client.send(variant) }
    var (received, last) = (0, "")
    while received < size || isPipelined && !last.contains("GET /second") {
      let piece = try client.receive()
      guard !piece.isEmpty else { break }
      received += piece.utf8.count
      last = String((last + piece).suffix(2_000))
      usleep(5_000)
    }
    #expect(received >= size, "\(received) of \(size) bytes came")
    #expect(!isPipelined || last.contains("HTTP/1.1 200 OK") && last.contains("GET /second"))
    try await server.stop()
  }

  @Test func tooManyConnections() async throws {
    var limits = HTTPServerLimits()
    limits.connectionsMax = 2
    let server = try await TestServer.start(limits: limits)
    let kept = [try RawClient(port: server.port), try RawClient(port: server.port)]
    for client in kept {
      try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
      _ = try client.receive()
    }
    let third = try RawClient(port: server.port)
    #expect(try third.receiveAll().hasPrefix("HTTP/1.1 503 "))
    try await server.stop()
  }

  /// Those who open connections and ask for nothing do not keep the others out; those who wait for an answer stay.
  @Test func quietConnectionsMakeRoom() async throws {
    var limits = HTTPServerLimits()
    limits.connectionsMax = 3
    limits.evictableAfterMilliseconds = 50
    let server = try await TestServer.start(limits: limits)
    let busy = try RawClient(port: server.port)
    try busy.send("GET /sleep?1000 HTTP/1.1\r\nHost: h\r\n\r\n")
    let silent = try RawClient(port: server.port)
    let slow = try RawClient(port: server.port)
    try slow.send("GET / HTTP/1.1\r\nX-")
    while try await server.statistics().connectionsOpen < 3 { try await Task.sleep(for: .milliseconds(5)) }
    try await Task.sleep(for: .milliseconds(100))
    let others = [try RawClient(port: server.port), try RawClient(port: server.port)]
    for client in others {
      try client.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
      #expect(try client.receiveAll().hasPrefix("HTTP/1.1 200 "))
    }
    #expect(try silent.receiveAll() == "")
    #expect(try busy.receive().hasPrefix("HTTP/1.1 200 "))
    #expect(try await server.statistics().connectionsEvicted >= 1)
    try await server.stop()
  }

  @Test func gracefulShutdown() async throws {
    let server = try await TestServer.start()
    let busy = try RawClient(port: server.port)
    let idle = try RawClient(port: server.port)
    try idle.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    _ = try idle.receive()
    try busy.send("GET /sleep?2000 HTTP/1.1\r\nHost: h\r\n\r\nGET /never HTTP/1.1\r\nHost: h\r\n\r\n")
    while try await server.statistics().requestsActive == 0 { try await Task.sleep(for: .milliseconds(5)) }
    try await server.beginGracefulShutdown()
    #expect(try idle.receiveAll() == "")
    let answer = try busy.receiveAll()
    #expect(answer.contains("connection: close\r\n") && answer.hasSuffix("slept"), "\(answer)")
    #expect(throws: (any Error).self) { try RawClient(port: server.port) }
    try await server.stop()
  }
}
