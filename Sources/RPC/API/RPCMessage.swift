import Bytes

/// A message that can go over the wire. Contracts makes every generated message one.
public protocol RPCMessage: Sendable {
  init()
  /// Reads the protobuf encoding. Throws INVALID_ARGUMENT or INTERNAL, naming what is wrong; the bytes are not kept.
  init(wire: UnsafeRawBufferPointer) throws(RPCError)
  /// Appends the protobuf encoding.
  func encode(into buffer: inout ByteBuffer) throws(RPCError)
  /// Checks the rules of the contract (formats, ranges). Throws INVALID_ARGUMENT naming the field.
  func validate() throws(RPCError)
}

extension RPCMessage {
  @inlinable public func validate() throws(RPCError) {}
}
