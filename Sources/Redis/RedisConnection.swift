import Bytes
import EventLoops
import Glibc

/// What a connection tells its owner.
protocol RedisConnectionOwner: AnyObject {
  func connectionOpened(_ connection: RedisConnection)
  /// A pub/sub message: kind, channel, payload.
  func connection(_ connection: RedisConnection, received message: [RedisValue])
  /// Nothing comes after this. Calls still waiting have been failed.
  func connectionClosed(_ connection: RedisConnection, reason: String)
}

/// One connection: commands are written into one buffer, which goes out at the end of the loop's iteration; hiredis' parser reads the
/// replies. Loop thread only.
final class RedisConnection: Pollable, @unchecked Sendable {
  private static let readBytes = 32 << 10
  /// Reads in a row before others have their turn.
  private static let readsMax = 16
  /// A peer that is gone without a word is found out after half a minute, as hiredis does it.
  private static let keepaliveSeconds: Int32 = 15

  private weak var owner: (any RedisConnectionOwner)?
  private let configuration: RedisConfiguration
  private let reader: ReplyReader?
  private let input = UnsafeMutableRawBufferPointer.allocate(byteCount: readBytes, alignment: 16)
  private var output = ByteBuffer()
  private var inFlight = CallQueue()
  private var connectTimer: LoopTimer?
  private var opening: Task<Void, Never>?
  private var isSubscribed = false
  private var isClosed = false
  private var closeReason = ""
  /// Monotonic; the last time the server sent anything.
  private(set) var lastReceivedNanoseconds: UInt64

  init(configuration: RedisConfiguration, loop: EventLoop, owner: any RedisConnectionOwner) {
    self.configuration = configuration
    self.owner = owner
    reader = ReplyReader(elementsMax: configuration.replyElementsMax)
    lastReceivedNanoseconds = loop.nowNanoseconds
    super.init(loop: loop, descriptor: -1)
  }

  deinit { input.deallocate() }

  var callsInFlight: Int { inFlight.count }

  // MARK: Opening

  /// Starts to connect. Success and failure both come through the owner, later.
  func open(_ address: SocketAddress) {
    let milliseconds = configuration.connectTimeoutMilliseconds
    // Not by a weak reference, which would make every retain of this object slower: the timer is called off when the attempt ends.
    connectTimer = loop.schedule(afterMilliseconds: milliseconds) { [self] in close(reason: "no connection within \(milliseconds) ms") }
    opening = loop.spawn { [self] in
      do {
        let connected = try await loop.connect(to: address, timeoutMilliseconds: milliseconds)
        guard !isClosed else {
          Glibc.close(connected)
          return
        }
        descriptor = connected
        if address.port != nil { watchPeer() }
        setInterest(read: true, write: false)
        try await greet()
        guard !isClosed else { return }
        connectTimer?.cancel()
        opening = nil
        owner?.connectionOpened(self)
      } catch {
        close(reason: "\(error)")
      }
    }
  }

  /// AUTH, SELECT and PING: a server that is still loading, or wants another password, does not count as open.
  private func greet() async throws {
    var commands: [[RedisArgument]] = []
    if let password = configuration.password {
      commands.append(configuration.user.map { ["AUTH", .string($0), .string(password)] } ?? ["AUTH", .string(password)])
    }
    if configuration.database > 0 { commands.append(["SELECT", .int(Int64(configuration.database))]) }
    commands.append(["PING"])
    let replies = try await withUnsafeThrowingContinuation { continuation in
      send(RedisCall(waiter: continuation, task: nil, deadlineNanoseconds: .max, batch: ReplyBatch(count: commands.count))) { output in
        for command in commands { CommandEncoder.encode(command, into: &output) }
      }
    }
    for reply in try replies.array { _ = try reply.throwingErrors() }
  }

  private func watchPeer() {
    let options = [
      (SOL_SOCKET, SO_KEEPALIVE, 1), (Int32(IPPROTO_TCP), TCP_KEEPIDLE, Self.keepaliveSeconds),
      (Int32(IPPROTO_TCP), TCP_KEEPINTVL, Self.keepaliveSeconds / 3), (Int32(IPPROTO_TCP), TCP_KEEPCNT, 3),
    ]
    for (level, option, value) in options {
      var value = value
      setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }
  }

  // MARK: Commands

  /// Has `encode` write the commands of `call`, which go out at the end of this loop iteration.
  @inline(__always)
  func send(_ call: consuming RedisCall, _ encode: (inout ByteBuffer) -> Void) {
    guard !isClosed else { return call.fail(RedisError.unavailable(closeReason)) }
    encode(&output)
    inFlight.append(call)
    markDirty()
  }

