import CCurl
import EventLoops

/// One request on its way: a libcurl easy handle, its buffers, and the task that waits for it. Loop thread only.
///
/// libcurl calls back from inside `CurlMulti`; the callbacks only move bytes and note what happened. The waiting task does the rest.
final class CurlTransfer {
  let easy: UnsafeMutableRawPointer
  private let loop: EventLoop
  private let configuration: HTTPClientConfiguration
  private var headerList: UnsafeMutablePointer<curl_slist>?
  private let errorText: UnsafeMutablePointer<CChar>

  private var parser: ResponseHeadParser
  private var send: SendBuffer
  private var receive: ReceiveBuffer
  private var isSendingPaused = false
  private var isReceivingPaused = false
  private var waiter: LoopPromise<Void>?
  private var lastProgressNanoseconds: UInt64
  private var stallTimer: LoopTimer?

  private(set) var failure: HTTPClientError?
  private(set) var isFinished = false
  var head: HTTPClientResponseHead? { parser.head }

  init(_ request: HTTPClientRequest, bodySize: UInt64?, loop: EventLoop, configuration: HTTPClientConfiguration) throws(HTTPClientError) {
    try request.check()
    guard let easy = curl_easy_init() else { throw HTTPClientError(.tooBusy, "no memory for a request") }
    self.easy = easy
    self.loop = loop
    self.configuration = configuration
    errorText = .allocate(capacity: Int(ccurl_error_bytes))
    errorText.initialize(repeating: 0, count: Int(ccurl_error_bytes))
    parser = ResponseHeadParser(byteCountMax: configuration.responseHeaderBytesMax)
    send = SendBuffer(bufferBytes: bodySize == nil ? 0 : Int(min(UInt64(configuration.bufferBytes), max(bodySize ?? 1, 1))))
    receive = ReceiveBuffer(bufferBytes: configuration.bufferBytes)
    lastProgressNanoseconds = loop.nowNanoseconds
    try setUp(request, bodySize: bodySize)
  }

  /// The handle must have left its `CurlMulti`.
  deinit {
    curl_easy_cleanup(easy)
    curl_slist_free_all(headerList)
    errorText.deallocate()
  }

