import Foundation
import Testing

@testable import EventLoops

@Suite(.timeLimit(.minutes(1))) struct LingeringCloseTests {
  private static let milliseconds: UInt64 = 60

  /// A connection with so much in the kernel that the other end has not taken, and that end's descriptor.
  private func connection(_ loop: EventLoop, holding byteCount: Int) throws -> (near: Pollable, far: Int32) {
    var ends: [Int32] = [0, 0]
    try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
    let bytes = [UInt8](repeating: 7, count: 1024)
    for _ in 0..<byteCount / bytes.count { try #require(write(ends[0], bytes, bytes.count) == bytes.count) }
    return (Pollable(loop: loop, descriptor: ends[0]), ends[1])
  }

  @Test(arguments: [0, 4096]) func endsWhereNothingIsTaken(byteCount: Int) async throws {
    try await onLoop { loop in
      let (near, far) = try connection(loop, holding: byteCount)
      defer { [near.descriptor, far].forEach { _ = close($0) } }
      let ended = LoopPromise<Void>(loop: loop)
      let began = loop.nowNanoseconds
      let lingering = LingeringClose(near, milliseconds: Self.milliseconds, isTLS: false) { ended.succeed(()) }
      try await ended.wait(timeoutMilliseconds: 2_000)
      #expect(!lingering.isSet && loop.nowNanoseconds - began >= Self.milliseconds * 1_000_000)
    }
  }

  @Test func goesOnWhileSomethingIsTaken() async throws {
    try await onLoop { loop in
      let (near, far) = try connection(loop, holding: 64 * 1024)
      defer { [near.descriptor, far].forEach { _ = close($0) } }
      let ended = LoopPromise<Void>(loop: loop)
      let lingering = LingeringClose(near, milliseconds: Self.milliseconds, isTLS: false) { ended.succeed(()) }
      var bytes = [UInt8](repeating: 0, count: 1024)
      // Unix sockets give memory free in whole packets, which these are.
      for _ in 0..<20 {
        for _ in 0..<2 { #expect(read(far, &bytes, bytes.count) == bytes.count) }
        try await loop.sleep(milliseconds: Self.milliseconds / 4)
      }
      #expect(lingering.isSet)
      try await ended.wait(timeoutMilliseconds: 2_000)
    }
  }

  @Test func onlyWithoutTLSThePeerIsShownTheEnd() async throws {
    try await onLoop { loop in
      for isTLS in [false, true] {
        let (near, far) = try connection(loop, holding: 0)
        defer { [near.descriptor, far].forEach { _ = close($0) } }
        let lingering = LingeringClose(near, milliseconds: 60_000, isTLS: isTLS) {}
        var byte: UInt8 = 0
        let count = recv(far, &byte, 1, Int32(MSG_DONTWAIT))
        #expect(count == (isTLS ? -1 : 0))
        lingering.cancel()
        #expect(!lingering.isSet)
      }
    }
  }
}
