import Bytes
import EventLoops
import Testing

@testable import Redis

@Suite("Redis without a server")
struct PureTests {
  private func encoded(_ command: [RedisArgument]) -> String {
    var buffer = ByteBuffer()
    CommandEncoder.encode(command, into: &buffer)
    return String(decoding: buffer.array, as: UTF8.self)
  }

  @Test func commandsAreLengthPrefixed() {
    #expect(encoded(["SET", "a", "b c"]) == "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$3\r\nb c\r\n")
    #expect(encoded(["X", .bytes([0, 13, 10])]) == "*2\r\n$1\r\nX\r\n$3\r\n\0\r\n\r\n")
    #expect(encoded(["X", .string("ü")]) == "*2\r\n$1\r\nX\r\n$2\r\nü\r\n")
  }

  @Test(arguments: [0, 7, -1, 10, -10, 99, 100, Int64.max, Int64.min])
  func numbersAreDecimal(_ number: Int64) {
    let text = String(number)
    #expect(encoded(["X", .int(number)]) == "*2\r\n$1\r\nX\r\n$\(text.utf8.count)\r\n\(text)\r\n")
  }

  @Test func commandsThatWouldConfuseTheConnectionAreRefused() {
    for name in ["subscribe", "MONITOR", "hello", "RESET", "quit", "Select"] {
      #expect(CommandEncoder.objection(to: [.string(name), "0"]) != nil, "\(name)")
    }
    #expect(CommandEncoder.objection(to: []) != nil)
    #expect(CommandEncoder.objection(to: ["CLIENT", "reply", "OFF"]) != nil)
    #expect(CommandEncoder.objection(to: ["CLIENT", "ID"]) == nil)
    #expect(CommandEncoder.objection(to: ["GET", "a"]) == nil)
  }

  @Test func urls() throws {
    let full = try RedisConfiguration(url: "redis://ada:p%40ss@[::1]:7000/3")
    #expect(full.endpoint == .tcp(host: "::1", port: 7000))
    #expect(full.user == "ada" && full.password == "p@ss" && full.database == 3)
    let short = try RedisConfiguration(url: "redis://:secret@cache")
    #expect(short.endpoint == .tcp(host: "cache", port: 6379) && short.user == nil && short.password == "secret")
    #expect(try RedisConfiguration(url: "unix:///run/redis.sock?db=2").endpoint == .unix(path: "/run/redis.sock"))
    let tooLong = "unix:///" + String(repeating: "a", count: 107)
    for bad in [
      "", "redis:", "redis://", "redis://h:0", "redis://h:x", "redis://h/x", "http://h", "rediss://h", "unix://relative", "redis://only@h", tooLong,
    ] {
      #expect(throws: RedisError.self, "\(bad)") { try RedisConfiguration(url: bad) }
    }
  }

  @Test func theErrorOfABadURLDoesNotRepeatThePassword() {
    #expect {
      try RedisConfiguration(url: "redis://:hunter2%zz@h")
    } throws: {
      !"\($0)".contains("hunter2")
    }
  }

  @Test func linkQueuesThenRefusesThenRecovers() {
    var link = LinkState(backoff: ReconnectBackoff(initialMilliseconds: 10, maximumMilliseconds: 40))
    link.attemptStarted()
    #expect(link.admission(waiting: 0, commandsMax: 2) == .queue)
    #expect(link.admission(waiting: 2, commandsMax: 2) == .refuse(.overloaded(commandsMax: 2)))
    #expect(link.lost("refused", chance: 0) == 10)
    #expect(link.admission(waiting: 0, commandsMax: 2) == .refuse(.unavailable("refused")))
    link.attemptStarted()
    #expect(link.admission(waiting: 0, commandsMax: 2) == .refuse(.unavailable("refused")), "a server that was away is not waited for")
    #expect(link.lost("refused", chance: 0) == 20)
    link.attemptStarted()
    link.opened()
    #expect(link.admission(waiting: 0, commandsMax: 2) == .send)
    #expect(link.lost("reset", chance: 0) == 0, "a working connection that breaks is replaced at once")
    #expect(link.admission(waiting: 0, commandsMax: 2) == .queue)
    link.attemptStarted()
    #expect(link.lost("refused", chance: 0) == 10, "the back-off starts anew after a success")
    link.close()
    #expect(link.lost("x", chance: 0) == nil)
    #expect(link.admission(waiting: 0, commandsMax: 2) == .refuse(.closed))
  }

  @Test func backoffDoublesToItsMaximumWithJitter() {
    var backoff = ReconnectBackoff(initialMilliseconds: 100, maximumMilliseconds: 350)
    #expect((0..<4).map { _ in backoff.nextDelayMilliseconds(chance: 0) } == [100, 200, 350, 350])
    #expect(backoff.nextDelayMilliseconds(chance: 0.999) == 350 - 174)
    backoff.reset()
    #expect(backoff.nextDelayMilliseconds(chance: 1) == 50)
  }

  @Test func queueKeepsItsOrderAcrossCompaction() {
    var queue = FIFOQueue<Int>()
    var expected = 0
    for number in 0..<10_000 {
      queue.append(number)
      if number % 3 != 0 {
        #expect(queue.popFirst() == expected)
        expected += 1
      }
    }
    #expect(queue.count == 10_000 - expected && queue.first == expected)
    #expect(queue.drain() == Array(expected..<10_000))
    #expect(queue.isEmpty && queue.popFirst() == nil)
  }

  @Test func repliesOfTheWrongTypeAreErrors() throws {
    #expect(throws: RedisError.self) { try RedisValue.integer(1).optionalBytes }
    #expect(throws: RedisError.unexpectedReply("the bytes are not UTF-8")) { try RedisValue.bytes([0xFF]).optionalString }
    #expect(throws: RedisError.server(RedisServerError(message: "ERR no"))) { try RedisValue.error(RedisServerError(message: "ERR no")).integer }
    #expect(try RedisValue.null.optionalString == nil)
  }
}
