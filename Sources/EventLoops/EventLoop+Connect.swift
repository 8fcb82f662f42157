import CLinux

extension EventLoop {
  /// Connects a socket. The descriptor is non-blocking, has TCP_NODELAY set, and is the caller's to close.
  /// - Throws: `SystemError`, `TimeoutError`, `CancellationError`.
  public func connect(to address: SocketAddress, timeoutMilliseconds: UInt64) async throws -> Int32 {
    guard isCurrent else { return try await run { try await self.connect(to: address, timeoutMilliseconds: timeoutMilliseconds) } }
    let action = "connect to \(address)"
    let descriptor = linux_stream_socket(address.family)
    guard descriptor >= 0 else { throw SystemError(errno: linux_errno(), doing: action) }
    if address.port != nil { setNoDelay(descriptor) }
    do {
      let status = try address.withSockaddr { pointer, length in linux_connect(descriptor, pointer, length) == 0 ? 0 : linux_errno() }
      if status == 0 { return descriptor }
      // A Unix socket whose backlog is full says EAGAIN and will never become writable.
      guard status == EINPROGRESS else { throw SystemError(errno: status, doing: action) }
      let attempt = ConnectAttempt(loop: self, descriptor: descriptor, action: action)
      defer { attempt.stopWatching() }
      attempt.setInterest(read: false, write: true)
      try await attempt.promise.wait(timeoutMilliseconds: timeoutMilliseconds)
      return descriptor
    } catch {
      linux_close(descriptor)
      throw error
    }
  }
}

private final class ConnectAttempt: Pollable {
  let promise: LoopPromise<Void>
  private let action: String

  init(loop: EventLoop, descriptor: Int32, action: String) {
    promise = LoopPromise(loop: loop)
    self.action = action
    super.init(loop: loop, descriptor: descriptor)
  }

  override func onReady(readable: Bool, writable: Bool) {
    var status: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &status, &length)
    if status == 0 {
      promise.succeed(())
    } else {
      promise.fail(SystemError(errno: status, doing: action))
    }
  }
}
