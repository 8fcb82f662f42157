internal import CProtobufC
import RPC

/// From the wire to a value: protobuf-c parses into an arena, `convert` copies out what the value keeps.
enum WireDecoder {
  typealias Unpack<C> = (UnsafeMutablePointer<ProtobufCAllocator>?, Int, UnsafePointer<UInt8>?) -> UnsafeMutablePointer<C>?

  @inline(__always)
  static func decode<C, Message>(
    _ bytes: UnsafeRawBufferPointer, _ name: StaticString, _ unpack: Unpack<C>,
    _ convert: (UnsafeMutablePointer<C>) throws(RPCError) -> Message
  ) throws(RPCError) -> Message {
    try decode(bytes, name, unpack) { c, _ throws(RPCError) in try convert(c) }
  }

  /// For messages with `bytes` in them: `convert` takes what is large from the arena.
  @inline(__always)
  static func decode<C, Message>(
    _ bytes: UnsafeRawBufferPointer, _ name: StaticString, _ unpack: Unpack<C>,
    _ convert: (UnsafeMutablePointer<C>, WireArena) throws(RPCError) -> Message
  ) throws(RPCError) -> Message {
    try WireArena.withArena(budget: WireLimits.budget(messageBytes: bytes.count)) { arena throws(RPCError) in
      guard let message = unpack(arena.allocator, bytes.count, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)) else {
        throw failure(name, isExhausted: arena.isExhausted)
      }
      return try convert(message, arena)
    }
  }

  private static func failure(_ name: StaticString, isExhausted: Bool) -> RPCError {
    isExhausted
      ? RPCError(.resourceExhausted, "reading this \(name) would take more memory than a message of its size may")
      // What gRPC's statuscodes.md says of a request that cannot be parsed; INVALID_ARGUMENT is for fields that break a rule.
      : RPCError(.internalError, "the message is not a valid \(name)")
  }

  /// A repeated message.
  static func list<C, Message>(
    _ items: UnsafeMutablePointer<UnsafeMutablePointer<C>?>?, _ count: Int, _ convert: (UnsafeMutablePointer<C>) throws(RPCError) -> Message
  ) throws(RPCError) -> [Message] {
    guard let items, count > 0 else { return [] }
    var result: [Message] = []
    result.reserveCapacity(count)
    for index in 0..<count {
      if let item = items[index] { result.append(try convert(item)) }
    }
    return result
  }
}
