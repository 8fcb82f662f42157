import EventLoops
import Testing

@testable import HTTP2

@Suite("What a peer may do that helps nobody")
struct GlitchBudgetTests {
  private static func frame(_ type: UInt8, _ payload: [UInt8] = [], flags: UInt8 = 0, stream: UInt32 = 0) -> [UInt8] {
    RawConnection.frame(type: type, flags: flags, stream: stream, payload)
  }

  private static func repeated(_ bytes: [UInt8], _ count: Int) -> [UInt8] { (0..<count).flatMap { _ in bytes } }

  @Test(arguments: [1, 2, 7, 9, 10, 1_000]) func framesAreSeenHoweverTheyAreCut(_ size: Int) {
    let bytes = RawConnection.preface + Self.repeated(Self.frame(6, [UInt8](repeating: 0, count: 8)), 5) + Self.frame(0xEE, [1, 2, 3]) + [0, 0]
    var scanner = FrameScanner(prefaceBytes: 24)
    var cost = 0
    for start in stride(from: 0, to: bytes.count, by: size) {
      cost += bytes[start..<min(start + size, bytes.count)].withUnsafeBytes { scanner.scan($0) }
    }
    #expect(scanner.frames == 7)
    #expect(cost == 20 + 6)
    #expect(scanner.isInsideControlFrame, "two bytes of the next frame are there")
  }

  @Test func anOpenHeaderBlockIsOneFrame() {
    var scanner = FrameScanner(prefaceBytes: 0)
    func scan(_ bytes: [UInt8]) { _ = bytes.withUnsafeBytes { scanner.scan($0) } }
    scan(Self.frame(1, [1, 2], stream: 1))
    #expect(scanner.isInsideControlFrame)
    scan(Self.frame(9, [3], stream: 1))
    #expect(scanner.isInsideControlFrame && scanner.frames == 1)
    scan(Self.frame(9, [4], flags: 4, stream: 1))
    #expect(!scanner.isInsideControlFrame)
    scan(Array(Self.frame(0, [1, 2, 3], stream: 1).dropLast()))
    #expect(!scanner.isInsideControlFrame, "DATA is its stream's matter")
  }

  /// nghttp2 tells its callbacks of neither.
  @Test(arguments: [0xEE, 0]) func framesThatNobodyIsToldOfCost(_ type: UInt8) throws {
    let session = try HTTP2Session(role: .server)
    defer { session.close() }
    let opening = RawConnection.preface
    try opening.withUnsafeBytes { try session.receive($0) }
    if type == 0 {
      // A request that ends, and is reset, so that its DATA belongs to nothing.
      let fields: [UInt8] = [0x83, 0x86, 0x84, 0x41, 1, 0x78]
      let request = Self.frame(1, fields, flags: 5, stream: 1) + Self.frame(3, [0, 0, 0, 8], stream: 1)
      try request.withUnsafeBytes { try session.receive($0) }
    }
    let flood = Self.repeated(Self.frame(type, [1], stream: 1), 11_000)
    #expect(throws: HTTP2Error.self) { try flood.withUnsafeBytes { try session.receive($0) } }
  }

  @Test func timeGivesBack() {
    var configuration = HTTP2Configuration()
    configuration.glitchBudget = 1_000
    configuration.glitchRefundPerSecond = 100
    var budget = GlitchBudget(configuration)
    budget.spend(900)
    budget.advance(to: 5_000_000_000)
    #expect(budget.left == 100, "the first look only sets the clock")
    budget.advance(to: 7_000_000_000)
    #expect(budget.left == 300)
    budget.advance(to: 6_000_000_000)
    #expect(budget.left == 300, "a clock that goes back gives nothing")
    budget.advance(to: .max)
    #expect(budget.left == 1_000, "never more than all of it")
  }

  @Test func unaskedAcknowledgementsCost() throws {
    let session = try HTTP2Session(role: .server)
    defer { session.close() }
    let acknowledgement = Self.frame(6, [UInt8](repeating: 0, count: 8), flags: 1)
    session.ping()
    let opening = RawConnection.preface + acknowledgement
    try opening.withUnsafeBytes { try session.receive($0) }
    let before = session.glitchBudgetLeft
    try acknowledgement.withUnsafeBytes { try session.receive($0) }
    #expect(before - session.glitchBudgetLeft == 21)
  }

  @Test func offendersFade() {
    var list = OffenderList()
    let second: UInt64 = 1_000_000_000
    let (offender, neighbour) = (SocketAddress.loopback(port: 1), SocketAddress.ipv4(0x0A00_0001, port: 1))
    for _ in 0..<9 { list.strike(offender, now: second) }
    #expect(list.strikes(.loopback(port: 2), now: second) == 5, "another port of the same address")
    #expect(list.strikes(neighbour, now: second) == 0)
    #expect(list.pauseMilliseconds(offender, now: second) == 1_024 && list.pauseMilliseconds(neighbour, now: second) == 0)
    #expect(list.pauseMilliseconds(offender, now: 22 * second) == 256)
    #expect(list.strikes(offender, now: 22 * second) == 3)
    #expect(list.strikes(offender, now: 100 * second) == 0)
    // As many addresses as an attacker likes: the list is bounded, and those that have faded make room.
    for address in 0..<5_000 { list.strike(.ipv4(UInt32(address), port: 1), now: 100 * second) }
    list.strike(offender, now: 200 * second)
    #expect(list.strikes(offender, now: 200 * second) == 1)
  }
}
