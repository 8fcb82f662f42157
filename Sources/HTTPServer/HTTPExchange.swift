import EventLoops
import HTTP1

/// What one look for body bytes came to.
enum BodyStep {
  /// At least one byte was written to the target.
  case bytes(Int)
  case end
  /// Nothing yet: call `bodyWaitBegan`, and look again when the exchange is told `bodyArrived`.
  case wait
}

/// What carries one exchange: an HTTP/1.1 connection or an HTTP/2 stream.
protocol ExchangeCarrier: AnyObject {
  func takeBody(into target: UnsafeMutableRawBufferPointer) throws(HTTPBodyError) -> BodyStep
  /// The handler waits for the client.
  func bodyWaitBegan()
  /// Sends the head; `length` nil means that the length is not known. `hasBody` false: nothing but `sendEnd` follows.
  func sendHead(status: Int, fields: HTTPFields, length: UInt64?, hasBody: Bool)
  func sendBody(_ bytes: UnsafeRawBufferPointer)
  func sendEnd()
  /// Less output waits than the limit.
  var hasRoom: Bool { get }
  /// Output that the client has not taken yet, as far as this process holds it.
  var waitingOutputBytes: Int { get }
  /// A client that sends no more is gone: it has nothing left to ask.
  func endWhenHalfClosed()
  /// The exchange will wait for `roomAppeared`.
  func roomWaitBegan()
  /// The response cannot be completed: the client must notice.
  func abort()
  /// The handler and its response are done with.
  func exchangeEnded()
}

/// One request and its response, from the first header field to the end of the handler. Loop thread only.
final class HTTPExchange: @unchecked Sendable {
  let loop: EventLoop
  let isHead: Bool
  private var carrier: (any ExchangeCarrier)?
  private var bodyWaiter: LoopPromise<Void>?
  private var roomWaiter: LoopPromise<Void>?
  private var bodyMeter: ProgressMeter
  private var roomMeter: ProgressMeter
  private let limits: HTTPServerLimits
  private var task: Task<Void, Never>?
  private(set) var failure: HTTPBodyError?
  /// Of the response's body.
  private var sentBytes: UInt64 = 0

  init(carrier: any ExchangeCarrier, loop: EventLoop, limits: HTTPServerLimits, isHead: Bool) {
    self.carrier = carrier
    self.loop = loop
    self.limits = limits
    self.isHead = isHead
    bodyMeter = ProgressMeter(limitMilliseconds: limits.stallMilliseconds, quantumBytes: limits.progressBytesMin)
    roomMeter = bodyMeter
  }

  /// Runs the handler, at once up to its first suspension, and sends what it answers.
  func start(_ request: HTTPRequest, _ server: HTTPServer) {
    let running = loop.spawn { [self] in
      let response = await server.handler(request)
      await send(response, server, request.record)
      if failure != nil { request.record.isBroken = true }
      end()
      server.onRequestEnd?(request)
    }
    if carrier != nil { task = running }
  }

  /// The client is gone (or broke the protocol): whoever waits is told, and the handler is cancelled.
  func fail(_ error: HTTPBodyError) {
    guard failure == nil, carrier != nil else { return }
    failure = error
    bodyArrived()
    roomAppeared()
    task?.cancel()
  }

  private func end() {
    let ended = carrier
    carrier = nil
    task = nil
    ended?.exchangeEnded()
  }

  // MARK: Request body

  func takeBody(into target: UnsafeMutableRawBufferPointer) throws(HTTPBodyError) -> BodyStep {
    precondition(loop.isCurrent, "a request body is read on its loop")
    if let failure { throw failure }
    guard let carrier else { throw .clientGone }
    let step = try carrier.takeBody(into: target)
    if case .bytes(let count) = step { bodyMeter.moved(bytes: count) }
    return step
  }

  func waitForBody() async throws {
    precondition(bodyWaiter == nil, "a request body has one reader")
    guard let carrier else { throw HTTPBodyError.clientGone }
    let promise = LoopPromise<Void>(loop: loop)
    bodyWaiter = promise
    defer { bodyWaiter = nil }
    carrier.bodyWaitBegan()
    let start = loop.nowNanoseconds
    do {
      try await promise.wait(timeoutMilliseconds: bodyMeter.remainingMilliseconds)
    } catch is TimeoutError {
      failure = .timedOut(milliseconds: limits.stallMilliseconds)
      throw HTTPBodyError.timedOut(milliseconds: limits.stallMilliseconds)
    }
    bodyMeter.waited(nanoseconds: loop.nowNanoseconds - start)
  }

