import HTTPServer

extension HTTPRequest {
  /// Many clients read no answer before they have sent everything: where the answer is known early, what is left of the body is taken
  /// and thrown away, unless the client waits to be asked for it.
  public func settleBody() async throws {
    guard fields["expect"] == nil || body.receivedBytes > 0 else { return }
    _ = try await body.drain(bytesMax: body.bytesMax)
  }
}
