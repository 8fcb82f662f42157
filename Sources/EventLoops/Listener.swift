import CLinux

/// A listening socket. Loop thread only, but for `boundAddress`.
public final class Listener {
  /// Where it really listens: with port 0 the kernel has chosen one.
  public let boundAddress: SocketAddress
  private let acceptor: Acceptor

  /// - Parameters:
  ///   - reusePort: lets the other loops of this process listen on the same port too. The port is probed without it first,
  ///     so that a second stack on this machine gets "address already in use" instead of a share of the connections;
  ///     the loops after the first one pass `probe: false`.
  ///   - onAccept: gets a non-blocking descriptor (TCP_NODELAY set) that it owns, and the peer.
  public init(
    address: SocketAddress, loop: EventLoop, reusePort: Bool = false, probe: Bool = true,
    onAccept: @escaping (Int32, SocketAddress) -> Void
  ) throws {
    precondition(loop.isCurrent, "a listener is made on its loop")
    if reusePort && probe, let port = address.port, port != 0 {
      linux_close(try Self.open(address, reusePort: false))
    }
    if case .unix(let path) = address { unlink(path) }
    let descriptor = try Self.open(address, reusePort: reusePort)
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    withUnsafeMutablePointer(to: &storage) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = linux_getsockname(descriptor, $0, &length) }
    }
    boundAddress = SocketAddress(storage, length: length) ?? address
    acceptor = Acceptor(loop: loop, descriptor: descriptor, onAccept: onAccept)
    acceptor.setInterest(read: true, write: false)
  }

  /// No more connections are accepted; those there are stay. The ones that the kernel has completed and nobody has accepted yet are
  /// reset by it: ``closeAfterAccepting()`` spares them.
  public func close() { acceptor.shut() }

  /// Accepts what the kernel has completed, then closes.
  public func closeAfterAccepting() {
    acceptor.acceptAll()
    acceptor.shut()
  }

  private static func open(_ address: SocketAddress, reusePort: Bool) throws -> Int32 {
    let action = "listen on \(address)"
    let descriptor = linux_stream_socket(address.family)
    guard descriptor >= 0 else { throw SystemError(errno: linux_errno(), doing: action) }
    do {
      var one: Int32 = 1
      let size = socklen_t(MemoryLayout<Int32>.size)
      if address.port != nil {
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, size)
        if reusePort, setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &one, size) != 0 { throw SystemError(errno: linux_errno(), doing: action) }
      }
      try address.withSockaddr { pointer, length in
        guard linux_bind(descriptor, pointer, length) == 0 else { throw SystemError(errno: linux_errno(), doing: action) }
      }
      guard listen(descriptor, Int32(EventLoopLimits.listenBacklog)) == 0 else { throw SystemError(errno: linux_errno(), doing: action) }
      return descriptor
    } catch {
      linux_close(descriptor)
      throw error
    }
  }

  private final class Acceptor: Pollable {
    private let onAccept: (Int32, SocketAddress) -> Void
    private var isShut = false

    init(loop: EventLoop, descriptor: Int32, onAccept: @escaping (Int32, SocketAddress) -> Void) {
      self.onAccept = onAccept
      super.init(loop: loop, descriptor: descriptor)
    }

    override func onReady(readable: Bool, writable: Bool) { accept(atMost: EventLoopLimits.acceptsPerTurn) }

    /// As many as the backlog holds.
    func acceptAll() { accept(atMost: EventLoopLimits.listenBacklog) }

    private func accept(atMost count: Int) {
      for _ in 0..<count {
        guard !isShut else { return }
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let accepted = withUnsafeMutablePointer(to: &storage) { pointer in
          pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            linux_accept(descriptor, $0, &length)
          }
        }
        guard accepted >= 0 else {
          if [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(linux_errno()) { rest() }
          return
        }
        let peer = SocketAddress(storage, length: length) ?? .unix(path: "")
        if peer.port != nil { setNoDelay(accepted) }
        onAccept(accepted, peer)
      }
    }

    /// The process is out of descriptors: waiting a little beats spinning on a readable listener.
    private func rest() {
      setInterest(read: false, write: false)
      _ = loop.schedule(afterMilliseconds: EventLoopLimits.acceptPauseMilliseconds) { [weak self] in
        guard let self, !self.isShut else { return }
        self.setInterest(read: true, write: false)
      }
    }

    func shut() {
      guard !isShut else { return }
      isShut = true
      stopWatching()
      linux_close(descriptor)
    }
  }
}

func setNoDelay(_ descriptor: Int32) {
  var one: Int32 = 1
  setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
}
