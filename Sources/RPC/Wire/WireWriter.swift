import Bytes

/// Appends protobuf fields to a buffer: the counterpart of `WireReader`. Zero values are left out, as proto3 does.
public enum WireWriter {
  public static func varint(_ value: UInt64, field: UInt32, into buffer: inout ByteBuffer) {
    guard value != 0 else { return }
    tag(field, wireType: 0, into: &buffer)
    rawVarint(value, into: &buffer)
  }

  public static func string(_ text: String, field: UInt32, into buffer: inout ByteBuffer) {
    guard !text.isEmpty else { return }
    tag(field, wireType: 2, into: &buffer)
    rawVarint(UInt64(text.utf8.count), into: &buffer)
    buffer.append(utf8: text)
  }

  public static func bytes(_ bytes: [UInt8], field: UInt32, into buffer: inout ByteBuffer) {
    guard !bytes.isEmpty else { return }
    message(field: field, bytes: bytes, into: &buffer)
  }

  /// A nested message or an element of a repeated field: written even when empty.
  public static func message(field: UInt32, bytes: [UInt8], into buffer: inout ByteBuffer) {
    tag(field, wireType: 2, into: &buffer)
    rawVarint(UInt64(bytes.count), into: &buffer)
    buffer.append(contentsOf: bytes)
  }

  /// A nested message that `body` writes.
  public static func message(field: UInt32, into buffer: inout ByteBuffer, _ body: (inout ByteBuffer) -> Void) {
    var nested = ByteBuffer()
    body(&nested)
    tag(field, wireType: 2, into: &buffer)
    rawVarint(UInt64(nested.count), into: &buffer)
    buffer.append(contentsOf: nested)
  }

  private static func tag(_ field: UInt32, wireType: UInt64, into buffer: inout ByteBuffer) {
    rawVarint(UInt64(field) << 3 | wireType, into: &buffer)
  }

  private static func rawVarint(_ value: UInt64, into buffer: inout ByteBuffer) {
    var rest = value
    while rest >= 0x80 {
      buffer.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    buffer.append(UInt8(truncatingIfNeeded: rest))
  }
}
