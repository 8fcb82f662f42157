import Bytes
import RPC

/// A message that is lent to the output, as generated ones lend their large `bytes`: some bytes of its own before and after it.
struct Slab: RPCMessage, Equatable {
  var bytes: [UInt8] = []

  init() {}
  init(size: Int) { bytes = Blob(size: size).bytes }
  init(wire: UnsafeRawBufferPointer) throws(RPCError) {
    guard wire.count >= 4, Array(wire.prefix(2)) == [1, 2], Array(wire.suffix(2)) == [3, 4] else { throw RPCError(.internalError, "not a slab") }
    bytes = Array(wire[2..<wire.count - 2])
  }

  func encode(into buffer: inout ByteBuffer) throws(RPCError) {
    buffer.append(contentsOf: [1, 2])
    buffer.append(contentsOf: bytes)
    buffer.append(contentsOf: [3, 4])
  }

  static var lendsBytes: Bool { true }

  func encode(into buffer: inout ByteBuffer, lending lent: inout LentBytes) throws(RPCError) {
    buffer.append(contentsOf: [1, 2])
    lent.append(LentBlock(bytes), 0..<bytes.count, behind: buffer.count)
    buffer.append(contentsOf: [3, 4])
  }
}
