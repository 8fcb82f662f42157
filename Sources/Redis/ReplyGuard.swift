import CHiredis

/// What one connection accepts from its server. hiredis 0.14 asserts, and so aborts the process, on replies nobody asked for and on
/// pub/sub messages of another shape; it also allocates whatever an array header claims. Objects are therefore built through these
/// functions: they refuse first, and hiredis then closes the connection as it does when memory runs out.
enum ReplyGuard {
  /// The functions hiredis uses by default. It keeps them in a static table of its own.
  private static let original: redisReplyObjectFunctions? = {
    guard let reader = redisReaderCreate() else { return nil }
    defer { redisReaderFree(reader) }
    return reader.pointee.fn?.pointee
  }()

  nonisolated(unsafe) private static let guarded: UnsafeMutablePointer<redisReplyObjectFunctions> = {
    let table = UnsafeMutablePointer<redisReplyObjectFunctions>.allocate(capacity: 1)
    table.initialize(
      to: redisReplyObjectFunctions(
        createString: { task, text, count in
          ReplyGuard.accepts(task, as: task?.pointee.type) ? ReplyGuard.original?.createString(task, text, count) : nil
        },
        createArray: { task, count in
          ReplyGuard.accepts(task, as: REDIS_REPLY_ARRAY, elements: Int(count)) ? ReplyGuard.original?.createArray(task, count) : nil
        },
        createInteger: { task, number in
          ReplyGuard.accepts(task, as: task?.pointee.type) ? ReplyGuard.original?.createInteger(task, number) : nil
        },
        createNil: { task in
          // hiredis calls a null by the type of what is null.
          ReplyGuard.accepts(task, as: REDIS_REPLY_NIL) ? ReplyGuard.original?.createNil(task) : nil
        },
        freeObject: { object in ReplyGuard.original?.freeObject(object) }))
    return table
  }()

  /// From now on the replies of `context` pass through the guard. The connection must outlive the context.
  static func install(on context: UnsafeMutablePointer<redisAsyncContext>, for connection: RedisConnection) -> Bool {
    guard original != nil, let reader = context.pointee.c.reader else { return false }
    reader.pointee.fn = guarded
    reader.pointee.privdata = Unmanaged.passUnretained(connection).toOpaque()
    return true
  }

  private static func accepts(_ task: UnsafePointer<redisReadTask>?, as type: Int32?, elements: Int = 0) -> Bool {
    guard let task, let type, let owner = task.pointee.privdata else { return false }
    let connection = Unmanaged<RedisConnection>.fromOpaque(owner).takeUnretainedValue()
    guard elements >= 0, elements <= connection.replyElementsMax else { return false }
    // A reply to a command may have any shape.
    if connection.awaitsReply { return true }
    guard let parent = task.pointee.parent else {
      return type == REDIS_REPLY_ERROR || (connection.isSubscribed && type == REDIS_REPLY_ARRAY && elements == 3)
    }
    // Only messages come here: [kind, channel, payload or count].
    guard parent.pointee.parent == nil else { return false }
    switch task.pointee.idx {
    case 0, 1: return type == REDIS_REPLY_STRING
    default: return type == REDIS_REPLY_INTEGER || (type == REDIS_REPLY_STRING && !isUnsubscribe(parent.pointee.obj))
    }
  }

  /// hiredis wants an integer as the third element of an `unsubscribe` message.
  private static func isUnsubscribe(_ object: UnsafeMutableRawPointer?) -> Bool {
    guard let array = object?.assumingMemoryBound(to: redisReply.self), array.pointee.elements > 0,
      let kind = array.pointee.element?[0], let text = kind.pointee.str
    else { return true }
    // Both `unsubscribe` and `punsubscribe`, in either case; nothing else that Redis sends begins so.
    return "uUpP".utf8.contains(UInt8(bitPattern: text[0]))
  }
}
