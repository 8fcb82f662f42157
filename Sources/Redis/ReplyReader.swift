import CHiredis

/// hiredis' parser with functions of our own that build values: no tree of reply objects is made and copied, and what a reply may take
/// is checked while it is read. Loop thread only.
final class ReplyReader {
  private let reader: UnsafeMutablePointer<redisReader>
  private let elementsMax: Int
  /// Arrays that are not complete yet, the outermost first. hiredis refuses more than seven.
  private var open: [OpenArray] = []
  private var complete: RedisValue?
  private var refusal: String?
  /// Bytes that came since the last reply was complete.
  private(set) var unfinishedBytes = 0

  private struct OpenArray {
    let count: Int
    var elements: [RedisValue]
  }

  /// What the server sent is no reply, or one that is not accepted: nothing can be read after it.
  struct Malformed: Error {
    let reason: String
  }

  /// - Parameter elementsMax: Elements of one array.
  init?(elementsMax: Int) {
    guard let reader = redisReaderCreateWithFunctions(Self.functions) else { return nil }
    self.reader = reader
    self.elementsMax = elementsMax
    reader.pointee.privdata = Unmanaged.passUnretained(self).toOpaque()
  }

  deinit { redisReaderFree(reader) }

  /// Takes in what the server sent.
  func feed(_ bytes: UnsafeRawBufferPointer) throws(Malformed) {
    unfinishedBytes += bytes.count
    guard redisReaderFeed(reader, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count) == REDIS_OK else { throw malformed() }
  }

  /// The next complete reply; nil until more is fed.
  func next() throws(Malformed) -> RedisValue? {
    guard redisReaderGetReply(reader, nil) == REDIS_OK else { throw malformed() }
    guard let reply = complete.take() else { return nil }
    unfinishedBytes = reader.pointee.len - reader.pointee.pos
    return reply
  }

  private func malformed() -> Malformed {
    let text = withUnsafeBytes(of: reader.pointee.errstr) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    return Malformed(reason: refusal ?? (text.isEmpty ? "the server's reply cannot be read" : text))
  }

  // MARK: Called by hiredis

  private func add(_ value: RedisValue) {
    var value = value
    while let last = open.indices.last {
      open[last].elements.append(value)
      guard open[last].elements.count == open[last].count else { return }
      value = .array(open.removeLast().elements)
    }
    complete = value
  }

  private func begin(arrayOf count: Int) -> Bool {
    guard count >= 0, count <= elementsMax else {
      refusal = "the server sent an array of more than \(elementsMax) elements"
      return false
    }
    if count == 0 {
      add(.array([]))
    } else {
      var elements: [RedisValue] = []
      // What a header claims costs nothing before it comes.
      elements.reserveCapacity(min(count, 64))
      open.append(OpenArray(count: count, elements: elements))
    }
    return true
  }

  private static func from(_ task: UnsafePointer<redisReadTask>?) -> ReplyReader? {
    guard let owner = task?.pointee.privdata else { return nil }
    return Unmanaged<ReplyReader>.fromOpaque(owner).takeUnretainedValue()
  }

  /// Each answers nil, which ends the reading, or any pointer: what was read is here and not with hiredis.
  nonisolated(unsafe) private static let functions: UnsafeMutablePointer<redisReplyObjectFunctions> = {
    let table = UnsafeMutablePointer<redisReplyObjectFunctions>.allocate(capacity: 1)
    table.initialize(
      to: redisReplyObjectFunctions(
        createString: { task, text, count in
          guard let task, let reader = ReplyReader.from(task) else { return nil }
          let bytes = UnsafeRawBufferPointer(start: text, count: text == nil ? 0 : count)
          switch task.pointee.type {
          case REDIS_REPLY_STATUS: reader.add(.status(String(decoding: bytes, as: UTF8.self)))
          case REDIS_REPLY_ERROR: reader.add(.error(RedisServerError(message: String(decoding: bytes, as: UTF8.self))))
          default: reader.add(.bytes([UInt8](bytes)))
          }
          return task.pointee.privdata
        },
        createArray: { task, count in
          guard let task, let reader = ReplyReader.from(task), reader.begin(arrayOf: Int(count)) else { return nil }
          return task.pointee.privdata
        },
        createInteger: { task, number in
          guard let task, let reader = ReplyReader.from(task) else { return nil }
          reader.add(.integer(number))
          return task.pointee.privdata
        },
        createNil: { task in
          guard let task, let reader = ReplyReader.from(task) else { return nil }
          reader.add(.null)
          return task.pointee.privdata
        },
        freeObject: { _ in }))
    return table
  }()
}