  /// SUBSCRIBE or UNSUBSCRIBE, after which the server sends messages and no replies.
  func sendSubscription(_ verb: RedisArgument, channels: [String]) {
    guard !isClosed, !channels.isEmpty else { return }
    isSubscribed = true
    CommandEncoder.encode([verb] + channels.map { .string($0) }, into: &output)
    markDirty()
  }

  // MARK: Time-outs and cancellation

  /// Ends the waits of cancelled tasks; the replies are dropped when they come.
  func failCancelledCalls() {
    for place in 0..<inFlight.count where inFlight[place].isCancelled { inFlight[place].fail(CancellationError()) }
  }

  /// Fails the calls whose time is over; their replies are dropped when they come. How many there were.
  func failCalls(dueAt now: UInt64, _ error: RedisError) -> Int {
    var count = 0
    for place in 0..<inFlight.count where inFlight[place].waiter != nil && inFlight[place].deadlineNanoseconds <= now {
      inFlight[place].fail(error)
      count += 1
    }
    return count
  }

  /// Whether a call is overdue and nothing at all came in all that time: the server, or the way to it, is gone.
  func isSilent(at now: UInt64, timeoutNanoseconds: UInt64) -> Bool {
    !inFlight.isEmpty && inFlight[0].deadlineNanoseconds <= now && lastReceivedNanoseconds + timeoutNanoseconds <= now
  }

  // MARK: Readiness

  override func onReady(readable: Bool, writable: Bool) {
    if writable { flush() }
    if readable { receive() }
  }

  override func flush() {
    guard descriptor >= 0, !output.isEmpty else { return }
    let sent = output.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    if sent >= 0 {
      output.discardFirst(sent)
    } else if errno != EAGAIN && errno != EINTR {
      let reason = "\(SystemError(errno: errno, doing: "write to Redis"))"
      // What the server said before it went away may still be there to read.
      receive()
      return close(reason: reason)
    }
    if output.isEmpty { output.clear() }
    setInterest(read: true, write: !output.isEmpty)
  }

  private func receive() {
    var reads = 0
    while descriptor >= 0, reads < Self.readsMax {
      reads += 1
      let count = recv(descriptor, input.baseAddress, input.count, 0)
      guard count > 0 else {
        if count < 0, errno == EAGAIN || errno == EINTR { return }
        return close(reason: count == 0 ? "the server closed the connection" : "\(SystemError(errno: errno, doing: "read from Redis"))")
      }
      lastReceivedNanoseconds = loop.nowNanoseconds
      take(UnsafeRawBufferPointer(rebasing: input[..<count]))
      if count < input.count { return }
    }
  }

  private func take(_ bytes: UnsafeRawBufferPointer) {
    guard let reader else { return close(reason: "out of memory") }
    do {
      try reader.feed(bytes)
      while !isClosed, let reply = try reader.next() { take(reply) }
    } catch {
      return close(reason: error.reason)
    }
    if reader.unfinishedBytes > configuration.replyBytesMax { close(reason: "a reply is larger than \(configuration.replyBytesMax) bytes") }
  }

  private func take(_ reply: RedisValue) {
    if !inFlight.isEmpty {
      if inFlight[0].receive(reply) { inFlight.popFirst() }
      return
    }
    switch reply {
    case .error(let error): close(reason: error.message)
    case .array(let parts) where isSubscribed && Self.isMessage(parts): owner?.connection(self, received: parts)
    default: close(reason: "the server sent a reply that nobody asked for")
    }
  }

  /// `[kind, channel, payload]`, or with the number of subscriptions for the payload.
  private static func isMessage(_ parts: [RedisValue]) -> Bool {
    guard parts.count == 3, case .bytes = parts[0], case .bytes = parts[1] else { return false }
    switch parts[2] {
    case .bytes, .integer: return true
    default: return false
    }
  }

  // MARK: Closing

  /// Fails what waits and tells the owner. Fine twice.
  func close(reason: String) {
    guard !isClosed else { return }
    isClosed = true
    closeReason = reason
    connectTimer?.cancel()
    opening?.cancel()
    opening = nil
    if descriptor >= 0 {
      stopWatching()
      Glibc.close(descriptor)
      descriptor = -1
    }
    while var call = inFlight.popFirst() { call.fail(RedisError.unavailable(reason)) }
    owner?.connectionClosed(self, reason: reason)
  }
}
