import Glibc
internal import CProtobufC
import RPC

/// Text and bytes out of C. Text is validated, never repaired, and may not contain NUL, which PostgreSQL could not store.
enum WireText {
  static func string(_ data: ProtobufCBinaryData, _ field: StaticString) throws(RPCError) -> String {
    guard let start = data.data, data.len > 0 else { return "" }
    let bytes = UnsafeBufferPointer(start: start, count: data.len)
    guard memchr(start, 0, data.len) == nil else { throw RPCError.field("\(field)", "must not contain the NUL character") }
    // Swift validates while it copies, and repairs what is wrong: then the text is not the same any more. One pass instead of two.
    let text = String(decoding: bytes, as: UTF8.self)
    let isUnchanged = text.utf8.withContiguousStorageIfAvailable { copied in
      copied.count == data.len && copied.baseAddress.map { memcmp($0, start, data.len) } == 0
    }
    guard isUnchanged ?? false else { throw RPCError.field("\(field)", "must be valid UTF-8") }
    return text
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

  /// Large ones were parsed into an array already: that is the value.
  static func bytes(_ data: ProtobufCBinaryData, from arena: WireArena) -> [UInt8] {
    guard let start = data.data, data.len > 0 else { return [] }
    if arena.hasArrays, let array = arena.openArrays().find(start, data.len) { return array }
    return Array(UnsafeBufferPointer(start: start, count: data.len))
  }

  static func blobs(_ items: UnsafeMutablePointer<ProtobufCBinaryData>?, _ count: Int, from arena: WireArena) -> [[UInt8]] {
    UnsafeBufferPointer(start: items, count: items == nil ? 0 : count).map { bytes($0, from: arena) }
  }
}
