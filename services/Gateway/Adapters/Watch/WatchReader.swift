import EventLoops
import HTTPServer

/// One client that watches an upload. Nobody waits for it: what it does not take in time costs it its place. Loop thread only.
final class WatchReader {
  /// Did not take what was sent.
  struct TooSlow: Error {}

  private let writer: HTTPResponseWriter
  private let waitingBytesMax: Int
  private let ending: LoopPromise<Void>
  private var wasBehind = false

  init(_ writer: HTTPResponseWriter, loop: EventLoop, waitingBytesMax: Int) {
    self.writer = writer
    self.waitingBytesMax = waitingBytesMax
    ending = LoopPromise(loop: loop)
  }

  /// True where the bytes were taken; else the client is dropped.
  @discardableResult func send(_ bytes: [UInt8]) -> Bool {
    if writer.offer(bytes, waitingBytesMax: waitingBytesMax) { return true }
    ending.fail(TooSlow())
    return false
  }

  /// A comment, so that the line is not silent. A client for which bytes have been waiting since the last time does not read.
  func sendHeartbeat() -> Bool {
    let isBehind = writer.waitingBytes > 0
    defer { wasBehind = isBehind }
    guard isBehind, wasBehind else { return send(Self.heartbeat) }
    ending.fail(TooSlow())
    return false
  }

  /// Its answer ends well.
  func end() { ending.succeed(()) }

  /// Returns when the answer is complete; after `milliseconds` it is, too.
  /// - Throws: `TooSlow`, or `CancellationError` where the client is gone.
  func wait(milliseconds: UInt64) async throws {
    do {
      try await ending.wait(timeoutMilliseconds: milliseconds)
    } catch is TimeoutError {}
  }

  private static let heartbeat = Array(":\n\n".utf8)
}
