import Bytes

/// A message that can go over the wire. Contracts makes every generated message one.
public protocol RPCMessage: Sendable {
  init()
  /// Reads the protobuf encoding. Throws INVALID_ARGUMENT or INTERNAL, naming what is wrong; the bytes are not kept.
  init(wire: UnsafeRawBufferPointer) throws(RPCError)
  /// Appends the protobuf encoding.
  func encode(into buffer: inout ByteBuffer) throws(RPCError)
  /// Whether some values of this type are worth lending.
  static var lendsBytes: Bool { get }
  /// Appends the protobuf encoding without copying what is large: that is lent to `buffer` by `lent`, at the places where it belongs.
  func encode(into buffer: inout ByteBuffer, lending lent: inout LentBytes) throws(RPCError)
  /// Checks the rules of the contract (formats, ranges). Throws INVALID_ARGUMENT naming the field.
  func validate() throws(RPCError)
}

extension RPCMessage {
  @inlinable public static var lendsBytes: Bool { false }
  @inlinable public func encode(into buffer: inout ByteBuffer, lending lent: inout LentBytes) throws(RPCError) { try encode(into: &buffer) }
  @inlinable public func validate() throws(RPCError) {}
}
