import CUV
import Glibc

/// Something that waits for one descriptor on one loop. Subclass it. Loop thread only.
///
/// While it has an interest the loop keeps it alive. Whoever owns the descriptor calls ``stopWatching()`` before closing it.
open class Pollable {
  public unowned(unsafe) final let loop: EventLoop
  public final var descriptor: Int32
  final var isDirty = false
  private final var handle: UnsafeMutablePointer<uv_poll_t>?
  private final var wantsRead = false
  private final var wantsWrite = false

  public init(loop: EventLoop, descriptor: Int32) {
    self.loop = loop
    self.descriptor = descriptor
  }

  /// The descriptor is ready, has failed or was closed by the peer: the next read or write tells which.
  open func onReady(readable: Bool, writable: Bool) {}

  /// Called once at the end of the iteration in which ``markDirty()`` was called.
  open func flush() {}

  /// Bytes written that the peer has not acknowledged (SIOCOUTQ of tcp(7)); 0 where that cannot be known.
  final var unacknowledgedBytes: Int {
    var count: Int32 = 0
    return ioctl(descriptor, UInt(TIOCOUTQ), &count) == 0 ? Int(count) : 0
  }

  public final var isReadWanted: Bool { wantsRead }
  public final var isWriteWanted: Bool { wantsWrite }

  /// Asks for ``flush()`` at the end of this iteration.
  @inline(__always)
  public final func markDirty() {
    guard !isDirty else { return }
    isDirty = true
    loop.appendDirty(self)
  }

  /// What to wait for from now on. Costs nothing when nothing changes.
  public final func setInterest(read: Bool, write: Bool) {
    precondition(loop.isCurrent, "descriptors belong to the loop's thread")
    guard read != wantsRead || write != wantsWrite else { return }
    wantsRead = read
    wantsWrite = write
    let handle: UnsafeMutablePointer<uv_poll_t>
    if let existing = self.handle {
      handle = existing
    } else {
      guard let created = open() else { return }
      handle = created
    }
    var events: Int32 = 0
    if read { events |= Int32(UV_READABLE.rawValue) }
    if write { events |= Int32(UV_WRITABLE.rawValue) }
    if events == 0 {
      uv_poll_stop(handle)
    } else {
      uv_poll_start(handle, events, Self.ready)
    }
  }

  /// Nothing more is reported. The descriptor itself stays open. May be called from ``onReady(readable:writable:)``.
  public final func stopWatching() {
    wantsRead = false
    wantsWrite = false
    guard let handle else { return }
    precondition(loop.isCurrent, "descriptors belong to the loop's thread")
    self.handle = nil
    UnsafeMutableRawPointer(handle).withMemoryRebound(to: uv_handle_t.self, capacity: 1) { Self.close(handle: $0) }
  }

  private final func open() -> UnsafeMutablePointer<uv_poll_t>? {
    let created = UnsafeMutablePointer<uv_poll_t>.allocate(capacity: 1)
    guard uv_poll_init(loop.uv, created, descriptor) == 0 else {
      created.deallocate()
      wantsRead = false
      wantsWrite = false
      // Not a descriptor that can be waited for: the owner's next read or write reports the error.
      let broken = Unchecked(self)
      loop.execute { broken.value.onReady(readable: true, writable: true) }
      return nil
    }
    created.pointee.data = Unmanaged.passRetained(self).toOpaque()
    handle = created
    return created
  }

  /// Frees the handle, and lets go of the pollable, once libuv is done with it.
  static func close(handle: UnsafeMutablePointer<uv_handle_t>) {
    uv_close(handle) { closed in
      guard let closed else { return }
      if let owner = closed.pointee.data { Unmanaged<Pollable>.fromOpaque(owner).release() }
      UnsafeMutableRawPointer(closed).deallocate()
    }
  }

  private static let ready: uv_poll_cb = { handle, status, events in
    guard let handle, let owner = handle.pointee.data else { return }
    let pollable = Unmanaged<Pollable>.fromOpaque(owner).takeUnretainedValue()
    withExtendedLifetime(pollable) {
      if status < 0 {
        // libuv has stopped the handle: forget the interest so that the next setInterest starts it again.
        let (read, write) = (pollable.wantsRead, pollable.wantsWrite)
        pollable.wantsRead = false
        pollable.wantsWrite = false
        pollable.onReady(readable: read || !write, writable: write)
        return
      }
      pollable.onReady(readable: events & Int32(UV_READABLE.rawValue) != 0, writable: events & Int32(UV_WRITABLE.rawValue) != 0)
    }
  }
}

/// Carries a loop-bound object through a closure that runs on the same loop.
final class Unchecked<T>: @unchecked Sendable {
  let value: T
  init(_ value: T) { self.value = value }
}
