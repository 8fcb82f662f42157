import Bytes
import Compression
import EventLoops
import HTTP2

/// What the two ends of a call share: messages in frames of five bytes plus payload, in both directions, with flow control.
///
/// Public only so that generated code can be specialised across modules; not for direct use.
open class RPCStream: HTTP2Stream, @unchecked Sendable {
  public final let loop: EventLoop
  final let limits: RPCLimits
  private final let readWaiter: LoopWaiter
  private final let writeWaiter: LoopWaiter
  /// Received bytes for which the peer was not yet allowed to send as many more.
  private final var ungrantedBytes = 0
  private final var knownInputBytes = 0
  /// `expectInput` was told of the first message.
  private final var expectsInput = false
  private final var decompressed = ByteBuffer()
  /// Made for the first deadline.
  private final var deadline: CallDeadline?
  /// The peer compresses with gzip (`grpc-encoding`).
  final var inputIsGzip = false
  /// Our messages are compressed.
  final var outputIsGzip = false
  /// What is written must be kept, see `messageSealed`.
  final var keepsMessages = false
  /// Whether the message that was taken last came compressed.
  @usableFromInline final var lastMessageWasCompressed = false
  /// Payloads so far as they are on the wire, without prefixes.
  final private(set) var sentMessageBytes: UInt64 = 0
  final private(set) var receivedMessageBytes: UInt64 = 0
  final private(set) var sentMessages: UInt64 = 0
  final private(set) var receivedMessages: UInt64 = 0

  init(loop: EventLoop, limits: RPCLimits) {
    self.loop = loop
    self.limits = limits
    readWaiter = LoopWaiter(loop: loop)
    writeWaiter = LoopWaiter(loop: loop)
    super.init()
  }

  deinit { deadline?.cancel() }

  /// Makes a call that is over ready for the next one, of which nothing of this one may be seen.
  func renew() {
    recycle()
    clearDeadline()
    ungrantedBytes = 0
    knownInputBytes = 0
    expectsInput = false
    decompressed.clear(keepingAtMost: 0)
    inputIsGzip = false
    outputIsGzip = false
    keepsMessages = false
    lastMessageWasCompressed = false
    sentMessageBytes = 0
    receivedMessageBytes = 0
    sentMessages = 0
    receivedMessages = 0
  }

  // MARK: The deadline

  final func setDeadline(nanoseconds: UInt64) {
    let deadline = deadline ?? CallDeadline(self)
    self.deadline = deadline
    deadline.set(atNanoseconds: nanoseconds)
  }

  final var hasDeadline: Bool { deadline?.isSet ?? false }
  @inline(__always) final func clearDeadline() { deadline?.cancel() }

  /// Messages sent and received since this was asked last.
  final func takeMessageCounts() -> (sent: UInt64, received: UInt64) {
    defer {
      sentMessages = 0
      receivedMessages = 0
    }
    return (sentMessages, receivedMessages)
  }

  // MARK: What the two ends do differently

  /// The moment of `setDeadline` has come.
  func deadlinePassed() {}

  /// Why reading makes no sense any more.
  open var failure: RPCError? { nil }

  /// No more input will come.
  open var isAtEnd: Bool { inputEnded || !isOpen }

  /// Called at the end of the input: throws where the end is not a proper one.
  open func checkEnd() throws(RPCError) {
    if !input.isEmpty { throw RPCError(.internalError, "the stream ended inside a message") }
  }

  /// More messages may be sent.
  open var acceptsMessages: Bool { isOpen }

  /// Throws if no more messages may be sent.
  open func prepareToWrite() throws(RPCError) {}

  /// A message was appended to the output, from `start` on. Called only while `keepsMessages`.
  func messageSealed(from start: Int) {}

  /// Half-close, for clients.
  open func finishWriting() {}

  /// A message that becomes too large when it is unpacked, in units of the glitch budget.
  private static let bombCost = 9_000

  // MARK: Receiving

  /// Tells waiting readers and writers to look again.
  final func wakeAll() {
    readWaiter.signal()
    writeWaiter.signal()
  }

  final func wakeReader() { readWaiter.signal() }
  final func wakeWriter() { writeWaiter.signal() }

  /// Forgets what was received, for another attempt.
  final func forgetInput() {
    ungrantedBytes = 0
    knownInputBytes = 0
    expectsInput = false
    decompressed.clear()
    inputIsGzip = false
    lastMessageWasCompressed = false
  }

  /// Accounts for new input. Throws as soon as the header of a message says it is too large, not when all of it is there.
  final func inputArrived() throws(RPCError) {
    ungrantedBytes += input.count - knownInputBytes
    knownInputBytes = input.count
    guard try frontMessageBytes() == nil else { return }
    // The message in assembly is bounded by its limit, so the peer may go on sending it.
    expectFrontMessage()
    grant(ungrantedBytes)
    ungrantedBytes = 0
  }

