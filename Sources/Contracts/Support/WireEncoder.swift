import Bytes
internal import CProtobufC
import RPC

/// From a value to the wire.
enum WireEncoder {
  @inline(__always)
  static func encode<C>(
    into buffer: inout ByteBuffer, size: (UnsafePointer<C>?) -> Int, pack: (UnsafePointer<C>?, UnsafeMutablePointer<UInt8>?) -> Int,
    _ make: (WireArena) -> UnsafeMutablePointer<C>
  ) throws(RPCError) {
    // The closure cannot capture an inout ~Copyable parameter, so the buffer lends its memory by pointer.
    try withUnsafeMutablePointer(to: &buffer) { buffer throws(RPCError) in
      try WireArena.withArena(budget: .max) { arena throws(RPCError) in
        let message = make(arena)
        let byteCount = size(message)
        guard byteCount <= UInt32.max else { throw tooLong }
        let room = buffer.pointee.reserve(byteCount)
        buffer.pointee.commit(pack(message, room.assumingMemoryBound(to: UInt8.self)))
      }
    }
  }

  /// For messages with `bytes` in them: what is large is not copied to `buffer` but lent to it.
  static func encode<C>(
    into buffer: inout ByteBuffer, lending lent: inout LentBytes, size: (UnsafePointer<C>?) -> Int,
    pack: (UnsafePointer<C>?, UnsafeMutablePointer<UInt8>?) -> Int, _ make: (WireArena) -> UnsafeMutablePointer<C>
  ) throws(RPCError) {
    try withUnsafeMutablePointer(to: &buffer) { buffer throws(RPCError) in
      try withUnsafeMutablePointer(to: &lent) { lent throws(RPCError) in
        try WireArena.withArena(budget: .max) { arena throws(RPCError) in
          let message = make(arena)
          let byteCount = size(message)
          guard byteCount <= UInt32.max else { throw tooLong }
          guard arena.hasArrays else {
            let room = buffer.pointee.reserve(byteCount)
            buffer.pointee.commit(pack(message, room.assumingMemoryBound(to: UInt8.self)))
            return
          }
          var target = WireTarget(buffer: buffer, lent: lent, arrays: arena.openArrays())
          UnsafeRawPointer(message).withMemoryRebound(to: ProtobufCMessage.self, capacity: 1) { target.pack($0) }
        }
      }
    }
  }

  private static var tooLong: RPCError { RPCError(.resourceExhausted, "the message is longer than 4 GiB") }
}