  func bodyArrived() {
    bodyWaiter?.succeed(())
  }

  var isBodyWanted: Bool { bodyWaiter != nil }

  // MARK: Response

  func send(_ bytes: UnsafeRawBufferPointer) throws(HTTPBodyError) {
    guard let carrier, !isGone else { throw failure ?? .clientGone }
    guard !isHead, !bytes.isEmpty else { return }
    sentBytes += UInt64(bytes.count)
    carrier.sendBody(bytes)
  }

  func waitForRoom() async throws {
    guard let carrier else { throw HTTPBodyError.clientGone }
    while !carrier.hasRoom {
      if isGone { throw failure ?? .clientGone }
      let promise = LoopPromise<Void>(loop: loop)
      roomWaiter = promise
      defer { roomWaiter = nil }
      carrier.roomWaitBegan()
      let start = loop.nowNanoseconds
      do {
        try await promise.wait(timeoutMilliseconds: roomMeter.remainingMilliseconds)
      } catch is TimeoutError {
        throw HTTPBodyError.timedOut(milliseconds: limits.stallMilliseconds)
      }
      roomMeter.waited(nanoseconds: loop.nowNanoseconds - start)
      // Room appears only once a good part of the limit was taken.
      roomMeter.moved(bytes: limits.progressBytesMin)
    }
    if isGone { throw failure ?? .clientGone }
  }

  /// Sends at once, or not at all where more than `waitingBytesMax` wait already or the client is gone.
  func offer(_ bytes: UnsafeRawBufferPointer, waitingBytesMax: Int) -> Bool {
    guard let carrier, !isGone, carrier.waitingOutputBytes <= waitingBytesMax else { return false }
    if !isHead, !bytes.isEmpty { carrier.sendBody(bytes) }
    return true
  }

  var waitingOutputBytes: Int { carrier?.waitingOutputBytes ?? 0 }

  func endWhenHalfClosed() { carrier?.endWhenHalfClosed() }

  func roomAppeared() {
    roomWaiter?.succeed(())
  }

  /// A body that timed out or was malformed still gets its answer; a client that is gone does not.
  private var isGone: Bool { failure == .clientGone }

  private func send(_ response: HTTPResponse, _ server: HTTPServer, _ record: HTTPRequestRecord) async {
    guard let carrier, !isGone else { return }
    server.statistics.count(status: response.status)
    record.status = response.status
    defer { record.sentBytes = sentBytes }
    var fields = response.fields
    if fields["date"] == nil { fields.add("date", server.date.text) }
    let hasNoContent = response.status == 204 || response.status == 304
    do {
      switch response.body {
      case .none:
        carrier.sendHead(status: response.status, fields: fields, length: hasNoContent ? nil : 0, hasBody: false)
      case .bytes(let bytes):
        carrier.sendHead(status: response.status, fields: fields, length: UInt64(bytes.count), hasBody: !isHead && !bytes.isEmpty)
        if !isHead && !bytes.isEmpty {
          sentBytes += UInt64(bytes.count)
          bytes.withUnsafeBytes { carrier.sendBody($0) }
        }
      case .file(let slice):
        carrier.sendHead(status: response.status, fields: fields, length: slice.count, hasBody: !isHead && slice.count > 0)
        if !isHead { try await slice.write(to: HTTPResponseWriter(exchange: self, length: slice.count), loop) }
      case .stream(let length, let write):
        carrier.sendHead(status: response.status, fields: fields, length: length, hasBody: !isHead && length != 0)
        guard !isHead else { break }
        let writer = HTTPResponseWriter(exchange: self, length: length)
        try await write(writer)
        if let length, writer.writtenBytes != length { throw HTTPBodyError.clientGone }
      }
      carrier.sendEnd()
    } catch {
      record.isBroken = true
      carrier.abort()
    }
  }
}
