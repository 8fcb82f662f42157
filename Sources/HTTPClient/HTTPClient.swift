import EventLoops

/// Outgoing HTTP/1.1 on one event loop, by libcurl: connections are kept and used again, bodies stream both ways through fixed
/// buffers with back-pressure, and every wait ends by a time-out or with the task that waits. Loop thread only.
///
/// Redirects are not followed and no content coding is asked for: the callers sign what they send.
public final class HTTPClient: @unchecked Sendable {
  public let loop: EventLoop
  public let configuration: HTTPClientConfiguration
  private let multi: CurlMulti
  private var isClosed = false
  /// Requests under way.
  public private(set) var requestsUnderWay = 0

  public init(loop: EventLoop, configuration: HTTPClientConfiguration = HTTPClientConfiguration()) {
    self.loop = loop
    self.configuration = configuration
    multi = CurlMulti(loop: loop, configuration: configuration)
  }

  /// New requests fail from now on; those under way go on.
  public func close() { isClosed = true }

  /// Sends a request and gives `handle` the response as soon as its head is there. The exchange ends with `handle`: a body that
  /// is not read to its end is given up with its connection.
  ///
  /// A peer that answers before the whole body was sent is heard, and the rest is not sent.
  /// - Throws: `HTTPClientError`, `CancellationError`, or what the body or `handle` threw.
  public func withResponse<Result>(
    to request: HTTPClientRequest, body: HTTPClientBody? = nil, _ handle: (HTTPClientResponse) async throws -> Result
  ) async throws -> Result {
    precondition(loop.isCurrent, "an HTTP client is used on its loop")
    guard !isClosed else { throw HTTPClientError(.closed, "the client was closed") }
    guard requestsUnderWay < configuration.requestsMax else {
      throw HTTPClientError(.tooBusy, "\(requestsUnderWay) requests are under way")
    }
    try Task.checkCancellation()
    let transfer = try CurlTransfer(request, bodySize: body?.size, loop: loop, configuration: configuration)
    try multi.add(transfer)
    requestsUnderWay += 1
    defer {
      multi.remove(transfer)
      requestsUnderWay -= 1
    }
    if let body { try await send(body, by: transfer) }
    return try await handle(HTTPClientResponse(head: transfer.waitForHead(), transfer: transfer))
  }

  /// Sends a request and collects the response body.
  /// - Throws: `HTTPClientError` with `.responseTooLarge` where the body is over `responseBytesMax`.
  public func send(
    _ request: HTTPClientRequest, body: HTTPClientBody? = nil, responseBytesMax: Int = 1 << 20
  ) async throws -> HTTPClientReply {
    try await withResponse(to: request, body: body) { response in
      try await HTTPClientReply(head: response.head, body: response.collect(bytesMax: responseBytesMax))
    }
  }

  private func send(_ body: HTTPClientBody, by transfer: CurlTransfer) async throws {
    var sent: UInt64 = 0
    while try await transfer.waitForRoom() {
      let count = try await body.read(transfer.sendRoom)
      guard count > 0 else {
        guard sent == body.size else {
          throw HTTPClientError(.bodySizeMismatch, "the body was said to have \(body.size) bytes and gave \(sent)", bodyBytesReceived: sent)
        }
        transfer.releaseHeld()
        return
      }
      sent += UInt64(count)
      guard sent <= body.size else {
        throw HTTPClientError(.bodySizeMismatch, "the body was said to have \(body.size) bytes and gave more", bodyBytesReceived: sent)
      }
      // The last bytes wait until the body has said that it is whole.
      transfer.addToBody(count, holding: sent == body.size)
    }
  }
}

/// A response whose body is still to be read. Valid inside the closure that it was given to.
public struct HTTPClientResponse {
  public let head: HTTPClientResponseHead
  let transfer: CurlTransfer

  public var status: Int { head.status }

  /// The next bytes of the body, or nil at its end. Valid until the next call. Reading slowly slows the peer down.
  public func nextBytes() async throws -> UnsafeRawBufferPointer? {
    try await transfer.nextBytes()
  }

  /// The rest of the body.
  public func collect(bytesMax: Int) async throws -> [UInt8] {
    var collected: [UInt8] = []
    while let bytes = try await nextBytes() {
      guard bytes.count <= bytesMax - collected.count else {
        throw HTTPClientError(.responseTooLarge, "the response body is over \(bytesMax) bytes")
      }
      collected.append(contentsOf: bytes)
    }
    return collected
  }
}
