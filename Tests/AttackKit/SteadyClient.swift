import EventLoops
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
  /// Fewer than the server allows.
  private static let callsOfConnection = 50_000

  /// - Parameter perSecond: about so many requests a second, with pauses between bursts; nil: as many as are answered. With it, the RPC
  ///   client also connects anew every few seconds.
  public init(_ door: Attack.Door, port: UInt16, loop: EventLoop, perSecond: Int? = nil) {
    if door == .rpc { channel = RPCChannel(target: RPCTarget(.loopback(port: port)), loop: loop) }
    if perSecond != nil, door == .rpc { reconnect(port, loop) }
    running = Self.requestsAtATime
    for _ in 0..<Self.requestsAtATime {
      loop.spawn { [self] in
        var connection: SteadyConnection?
        while !isStopped {
          do {
            if door == .rpc { try await callRPC() } else { connection = try await callHTTP(connection, port, loop) }
            succeeded += 1
            try await pause(perSecond, loop)
          } catch {
            failed += 1
            try? await loop.sleep(milliseconds: 20)
          }
        }
        connection?.close()
        running -= 1
      }
    }
  }

  private func callRPC() async throws {
    guard let channel else { throw WrongAnswer() }
    let answer: Blob = try await channel.unary(Target.echo, Blob(size: 100), options: CallOptions(timeoutMilliseconds: 5_000))
    guard answer.bytes.count == 100 else { throw WrongAnswer() }
  }

  /// On the worker's own connection; it is made anew where there is none or it broke.
  private func callHTTP(_ last: SteadyConnection?, _ port: UInt16, _ loop: EventLoop) async throws -> SteadyConnection {
    let connection: SteadyConnection
    if let last, !last.isBroken, last.calls < Self.callsOfConnection {
      connection = last
    } else {
      last?.close()
      connection = try await SteadyConnection.open(port: port, loop: loop)
    }
    try await connection.call()
    return connection
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
