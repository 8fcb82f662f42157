import Bytes
import CHiredis
import EventLoops

/// What a connection tells its owner. Never called from inside hiredis.
protocol RedisConnectionOwner: AnyObject {
  func connectionOpened(_ connection: RedisConnection)
  /// A pub/sub message: kind, channel, payload.
  func connection(_ connection: RedisConnection, received message: [RedisValue])
  /// Nothing comes after this. Calls still waiting have been failed.
  func connectionClosed(_ connection: RedisConnection, reason: String)
}

/// One connection: hiredis' asynchronous context, driven by the loop through its `ev` hooks. Loop thread only.
///
/// Owns the context; hiredis frees it when the connection ends, and says so through the `cleanup` hook.
final class RedisConnection: Pollable, @unchecked Sendable {
  private typealias Callback = @convention(c) (
    UnsafeMutablePointer<redisAsyncContext>?, UnsafeMutableRawPointer?, UnsafeMutableRawPointer?
  ) -> Void

  private weak var owner: (any RedisConnectionOwner)?
  private let configuration: RedisConfiguration
  private var context: UnsafeMutablePointer<redisAsyncContext>?
  private var scratch = ByteBuffer()
  private var inFlight = FIFOQueue<RedisCall>()
  private var connectTimer: LoopTimer?
  private var messages: [[RedisValue]] = []
  private var isWriting = false
  private var isSocketConnected = false
  private var isGreeted = false
  private var isOpened = false
  private var isClosed = false
  private var closeReason: String?
  /// Monotonic; the last time the server sent anything.
  private(set) var lastReceivedNanoseconds: UInt64

  init(configuration: RedisConfiguration, loop: EventLoop, owner: any RedisConnectionOwner) {
    self.configuration = configuration
    self.owner = owner
    lastReceivedNanoseconds = loop.nowNanoseconds
    super.init(loop: loop, descriptor: -1)
  }

  var replyElementsMax: Int { configuration.replyElementsMax }
  /// A command without its reply is in flight, as hiredis sees it.
  var awaitsReply: Bool { context?.pointee.replies.head != nil }
  var isSubscribed: Bool { (context?.pointee.c.flags ?? 0) & REDIS_SUBSCRIBED != 0 }
  /// The call that waits longest.
  var oldestCall: RedisCall? { inFlight.first }
  var callsInFlight: Int { inFlight.count }

  // MARK: Opening

  /// Starts to connect. Success and failure both come through the owner, later.
  func open(_ address: SocketAddress) {
    let created =
      switch address {
      case .unix(let path): redisAsyncConnectUnix(path)
      case .ipv4(_, let port), .ipv6(_, let port): redisAsyncConnect(address.host, Int32(port))
      }
    guard let created else { return closeLater("out of memory") }
    guard created.pointee.err == 0, ReplyGuard.install(on: created, for: self) else {
      let reason = Self.errorText(created)
      redisAsyncFree(created)
      return closeLater(reason)
    }
    context = created
    descriptor = created.pointee.c.fd
    install(on: created)
    connectTimer = loop.schedule(afterMilliseconds: configuration.connectTimeoutMilliseconds) { [weak self] in
      guard let self else { return }
      close(reason: "no connection within \(configuration.connectTimeoutMilliseconds) ms")
    }
  }