  private func setUp(_ request: HTTPClientRequest, bodySize: UInt64?) throws(HTTPClientError) {
    guard ccurl_set_text(easy, CURLOPT_URL, request.url) == CURLE_OK else { throw HTTPClientError(.invalidRequest, "the URL is not usable") }
    ccurl_set_text(easy, CURLOPT_PROTOCOLS_STR, "http,https")
    ccurl_set_long(easy, CURLOPT_PATH_AS_IS, 1)
    ccurl_set_long(easy, CURLOPT_NOSIGNAL, 1)
    ccurl_set_long(easy, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
    ccurl_set_text(easy, CURLOPT_PROXY, configuration.proxy ?? "")
    ccurl_set_pointer(easy, CURLOPT_ERRORBUFFER, errorText)
    ccurl_set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, Int(clamping: configuration.connectTimeoutMilliseconds))
    ccurl_set_long(easy, CURLOPT_MAXAGE_CONN, configuration.idleConnectionSecondsMax)
    ccurl_set_long(easy, CURLOPT_UPLOAD_BUFFERSIZE, 128 << 10)
    ccurl_set_long(easy, CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
    if let timeout = request.timeoutMilliseconds { ccurl_set_long(easy, CURLOPT_TIMEOUT_MS, Int(clamping: max(timeout, 1))) }
    if let file = configuration.certificateAuthorityFile { ccurl_set_text(easy, CURLOPT_CAINFO, file) }
    setMethod(request.method, bodySize: bodySize)
    try setHeaders(request.headers)

    let context = Unmanaged.passUnretained(self).toOpaque()
    ccurl_set_pointer(easy, CURLOPT_PRIVATE, context)
    ccurl_set_pointer(easy, CURLOPT_HEADERDATA, context)
    ccurl_set_pointer(easy, CURLOPT_WRITEDATA, context)
    ccurl_set_pointer(easy, CURLOPT_READDATA, context)
    ccurl_set_pointer(easy, CURLOPT_SEEKDATA, context)
    ccurl_set_data_callback(easy, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
      guard let context else { return 0 }
      let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
      return CurlTransfer.from(context).receiveHeader(line) ? line.count : 0
    }
    ccurl_set_data_callback(easy, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
      guard let context else { return 0 }
      return CurlTransfer.from(context).receiveBody(UnsafeRawBufferPointer(start: bytes, count: size * count))
    }
    ccurl_set_data_callback(easy, CURLOPT_READFUNCTION) { bytes, size, count, context in
      guard let context else { return ccurl_read_abort }
      return CurlTransfer.from(context).provideBody(UnsafeMutableRawBufferPointer(start: bytes, count: size * count))
    }
    ccurl_set_seek_callback(easy) { context, offset, origin in
      guard let context, offset == 0, origin == 0, CurlTransfer.from(context).send.rewind() else { return Int32(CURL_SEEKFUNC_FAIL) }
      return Int32(CURL_SEEKFUNC_OK)
    }
  }

  private func setMethod(_ method: HTTPClientRequest.Method, bodySize: UInt64?) {
    if method == .head {
      ccurl_set_long(easy, CURLOPT_NOBODY, 1)
    } else if let bodySize {
      ccurl_set_long(easy, CURLOPT_UPLOAD, 1)
      ccurl_set_offset(easy, CURLOPT_INFILESIZE_LARGE, Int64(clamping: bodySize))
      ccurl_set_text(easy, CURLOPT_CUSTOMREQUEST, method.rawValue)
    } else {
      ccurl_set_text(easy, CURLOPT_CUSTOMREQUEST, method.rawValue)
    }
  }

  private func setHeaders(_ headers: [(name: String, value: String)]) throws(HTTPClientError) {
    // Neither Expect (a round trip, and a second's wait where the peer ignores it) nor Accept unless the caller says so.
    var lines = ["Expect:"]
    if !headers.contains(where: { $0.name.lowercased() == "accept" }) { lines.append("Accept:") }
    lines += headers.map { $0.value.isEmpty ? "\($0.name);" : "\($0.name): \($0.value)" }
    for line in lines {
      guard let list = curl_slist_append(headerList, line) else { throw HTTPClientError(.tooBusy, "no memory for a header") }
      headerList = list
    }
    ccurl_set_list(easy, CURLOPT_HTTPHEADER, headerList)
  }

  private static func from(_ context: UnsafeMutableRawPointer) -> CurlTransfer {
    Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
  }

  // MARK: Called by libcurl

  private func receiveHeader(_ line: UnsafeRawBufferPointer) -> Bool {
    noteProgress()
    guard parser.add(line: line) else {
      let limit = configuration.responseHeaderBytesMax
      failure = failure ?? HTTPClientError(.malformedResponse, "the header section is malformed or over \(limit) bytes")
      return false
    }
    if parser.head != nil { wake() }
    return true
  }

  private func receiveBody(_ bytes: UnsafeRawBufferPointer) -> Int {
    noteProgress()
    guard receive.add(bytes) else {
      isReceivingPaused = true
      return ccurl_write_pause
    }
    wake()
    return bytes.count
  }

  private func provideBody(_ target: UnsafeMutableRawBufferPointer) -> Int {
    noteProgress()
    let count = send.take(into: target)
    if send.hasRoom { wake() }
    if count == 0 {
      isSendingPaused = true
      return ccurl_read_pause
    }
    return count
  }

  /// The exchange is over; called by `CurlMulti`.
  func finish(_ result: CURLcode) {
    isFinished = true
    if result != CURLE_OK, failure == nil {
      let said = String(cString: errorText)
      failure = HTTPClientError(CurlResult.kind(result), said.isEmpty ? String(cString: curl_easy_strerror(result)) : said)
    }
    stallTimer?.cancel()
    wake()
  }

  // MARK: Called by the waiting task

  /// Returns when there is room for body bytes (true), or when the response's head is there, so that no more need be sent (false).
  func waitForRoom() async throws -> Bool {
    if let failure { throw failure }
    try await wait { self.head != nil || self.send.hasRoom }
    return head == nil && !isFinished
  }

  var sendRoom: UnsafeMutableRawBufferPointer { send.room() }

  /// Takes in bytes written to `sendRoom`. Held ones wait for `releaseHeld`.
  func addToBody(_ count: Int, holding: Bool) {
    send.add(count, holding: holding)
    resumeSending()
  }

  func releaseHeld() {
    send.releaseHeld()
    resumeSending()
  }

  func waitForHead() async throws -> HTTPClientResponseHead {
    try await wait { self.head != nil }
    guard let head else { throw HTTPClientError(.malformedResponse, "the response has no status line") }
    return head
  }

  /// The next bytes of the response body, or nil at its end. Valid until the next call.
  func nextBytes() async throws -> UnsafeRawBufferPointer? {
    try await wait { !self.receive.isEmpty }
    guard !receive.isEmpty else { return nil }
    let bytes = receive.swap()
    if isReceivingPaused {
      isReceivingPaused = false
      curl_easy_pause(easy, isSendingPaused ? ccurl_pause_sending : 0)
    }
    return bytes
  }

  /// Suspends until `condition` holds or the exchange is over; throws what it failed with, if the condition does not hold.
  private func wait(until condition: () -> Bool) async throws {
    noteProgress()
    while !condition() {
      if let failure { throw failure }
      if isFinished { return }
      let promise = LoopPromise<Void>(loop: loop)
      waiter = promise
      watchForStall()
      try await promise.wait()
    }
  }

  private func wake() {
    waiter?.succeed(())
    waiter = nil
  }

  private func resumeSending() {
    guard isSendingPaused else { return }
    isSendingPaused = false
    curl_easy_pause(easy, isReceivingPaused ? ccurl_pause_receiving : 0)
  }

  // MARK: Stalls

  private func noteProgress() { lastProgressNanoseconds = loop.nowNanoseconds }

  /// libcurl's own low-speed check also counts the time in which it waits for us, so we watch ourselves, and only while the task waits here.
  private func watchForStall() {
    guard stallTimer == nil, !isFinished else { return }
    stallTimer = loop.schedule(afterMilliseconds: configuration.stallTimeoutMilliseconds) { [weak self] in
      guard let self else { return }
      stallTimer = nil
      let quietMilliseconds = (loop.nowNanoseconds &- lastProgressNanoseconds) / 1_000_000
      if waiter != nil, quietMilliseconds + 1 >= configuration.stallTimeoutMilliseconds {
        failure = failure ?? HTTPClientError(.timeout, "no progress for \(quietMilliseconds) ms")
        wake()
      } else {
        watchForStall()
      }
    }
  }

  /// Nothing is waited for any more.
  func cancelTimers() {
    stallTimer?.cancel()
    stallTimer = nil
  }
}
