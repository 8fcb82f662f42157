import Foundation
import Testing

@testable import EventLoops

@Suite(.timeLimit(.minutes(1))) struct SocketTests {
  @Test(arguments: [SocketAddress.loopback(port: 0), .unix(path: "\(NSTemporaryDirectory())/jetty-\(UUID().uuidString.prefix(8)).sock")])
  func connectAndAccept(address: SocketAddress) async throws {
    try await onLoop { loop in
      let accepted = LoopPromise<Int32>(loop: loop)
      let listener = try Listener(address: address, loop: loop) { descriptor, _ in accepted.succeed(descriptor) }
      defer { listener.close() }
      if address.port != nil { #expect(listener.boundAddress.port != 0) }
      let client = try await loop.connect(to: listener.boundAddress, timeoutMilliseconds: 1000)
      let server = try await accepted.wait(timeoutMilliseconds: 1000)
      #expect(write(client, "ping", 4) == 4)
      let reader = OneRead(loop: loop, descriptor: server)
      reader.setInterest(read: true, write: false)
      let text = try await reader.text.wait(timeoutMilliseconds: 1000)
      #expect(text == "ping")
      close(client)
      close(server)
    }
  }

  @Test func connectionRefusedNamesTheAddress() async throws {
    try await onLoop { loop in
      let listener = try Listener(address: .loopback(port: 0), loop: loop) { _, _ in }
      let address = listener.boundAddress
      listener.close()
      let error = await #expect(throws: SystemError.self) { _ = try await loop.connect(to: address, timeoutMilliseconds: 1000) }
      #expect(error?.code == ECONNREFUSED)
      #expect(error?.description == "could not connect to \(address): connection refused")
    }
  }

  @Test func twoListenersShareAPortOnlyWhereAsked() async throws {
    try await onLoop { loop in
      let first = try Listener(address: .loopback(port: 0), loop: loop, reusePort: true) { _, _ in }
      defer { first.close() }
      let second = try Listener(address: first.boundAddress, loop: loop, reusePort: true, probe: false) { _, _ in }
      defer { second.close() }
      let error = #expect(throws: SystemError.self) { _ = try Listener(address: first.boundAddress, loop: loop, reusePort: true) { _, _ in } }
      #expect(error?.code == EADDRINUSE)
    }
  }

  @Test func namesResolve() async throws {
    try await onLoop { loop in
      let literal = try await loop.resolve(host: "127.0.0.1", port: 80)
      #expect(literal == [.ipv4(0x7f00_0001, port: 80)])
      let found = try await loop.resolve(host: "localhost", port: 81)
      #expect(found.allSatisfy { $0.port == 81 })
      await #expect(throws: SystemError.self) { _ = try await loop.resolve(host: "no-such-host.invalid", port: 80) }
      await #expect(throws: SystemError.self) { _ = try await loop.resolve(host: String(repeating: "a", count: 300), port: 80) }
    }
  }

  @Test func addressesHaveOneTextForm() {
    #expect(SocketAddress("127.0.0.1:3000")?.description == "127.0.0.1:3000")
    #expect(SocketAddress("[::1]:3000")?.description == "[::1]:3000")
    #expect(SocketAddress("unix:///tmp/a.sock") == .unix(path: "/tmp/a.sock"))
    #expect(SocketAddress("::1:3000") == nil)
    #expect(SocketAddress("127.0.0.1:70000") == nil)
    #expect(SocketAddress("localhost:80") == nil)
  }

  @Test func aLongUnixPathIsAnErrorAndNotATrap() async throws {
    try await onLoop { loop in
      let path = "/tmp/" + String(repeating: "x", count: 200)
      await #expect(throws: SystemError.self) { _ = try await loop.connect(to: .unix(path: path), timeoutMilliseconds: 10) }
    }
  }
}

private final class OneRead: Pollable {
  let text: LoopPromise<String>

  override init(loop: EventLoop, descriptor: Int32) {
    text = LoopPromise(loop: loop)
    super.init(loop: loop, descriptor: descriptor)
  }

  override func onReady(readable: Bool, writable: Bool) {
    var bytes = [UInt8](repeating: 0, count: 64)
    let count = read(descriptor, &bytes, bytes.count)
    stopWatching()
    text.succeed(String(decoding: bytes.prefix(max(0, count)), as: UTF8.self))
  }
}