  /// The first message is not whole: room is made for the rest of it.
  private final func expectFrontMessage() {
    guard input.count >= 5 else { return }
    expectsInput = true
    expectInput(5 + announcedBytes)
  }

  /// What the header of the first message says of its size. There must be five bytes.
  @inline(__always) private final var announcedBytes: Int {
    input.withUnsafeBytes { Int(UInt32(bigEndian: $0.loadUnaligned(fromByteOffset: 1, as: UInt32.self))) }
  }

  /// The payload size of the first message if all of it is there.
  final func frontMessageBytes() throws(RPCError) -> Int? {
    guard input.count >= 5 else { return nil }
    let length = announcedBytes
    guard length <= limits.receivedMessageBytesMax else {
      throw RPCError(.resourceExhausted, "received a message of \(length) bytes; at most \(limits.receivedMessageBytesMax) are accepted")
    }
    guard input[0] <= 1 else { throw RPCError(.internalError, "received a message with the unknown flag \(input[0])") }
    return input.count >= 5 + length ? length : nil
  }

  /// How many whole messages the input is, for calls that take one: 2 stands for more. Throws where it ends inside the first two.
  final func inputMessageCount() throws(RPCError) -> Int {
    if input.isEmpty { return 0 }
    guard let length = try frontMessageBytes() else { throw RPCError(.internalError, "the request ended inside a message") }
    let rest = input.count - 5 - length
    if rest == 0 { return 1 }
    let start = 5 + length
    guard rest >= 5 else { throw RPCError(.internalError, "the request ended inside a message") }
    let next = Int(input[start + 1]) << 24 | Int(input[start + 2]) << 16 | Int(input[start + 3]) << 8 | Int(input[start + 4])
    if rest < 5 + next { throw RPCError(.internalError, "the request ended inside a message") }
    return 2
  }

  /// Hands the next whole message to `body` and drops it; nil if there is none yet.
  @inlinable public final func takeMessage<Message: RPCMessage>(_: Message.Type) throws(RPCError) -> Message? {
    guard let length = try nextMessageBytes() else { return nil }
    let isCompressed = frontIsCompressed
    lastMessageWasCompressed = isCompressed
    defer { dropMessage(length) }
    do throws(RPCError) {
      if isCompressed {
        try decompressFront(length)
        return try withDecompressed { bytes throws(RPCError) in try Message(wire: bytes) }
      }
      return try input.withUnsafeBytes { bytes throws(RPCError) in
        try Message(wire: UnsafeRawBufferPointer(rebasing: bytes[5..<5 + length]))
      }
    } catch {
      chargeUnreadable(error)
      throw refusal(error)
    }
  }

  /// A message that would take more memory than its size allows is no accident either.
  @usableFromInline final func chargeUnreadable(_ error: RPCError) {
    if error.code == .resourceExhausted { charge(Self.bombCost) }
  }

  /// What an unreadable message means on this side: a bad request for a server, a broken server for a client.
  @usableFromInline func refusal(_ error: RPCError) -> RPCError { error }

  @usableFromInline final func nextMessageBytes() throws(RPCError) -> Int? { try frontMessageBytes() }
  @usableFromInline final var frontIsCompressed: Bool { input[0] == 1 }

  @usableFromInline final func dropMessage(_ length: Int) {
    let count = 5 + length
    receivedMessageBytes &+= UInt64(length)
    receivedMessages &+= 1
    discardInput(count)
    knownInputBytes = input.count
    if expectsInput {
      expectsInput = false
      expectInput(0)
    }
    let granted = min(count, ungrantedBytes)
    grant(granted)
    ungrantedBytes -= granted
    decompressed.clear()
    guard ungrantedBytes > 0 else { return }
    do throws(RPCError) {
      guard try frontMessageBytes() == nil else { return }
      expectFrontMessage()
      grant(ungrantedBytes)
      ungrantedBytes = 0
    } catch {
      // Told when the message is asked for; until then nothing more may come.
    }
  }

  @usableFromInline final func decompressFront(_ length: Int) throws(RPCError) {
    guard inputIsGzip else { throw RPCError(.internalError, "received a compressed message, but grpc-encoding names no compression") }
    decompressed.clear()
    let limit = limits.receivedMessageBytesMax
    let failure = input.withUnsafeBytes { bytes -> GzipError? in
      do throws(GzipError) {
        try Gzip.decompress(UnsafeRawBufferPointer(rebasing: bytes[5..<5 + length]), outputBytesMax: limit, into: &decompressed)
        return nil
      } catch { return error }
    }
    switch failure {
    case nil: return
    case .tooLarge?:
      // Honest data does not shrink to a hundredth. Whoever sends such a message twice does not do so by mistake.
      if length < limit / 100 { charge(Self.bombCost) }
      throw RPCError(.resourceExhausted, "received a message that is larger than \(limit) bytes when decompressed")
    default: throw RPCError(.internalError, "received a message that is not valid gzip")
    }
  }