  private func install(on context: UnsafeMutablePointer<redisAsyncContext>) {
    // The cleanup hook gives this reference back.
    let me = Unmanaged.passRetained(self).toOpaque()
    context.pointee.data = me
    context.pointee.ev.data = me
    context.pointee.ev.addRead = { RedisConnection.from($0)?.wantRead(true) }
    context.pointee.ev.delRead = { RedisConnection.from($0)?.wantRead(false) }
    context.pointee.ev.addWrite = { RedisConnection.from($0)?.wantWrite() }
    context.pointee.ev.delWrite = { RedisConnection.from($0)?.wantNoWrite() }
    context.pointee.ev.cleanup = { data in
      guard let data else { return }
      let connection = Unmanaged<RedisConnection>.fromOpaque(data).takeRetainedValue()
      connection.stopWatching()
      connection.context = nil
    }
    redisAsyncSetConnectCallback(context) { context, status in
      guard let context, let connection = RedisConnection.from(context.pointee.data) else { return }
      if status == REDIS_OK {
        connection.isSocketConnected = true
      } else {
        connection.closeReason = RedisConnection.errorText(context)
      }
    }
    redisAsyncSetDisconnectCallback(context) { context, status in
      guard let context, status != REDIS_OK, let connection = RedisConnection.from(context.pointee.data) else { return }
      connection.closeReason = RedisConnection.errorText(context)
    }
  }

  /// AUTH, SELECT and PING: a server that is still loading, or wants another password, does not count as open.
  private func handshake(_ context: UnsafeMutablePointer<redisAsyncContext>) {
    isGreeted = true
    if context.pointee.c.connection_type == REDIS_CONN_TCP {
      withUnsafeMutablePointer(to: &context.pointee.c) { _ = redisEnableKeepAlive($0) }
    }
    var commands: [[RedisArgument]] = []
    if let password = configuration.password {
      commands.append(configuration.user.map { ["AUTH", .string($0), .string(password)] } ?? ["AUTH", .string(password)])
    }
    if configuration.database > 0 { commands.append(["SELECT", .int(Int64(configuration.database))]) }
    commands.append(["PING"])
    let greeting = RedisCall(.pipeline(commands), deadlineNanoseconds: .max)
    send(greeting)
    loop.spawn { [self] in
      do {
        let replies = try await withUnsafeThrowingContinuation { greeting.start($0) }
        for reply in try replies.array { _ = try reply.throwingErrors() }
        guard !isClosed else { return }
        connectTimer?.cancel()
        isOpened = true
        owner?.connectionOpened(self)
      } catch {
        close(reason: "\(error)")
      }
    }
  }

  // MARK: Commands

  /// Puts the commands of `call` into hiredis' output buffer, which is written at the end of this loop iteration.
  func send(_ call: RedisCall) {
    guard let context, !isClosed else { return call.fail(RedisError.unavailable(closeReason ?? "the connection is closed")) }
    inFlight.append(call)
    switch call.request {
    case .command(let command): append(command, to: context, redisReplyArrived)
    case .pipeline(let commands): for command in commands { append(command, to: context, redisReplyArrived) }
    }
  }

  /// SUBSCRIBE or UNSUBSCRIBE: hiredis knows these by name and sends every message of the channel to the callback.
  func sendSubscription(_ verb: RedisArgument, channels: [String]) {
    guard let context, !isClosed, !channels.isEmpty else { return }
    append([verb] + channels.map { .string($0) }, to: context, redisMessageArrived)
  }

  private func append(_ command: [RedisArgument], to context: UnsafeMutablePointer<redisAsyncContext>, _ callback: Callback) {
    scratch.clear()
    CommandEncoder.encode(command, into: &scratch)
    // hiredis looks for the words of a subscription with strchr: behind the last one it reads on until it finds a NUL.
    scratch.append(0)
    let status = scratch.withUnsafeBytes { bytes in
      redisAsyncFormattedCommand(context, callback, nil, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count - 1)
    }
    // Refused only while hiredis shuts the connection down.
    if status != REDIS_OK { closeLater("the connection is going down") }
  }

  fileprivate func take(reply: UnsafeMutablePointer<redisReply>) {
    guard let call = inFlight.first else { return }
    if call.receive(call.isFinished ? .null : ReplyCopier.value(reply)) { _ = inFlight.popFirst() }
  }

  fileprivate func take(message: UnsafeMutablePointer<redisReply>) {
    switch ReplyCopier.value(message) {
    case .array(let parts): messages.append(parts)
    case .error(let error): closeReason = error.message
    default: break
    }
  }

