import EventLoops
import Glibc
import HTTPClient
import RPC

/// A client that behaves well: a few small requests at a time, each after the answer to the one before. Loop thread only.
public final class SteadyClient: @unchecked Sendable {
  public private(set) var succeeded = 0
  public private(set) var failed = 0
  private var isStopped = false
  private var running = 0
  private var channel: RPCChannel?
  private var startNanoseconds: UInt64?

  private static let requestsAtATime = 8

  /// - Parameter perSecond: about so many requests a second, with pauses between bursts; nil: as many as are answered. With it, the RPC
  ///   client also connects anew every few seconds.
  public init(_ door: Attack.Door, port: UInt16, loop: EventLoop, perSecond: Int? = nil) {
    let call: @Sendable () async throws -> Void
    switch door {
    case .rpc:
      channel = RPCChannel(target: RPCTarget(.loopback(port: port)), loop: loop)
      call = { [unowned self] in
        guard let channel else { throw WrongAnswer() }
        let answer: Blob = try await channel.unary(Target.echo, Blob(size: 100), options: CallOptions(timeoutMilliseconds: 5_000))
        guard answer.bytes.count == 100 else { throw WrongAnswer() }
      }
    case .http:
      let client = HTTPClient(loop: loop)
      let request = HTTPClientRequest(.post, "http://127.0.0.1:\(port)\(Target.echoPath)", timeoutMilliseconds: 5_000)
      call = {
        let answer = try await client.send(request, body: HTTPClientBody([UInt8](repeating: 1, count: 100)))
        guard answer.body.count == 100 else { throw WrongAnswer() }
      }
    }
    if perSecond != nil, door == .rpc { reconnect(port, loop) }
    running = Self.requestsAtATime
    for _ in 0..<Self.requestsAtATime {
      loop.spawn { [self] in
        while !isStopped {
          do {
            try await call()
            succeeded += 1
            try await pause(perSecond, loop)
          } catch {
            failed += 1
            try? await loop.sleep(milliseconds: 20)
          }
        }
        running -= 1
      }
    }
  }

  /// Each of the workers does its share of a tenth of a second's calls, then waits for the next tenth.
  private func pause(_ perSecond: Int?, _ loop: EventLoop) async throws {
    guard let perSecond else { return }
    let start = startNanoseconds ?? loop.nowNanoseconds
    startNanoseconds = start
    let dueMilliseconds = UInt64(succeeded) * 1_000 / UInt64(max(perSecond, 1))
    let passedMilliseconds = (loop.nowNanoseconds - start) / 1_000_000
    if dueMilliseconds > passedMilliseconds + 20 { try await loop.sleep(milliseconds: dueMilliseconds - passedMilliseconds) }
  }

  private func reconnect(_ port: UInt16, _ loop: EventLoop) {
    loop.spawn { [self] in
      while !isStopped {
        try? await loop.sleep(milliseconds: 3_000)
        let old = channel
        channel = RPCChannel(target: RPCTarget(.loopback(port: port)), loop: loop)
        // What is under way on it ends first.
        try? await loop.sleep(milliseconds: 500)
        old?.close()
      }
    }
  }

  private struct WrongAnswer: Error {}

  public func stop(on loop: EventLoop) async throws {
    isStopped = true
    while running > 0 { try await loop.sleep(milliseconds: 5) }
    channel?.close()
  }
}
