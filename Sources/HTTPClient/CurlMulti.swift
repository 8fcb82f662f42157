import CCurl
import EventLoops

/// libcurl's multi handle on one event loop: it tells which descriptors and which time it waits for, the loop tells it when.
/// Loop thread only.
final class CurlMulti {
  private let loop: EventLoop
  private let multi: UnsafeMutableRawPointer
  private var sockets: [Int32: CurlSocket] = [:]
  private var timer: LoopTimer?

  private static let initialised: Bool = ccurl_global_init() == CURLE_OK

  init(loop: EventLoop, configuration: HTTPClientConfiguration) {
    precondition(loop.isCurrent, "an HTTP client is made on its loop")
    guard Self.initialised, let multi = curl_multi_init() else { preconditionFailure("libcurl cannot start") }
    self.loop = loop
    self.multi = multi
    ccurl_multi_set_long(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, configuration.connectionsMax)
    ccurl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, configuration.idleConnectionsMax)
    ccurl_multi_set_callbacks(
      multi, Unmanaged.passUnretained(self).toOpaque(),
      { _, descriptor, what, context, _ in
        guard let context else { return 0 }
        Unmanaged<CurlMulti>.fromOpaque(context).takeUnretainedValue().watch(descriptor, what)
        return 0
      },
      { _, milliseconds, context in
        guard let context else { return 0 }
        Unmanaged<CurlMulti>.fromOpaque(context).takeUnretainedValue().setTimer(milliseconds)
        return 0
      })
  }

  /// Every transfer must have been removed.
  deinit {
    timer?.cancel()
    curl_multi_cleanup(multi)
    for socket in sockets.values { socket.stopWatching() }
  }

  func add(_ transfer: CurlTransfer) throws(HTTPClientError) {
    let result = curl_multi_add_handle(multi, transfer.easy)
    guard result == CURLM_OK else { throw HTTPClientError(.tooBusy, String(cString: curl_multi_strerror(result))) }
  }

  /// Ends a transfer wherever it is. Its connection is kept where the exchange was whole, else closed.
  func remove(_ transfer: CurlTransfer) {
    transfer.cancelTimers()
    curl_multi_remove_handle(multi, transfer.easy)
  }

  private func watch(_ descriptor: Int32, _ what: Int32) {
    if what == CURL_POLL_REMOVE {
      sockets.removeValue(forKey: descriptor)?.stopWatching()
      return
    }
    let socket = sockets[descriptor] ?? CurlSocket(loop: loop, descriptor: descriptor, multi: self)
    sockets[descriptor] = socket
    socket.setInterest(read: what & CURL_POLL_IN != 0, write: what & CURL_POLL_OUT != 0)
  }

  private func setTimer(_ milliseconds: Int) {
    timer?.cancel()
    timer = nil
    guard milliseconds >= 0 else { return }
    // Never at once: libcurl must not be called from inside its own callback.
    timer = loop.schedule(afterMilliseconds: UInt64(milliseconds)) { [weak self] in
      self?.timer = nil
      self?.act(ccurl_socket_timeout, 0)
    }
  }

  fileprivate func act(_ descriptor: Int32, _ events: Int32) {
    var running: Int32 = 0
    curl_multi_socket_action(multi, descriptor, events, &running)
    var easy: UnsafeMutableRawPointer?
    var result = CURLE_OK
    while ccurl_multi_next_finished(multi, &easy, &result) == 1 {
      var context: UnsafeMutableRawPointer?
      guard let easy, ccurl_get_context(easy, &context) == CURLE_OK, let context else { continue }
      Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue().finish(result)
    }
  }
}

/// One descriptor that libcurl owns.
private final class CurlSocket: Pollable {
  private weak var multi: CurlMulti?

  init(loop: EventLoop, descriptor: Int32, multi: CurlMulti) {
    self.multi = multi
    super.init(loop: loop, descriptor: descriptor)
  }

  override func onReady(readable: Bool, writable: Bool) {
    multi?.act(descriptor, (readable ? CURL_CSELECT_IN : 0) | (writable ? CURL_CSELECT_OUT : 0))
  }
}
