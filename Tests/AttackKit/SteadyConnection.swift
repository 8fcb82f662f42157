import EventLoops
import Glibc

/// One HTTP/1.1 connection that posts 100 bytes and gets them back, one request after the other. It costs far less than the server's part of
/// it, so that a few of them are as much as a server can do. Loop thread only.
final class SteadyConnection: Pollable {
  struct Broken: Error {}

  private var received: [UInt8] = []
  private var scratch = [UInt8](repeating: 0, count: 4096)
  private var promise: LoopPromise<Void>?
  private(set) var isBroken = false
  private(set) var calls = 0

  private static let request =
    Array("POST \(Target.echoPath) HTTP/1.1\r\nHost: target\r\nContent-Length: 100\r\n\r\n".utf8) + [UInt8](repeating: 1, count: 100)

  static func open(port: UInt16, loop: EventLoop) async throws -> SteadyConnection {
    SteadyConnection(loop: loop, descriptor: try await loop.connect(to: .loopback(port: port), timeoutMilliseconds: 5_000))
  }

  /// Returns when the whole answer is there.
  /// - Throws: `Broken` for any other answer and for a lost connection, `TimeoutError` after 5 s; the connection cannot be used again then.
  func call() async throws {
    let waiting = LoopPromise<Void>(loop: loop)
    promise = waiting
    received.removeAll(keepingCapacity: true)
    calls += 1
    // So little always fits into the kernel's buffer of a connection that has no other request under way.
    let sent = Self.request.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    if sent != Self.request.count { fail() }
    setInterest(read: true, write: false)
    do { try await waiting.wait(timeoutMilliseconds: 5_000) } catch {
      close()
      throw error
    }
  }

  override func onReady(readable: Bool, writable: Bool) {
    let count = recv(descriptor, &scratch, scratch.count, 0)
    if count < 0, errno == EAGAIN { return }
    guard count > 0 else { return fail() }
    received += scratch[..<count]
    guard received.starts(with: Array("HTTP/1.1 200".utf8)) || received.count < 12 else { return fail() }
    // The body is all ones, which no header field is.
    guard let body = received.firstIndex(of: 1) else { return }
    if received.count - body == 100 { promise?.succeed(()) }
  }

  private func fail() {
    isBroken = true
    promise?.fail(Broken())
  }

  func close() {
    guard descriptor >= 0 else { return }
    isBroken = true
    stopWatching()
    Glibc.close(descriptor)
    descriptor = -1
  }
}
