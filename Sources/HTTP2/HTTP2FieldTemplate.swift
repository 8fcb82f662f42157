import CNghttp2

/// Header fields that are the same in many blocks, laid out once. nghttp2 refers to them instead of copying, so they live until the block
/// was sent: a stream holds the template that it was begun with.
public final class HTTP2FieldTemplate: @unchecked Sendable {
  let fields: UnsafeBufferPointer<nghttp2_nv>
  /// Of the copied strings; nil where the strings are part of the program.
  private let text: UnsafeMutablePointer<UInt8>?

  private static let flags = UInt8(NGHTTP2_NV_FLAG_NO_COPY_NAME.rawValue | NGHTTP2_NV_FLAG_NO_COPY_VALUE.rawValue)

  public init(_ pairs: [(StaticString, StaticString)]) {
    fields = Self.list(
      pairs.map { name, value in
        nghttp2_nv(
          name: UnsafeMutablePointer(mutating: name.utf8Start), value: UnsafeMutablePointer(mutating: value.utf8Start),
          namelen: name.utf8CodeUnitCount, valuelen: value.utf8CodeUnitCount, flags: Self.flags)
      })
    text = nil
  }

  /// Copies the strings.
  public init(copying pairs: [(String, String)]) {
    let text = UnsafeMutablePointer<UInt8>.allocate(capacity: max(pairs.reduce(0) { $0 + $1.0.utf8.count + $1.1.utf8.count }, 1))
    var end = text
    func place(_ string: String) -> (UnsafeMutablePointer<UInt8>, Int) {
      let start = end
      for byte in string.utf8 {
        end.initialize(to: byte)
        end += 1
      }
      return (start, end - start)
    }
    fields = Self.list(
      pairs.map { pair in
        let (name, value) = (place(pair.0), place(pair.1))
        return nghttp2_nv(name: name.0, value: value.0, namelen: name.1, valuelen: value.1, flags: Self.flags)
      })
    self.text = text
  }

  private static func list(_ fields: [nghttp2_nv]) -> UnsafeBufferPointer<nghttp2_nv> {
    let list = UnsafeMutableBufferPointer<nghttp2_nv>.allocate(capacity: fields.count)
    _ = list.initialize(from: fields)
    return UnsafeBufferPointer(list)
  }

  deinit {
    fields.deallocate()
    text?.deallocate()
  }
}
