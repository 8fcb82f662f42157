import InteropMessages
import RPC

/// Against a server that misuses HTTP/2 (negative-http2-test-descriptions.md): what the client must do all the same.
extension InteropCases {
  /// The server says goodbye after the first call; the second one goes over a new connection.
  func goaway() async throws -> String? {
    _ = try await largeUnary()
    try await channel.loop.sleep(milliseconds: 1_000)
    _ = try await largeUnary()
    return nil
  }

  /// The server resets the stream after headers, in the middle of the message or after it: never a success.
  func reset() async throws -> String? {
    do {
      _ = try await client.unaryCall(Self.largeRequest())
    } catch let error as RPCError {
      return error.code.name
    }
    throw Mismatch("the call succeeded although the server reset it before its status")
  }

  /// The server sends PINGs before, between and after the parts of its answer.
  func ping() async throws -> String? { try await largeUnary() }

  /// After the first call the server allows one stream at a time: ten calls at once must all wait their turn.
  func maxStreams() async throws -> String? {
    _ = try await largeUnary()
    try await channel.loop.sleep(milliseconds: 1_000)
    let cases = self
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<10 { group.addTask { _ = try await cases.largeUnary() } }
      try await group.waitForAll()
    }
    return nil
  }
}
