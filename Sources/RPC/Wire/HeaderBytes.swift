import Glibc

extension UnsafeRawBufferPointer {
  /// Whether these are exactly the bytes of `text`.
  @inline(__always)
  static func == (bytes: UnsafeRawBufferPointer, text: StaticString) -> Bool {
    guard bytes.count == text.utf8CodeUnitCount, let base = bytes.baseAddress else { return bytes.count == text.utf8CodeUnitCount }
    return memcmp(base, text.utf8Start, bytes.count) == 0
  }
}