  /// When the calls in flight need looking at next: the deadline of the oldest that somebody still waits for, else of the connection itself.
  func nextDeadline(timeoutNanoseconds: UInt64) -> UInt64? {
    guard !inFlight.isEmpty else { return nil }
    return inFlight.first { !$0.isFinished }?.deadlineNanoseconds ?? lastReceivedNanoseconds + timeoutNanoseconds
  }

  /// Fails the calls whose time is over; their replies are dropped when they come. How many there were.
  func failCalls(dueAt now: UInt64, _ error: RedisError) -> Int {
    var count = 0
    inFlight.forEach { call in
      guard !call.isFinished, call.deadlineNanoseconds <= now else { return }
      call.fail(error)
      count += 1
    }
    return count
  }

  // MARK: Readiness

  override func onReady(readable: Bool, writable: Bool) {
    if writable, let context { write(context) }
    if readable, let context {
      lastReceivedNanoseconds = loop.nowNanoseconds
      redisAsyncHandleRead(context)
    }
    afterHiredis()
  }

  override func flush() {
    if let context { write(context) }
    afterHiredis()
  }

  private func write(_ context: UnsafeMutablePointer<redisAsyncContext>) {
    isWriting = true
    redisAsyncHandleWrite(context)
    isWriting = false
  }

  /// What callbacks of hiredis recorded is acted on here, when hiredis is done.
  private func afterHiredis() {
    if isSocketConnected, !isGreeted, let context { handshake(context) }
    if !messages.isEmpty {
      let received = messages
      messages = []
      for message in received { owner?.connection(self, received: message) }
    }
    if let context, let reader = context.pointee.c.reader, reader.pointee.len - reader.pointee.pos > configuration.replyBytesMax {
      close(reason: "a reply is larger than \(configuration.replyBytesMax) bytes")
    }
    if context == nil || closeReason != nil { close(reason: closeReason ?? "the server closed the connection") }
  }

  private func wantRead(_ wanted: Bool) { setInterest(read: wanted, write: isWriteWanted) }

  /// A connected socket nearly always takes what there is: one write at the end of the iteration, and readiness only for the rest.
  private func wantWrite() {
    if isSocketConnected, !isWriting { markDirty() } else { setInterest(read: isReadWanted, write: true) }
  }

  private func wantNoWrite() { setInterest(read: isReadWanted, write: false) }

  // MARK: Closing

  /// Fails what waits and tells the owner. Fine twice.
  func close(reason: String) {
    guard !isClosed else { return }
    isClosed = true
    closeReason = reason
    connectTimer?.cancel()
    if let context { redisAsyncFree(context) }
    for call in inFlight.drain() { call.fail(RedisError.unavailable(reason)) }
    owner?.connectionClosed(self, reason: reason)
  }

  private func closeLater(_ reason: String) {
    loop.execute { [self] in close(reason: reason) }
  }

  fileprivate static func from(_ data: UnsafeMutableRawPointer?) -> RedisConnection? {
    data.map { Unmanaged<RedisConnection>.fromOpaque($0).takeUnretainedValue() }
  }

  private static func errorText(_ context: UnsafePointer<redisAsyncContext>) -> String {
    let text = withUnsafeBytes(of: context.pointee.c.errstr) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    return text.isEmpty ? "the server closed the connection" : text
  }
}

private func redisReplyArrived(
  _ context: UnsafeMutablePointer<redisAsyncContext>?, _ reply: UnsafeMutableRawPointer?, _: UnsafeMutableRawPointer?
) {
  guard let context, let reply else { return }
  RedisConnection.from(context.pointee.data)?.take(reply: reply.assumingMemoryBound(to: redisReply.self))
}

private func redisMessageArrived(
  _ context: UnsafeMutablePointer<redisAsyncContext>?, _ reply: UnsafeMutableRawPointer?, _: UnsafeMutableRawPointer?
) {
  guard let context, let reply else { return }
  RedisConnection.from(context.pointee.data)?.take(message: reply.assumingMemoryBound(to: redisReply.self))
}
