import CHiredis

/// Copies hiredis' reply objects into values. hiredis refuses arrays nested deeper than seven, so the recursion is bounded.
enum ReplyCopier {
  static func value(_ reply: UnsafeMutablePointer<redisReply>?) -> RedisValue {
    guard let reply else { return .null }
    switch reply.pointee.type {
    case REDIS_REPLY_STRING: return .bytes(bytes(reply))
    case REDIS_REPLY_STATUS: return .status(text(reply))
    case REDIS_REPLY_INTEGER: return .integer(reply.pointee.integer)
    case REDIS_REPLY_ERROR: return .error(RedisServerError(message: text(reply)))
    case REDIS_REPLY_ARRAY:
      let elements = UnsafeBufferPointer(start: reply.pointee.element, count: reply.pointee.element == nil ? 0 : reply.pointee.elements)
      return .array(elements.map { value($0) })
    default: return .null
    }
  }

  private static func bytes(_ reply: UnsafeMutablePointer<redisReply>) -> [UInt8] {
    [UInt8](UnsafeRawBufferPointer(start: reply.pointee.str, count: reply.pointee.str == nil ? 0 : reply.pointee.len))
  }

  private static func text(_ reply: UnsafeMutablePointer<redisReply>) -> String {
    String(decoding: UnsafeRawBufferPointer(start: reply.pointee.str, count: reply.pointee.str == nil ? 0 : reply.pointee.len), as: UTF8.self)
  }
}
