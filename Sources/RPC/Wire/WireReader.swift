/// Walks one serialized protobuf message, field by field, without copying.
///
/// For the few messages that are read without generated code (google.rpc.Status, health, reflection, descriptors). Input is
/// hostile: every length is checked and nothing is read past the end.
public struct WireReader {
  public struct Malformed: Error, Sendable {
    public init() {}
  }

  public enum Value {
    case varint(UInt64)
    case fixed64(UInt64)
    case bytes(UnsafeRawBufferPointer)
    case fixed32(UInt32)
  }

  public struct Field {
    public let number: UInt32
    public let value: Value

    /// The bytes of a length-delimited field; nil for another wire type.
    public var bytes: UnsafeRawBufferPointer? {
      if case .bytes(let bytes) = value { bytes } else { nil }
    }

    public var varint: UInt64? {
      if case .varint(let number) = value { number } else { nil }
    }

    /// The text of a string field. Throws where it is not UTF-8.
    public func string() throws(Malformed) -> String {
      guard let bytes, let text = String(validating: bytes, as: UTF8.self) else { throw Malformed() }
      return text
    }
  }

  private let bytes: UnsafeRawBufferPointer
  private var offset = 0

  /// The bytes must stay valid while the reader and the fields from it are used.
  public init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  /// The next field, or nil at the end.
  public mutating func next() throws(Malformed) -> Field? {
    guard offset < bytes.count else { return nil }
    let tag = try varint()
    guard tag >> 3 > 0, tag >> 3 <= 0x1FFF_FFFF else { throw Malformed() }
    let number = UInt32(tag >> 3)
    switch tag & 7 {
    case 0: return Field(number: number, value: .varint(try varint()))
    case 1: return Field(number: number, value: .fixed64(UInt64(littleEndian: try take(8).loadUnaligned(as: UInt64.self))))
    case 2:
      let length = try varint()
      guard length <= UInt64(bytes.count - offset) else { throw Malformed() }
      return Field(number: number, value: .bytes(try take(Int(length))))
    case 5: return Field(number: number, value: .fixed32(UInt32(littleEndian: try take(4).loadUnaligned(as: UInt32.self))))
    default: throw Malformed()
    }
  }

  private mutating func take(_ count: Int) throws(Malformed) -> UnsafeRawBufferPointer {
    guard bytes.count - offset >= count else { throw Malformed() }
    defer { offset += count }
    return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
  }

  private mutating func varint() throws(Malformed) -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while offset < bytes.count, shift < 64 {
      let byte = bytes[offset]
      offset += 1
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
    throw Malformed()
  }
}
