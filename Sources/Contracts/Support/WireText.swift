import Bytes
internal import CProtobufC
import RPC

/// Text and bytes out of C. Text is validated, never repaired, and may not contain NUL, which PostgreSQL could not store.
enum WireText {
  static func string(_ data: ProtobufCBinaryData, _ field: StaticString) throws(RPCError) -> String {
    guard let start = data.data, data.len > 0 else { return "" }
    let bytes = UnsafeBufferPointer(start: start, count: data.len)
    guard UTF8Validation.isValid(UnsafeRawBufferPointer(bytes)) else { throw RPCError.field("\(field)", "must be valid UTF-8") }
    guard !bytes.contains(0) else { throw RPCError.field("\(field)", "must not contain the NUL character") }
    return String(decoding: bytes, as: UTF8.self)
  }

  static func strings(
    _ items: UnsafeMutablePointer<ProtobufCBinaryData>?, _ count: Int, _ field: StaticString
  ) throws(RPCError) -> [String] {
    guard let items, count > 0 else { return [] }
    var result: [String] = []
    result.reserveCapacity(count)
    for index in 0..<count { result.append(try string(items[index], field)) }
    return result
  }

  static func bytes(_ data: ProtobufCBinaryData) -> [UInt8] { Array(UnsafeBufferPointer(start: data.data, count: data.data == nil ? 0 : data.len)) }

  static func blobs(_ items: UnsafeMutablePointer<ProtobufCBinaryData>?, _ count: Int) -> [[UInt8]] {
    UnsafeBufferPointer(start: items, count: items == nil ? 0 : count).map { bytes($0) }
  }
}
