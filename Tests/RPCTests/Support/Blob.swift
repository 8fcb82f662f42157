import Bytes
import RPC

/// A message whose wire form is its bytes, so that a test in any language can make one.
struct Blob: RPCMessage, Equatable {
  var bytes: [UInt8] = []

  init() {}
  init(_ text: String) { bytes = Array(text.utf8) }
  init(size: Int) { bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) } }
  init(wire: UnsafeRawBufferPointer) throws(RPCError) { bytes = [UInt8](wire) }
  func encode(into buffer: inout ByteBuffer) throws(RPCError) { buffer.append(contentsOf: bytes) }

  var text: String { String(decoding: bytes, as: UTF8.self) }
}
