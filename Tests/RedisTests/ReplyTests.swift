import EventLoops
import TestSupport
import Testing

@testable import Redis

@Suite("Redis replies and calls", .timeLimit(.minutes(2)))
struct ReplyTests {
  private func read(_ text: String, inPiecesOf size: Int, elementsMax: Int = 100) throws -> [RedisValue] {
    let reader = try #require(ReplyReader(elementsMax: elementsMax))
    let bytes = Array(text.utf8)
    var replies: [RedisValue] = []
    for start in stride(from: 0, to: bytes.count, by: size) {
      try bytes[start..<min(start + size, bytes.count)].withUnsafeBytes { try reader.feed($0) }
      while let reply = try reader.next() { replies.append(reply) }
    }
    #expect(reader.unfinishedBytes == 0)
    return replies
  }

  @Test(arguments: [1, 2, 3, 7, 1_000])
  func everyKindOfReplyInPieces(_ size: Int) throws {
    let text =
      "+OK\r\n:-7\r\n$-1\r\n*-1\r\n$0\r\n\r\n$4\r\na\r\nb\r\n-ERR no\r\n*0\r\n*3\r\n*2\r\n:1\r\n*0\r\n$-1\r\n*1\r\n*1\r\n+x\r\n+END\r\n"
    let expected: [RedisValue] = [
      .status("OK"), .integer(-7), .null, .null, .bytes([]), .bytes(Array("a\r\nb".utf8)), .error(RedisServerError(message: "ERR no")), .array([]),
      .array([.array([.integer(1), .array([])]), .null, .array([.array([.status("x")])])]), .status("END"),
    ]
    #expect(try read(text, inPiecesOf: size) == expected)
  }

  @Test func whatAReplyMayNotBe() throws {
    #expect(throws: ReplyReader.Malformed.self) { try read("*101\r\n", inPiecesOf: 100) }
    #expect(throws: ReplyReader.Malformed.self) { try read("*2\r\n:1\r\n*101\r\n", inPiecesOf: 100) }
    #expect(throws: ReplyReader.Malformed.self) { try read(String(repeating: "*1\r\n", count: 20) + ":1\r\n", inPiecesOf: 100) }
    #expect(throws: ReplyReader.Malformed.self) { try read("?\r\n", inPiecesOf: 100) }
  }

  @Test func theQueueKeepsItsOrderWhileItGrowsAndTurns() {
    var queue = CallQueue(capacity: 4)
    var (appended, taken) = (UInt64(0), UInt64(0))
    for round in 0..<500 {
      for _ in 0...(round % 7) {
        queue.append(RedisCall(waiter: nil, task: nil, deadlineNanoseconds: appended, batch: nil))
        appended += 1
      }
      #expect(queue[queue.count - 1].deadlineNanoseconds == appended - 1)
      for _ in 0..<(round % 6) where !queue.isEmpty {
        #expect(queue.popFirst()?.deadlineNanoseconds == taken)
        taken += 1
      }
    }
    #expect(UInt64(queue.count) == appended - taken)
    while let call = queue.popFirst() {
      #expect(call.deadlineNanoseconds == taken)
      taken += 1
    }
    #expect(queue.isEmpty && taken == appended)
  }

  /// A place in the queue is used again and again: neither the end of a cancelled wait nor its late reply may reach who comes after it.
  @Test func cancelledWaitsReachNobodyElse() async throws {
    let server = try TestRedis()
    defer { server.stop() }
    try await withEventLoop { loop in
      var configuration = try RedisConfiguration(url: server.url)
      configuration.commandTimeoutMilliseconds = 30_000
      let client = RedisClient(loop: loop, configuration: configuration)
      defer { client.close() }
      for round in 0..<4 {
        try await client.ping()
        server.freeze()
        let calls = (0..<100).map { number in
          Task(executorPreference: loop) { try await client.send(["ECHO", .int(Int64(1_000 * round + number))]) }
        }
        try await eventually(on: loop) { client.statistics.waiting == 100 }
        for number in stride(from: 0, to: 100, by: 2) { calls[number].cancel() }
        for number in stride(from: 0, to: 100, by: 2) {
          await #expect(throws: CancellationError.self) { try await calls[number].value }
        }
        server.thaw()
        for number in stride(from: 1, to: 100, by: 2) {
          let reply = try await calls[number].value
          #expect(reply == .bytes(Array(String(1_000 * round + number).utf8)))
        }
      }
      #expect(client.statistics.waiting == 0 && client.statistics.connectionsTotal == 1)
    }
  }

  @Test func whoIsCancelledWhileThereIsNoConnectionIsNotWaitedFor() async throws {
    let server = try ScriptedServer { _, _ in [] }
    defer { server.stop() }
    try await withEventLoop { loop in
      let client = RedisClient(loop: loop, configuration: RedisConfiguration(endpoint: .unix(path: server.path)))
      defer { client.close() }
      let task = Task(executorPreference: loop) { try await client.ping() }
      try await loop.sleep(milliseconds: 5)
      task.cancel()
      let started = loop.nowNanoseconds
      await #expect(throws: CancellationError.self) { try await task.value }
      #expect(loop.nowNanoseconds - started < 1_000_000_000)
    }
  }
}