  @usableFromInline final func withDecompressed<Result>(_ body: (UnsafeRawBufferPointer) throws(RPCError) -> Result) throws(RPCError) -> Result {
    try decompressed.withUnsafeBytes(body)
  }

  /// Waits until there is something to read or `failure` or the end is known.
  @usableFromInline final func waitForInput() async throws {
    try Task.checkCancellation()
    await readWaiter.wait()
    try Task.checkCancellation()
  }

  // MARK: Sending

  /// Appends one message to the output. Nothing is sent before `outputChanged`. `mayCompress`: where the call compresses.
  @inlinable public final func appendMessage<Message: RPCMessage>(_ message: Message, mayCompress: Bool = true) throws(RPCError) {
    // Known at compile time: small messages do not even ask.
    if Message.lendsBytes, mayLend { return try appendLending(message) }
    let start = output.count
    _ = output.reserve(5)
    output.commit(5)
    do throws(RPCError) {
      try message.encode(into: &output)
    } catch {
      output.truncate(to: start)
      throw error
    }
    try sealMessage(from: start, mayCompress: mayCompress)
  }

  @usableFromInline final func sealMessage(from start: Int, mayCompress: Bool) throws(RPCError) {
    var length = output.count - start - 5
    guard length <= limits.sentMessageBytesMax else {
      output.truncate(to: start)
      throw tooLargeToSend(length)
    }
    let isCompressed = outputIsGzip && mayCompress && length >= limits.compressedMessageBytesMin && compressLast(length)
    if isCompressed { length = output.count - start - 5 }
    writePrefix(at: start, length, isCompressed)
    if keepsMessages { messageSealed(from: start) }
  }

  @inline(__always) private final func writePrefix(at start: Int, _ length: Int, _ isCompressed: Bool) {
    sentMessageBytes &+= UInt64(length)
    sentMessages &+= 1
    output.withUnsafeMutableBytes { bytes in
      bytes[start] = isCompressed ? 1 : 0
      bytes.storeBytes(of: UInt32(truncatingIfNeeded: length).bigEndian, toByteOffset: start + 1, as: UInt32.self)
    }
  }

  private final func tooLargeToSend(_ length: Int) -> RPCError {
    RPCError(.resourceExhausted, "a message of \(length) bytes is too large to send; at most \(limits.sentMessageBytesMax) are")
  }

  /// A message must be in one piece to be compressed, or to be kept.
  @usableFromInline final var mayLend: Bool { !outputIsGzip && !keepsMessages }

  /// `appendMessage` without copying what is large.
  @inlinable final func appendLending<Message: RPCMessage>(_ message: Message) throws(RPCError) {
    let (start, pieces, bytes) = (output.count, lentOutput.pieceCount, lentOutput.count)
    _ = output.reserve(5)
    output.commit(5)
    do throws(RPCError) {
      try message.encode(into: &output, lending: &lentOutput)
      try sealLending(from: start, lentBytes: lentOutput.count - bytes)
    } catch {
      output.truncate(to: start)
      lentOutput.truncate(toPieces: pieces)
      throw error
    }
  }

  @usableFromInline final func sealLending(from start: Int, lentBytes: Int) throws(RPCError) {
    let length = output.count - start - 5 + lentBytes
    guard length <= limits.sentMessageBytesMax else { throw tooLargeToSend(length) }
    writePrefix(at: start, length, false)
  }

  /// Replaces the last `length` bytes by their gzip form; false, and nothing changed, where that would not be smaller.
  private final func compressLast(_ length: Int) -> Bool {
    let start = output.count - length
    var smaller = ByteBuffer()
    let isSmaller = output.withUnsafeBytes { bytes -> Bool in
      do throws(GzipError) {
        try Gzip.compress(UnsafeRawBufferPointer(rebasing: bytes[start...]), level: 1, into: &smaller)
        return smaller.count < length
      } catch { return false }
    }
    guard isSmaller else { return false }
    output.truncate(to: start)
    output.append(contentsOf: smaller)
    return true
  }

  @usableFromInline final var needsRoom: Bool { outputBytes > limits.queuedOutputBytesMax }

  /// Waits while the peer is slower than we are.
  @usableFromInline final func waitForOutputRoom() async throws {
    while needsRoom, acceptsMessages {
      try Task.checkCancellation()
      notifyWhenWritable()
      await writeWaiter.wait()
    }
    try Task.checkCancellation()
  }
}
