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
        guard byteCount <= UInt32.max else { throw RPCError(.resourceExhausted, "the message is longer than 4 GiB") }
        let room = buffer.pointee.reserve(byteCount)
        buffer.pointee.commit(pack(message, room.assumingMemoryBound(to: UInt8.self)))
      }
    }
  }
}
