extension UnsafeRawBufferPointer {
  /// Whether these are exactly the bytes of `text`.
  ///
  /// For texts that are known when this is compiled: then it is a compare for each eight bytes.
  @inlinable @inline(__always) public static func == (bytes: UnsafeRawBufferPointer, text: StaticString) -> Bool {
    let count = text.utf8CodeUnitCount
    guard bytes.count == count, let base = bytes.baseAddress else { return bytes.count == count }
    let other = UnsafeRawPointer(text.utf8Start)
    if count >= 8 {
      var offset = 0
      while offset < count &- 8 {
        guard base.loadUnaligned(fromByteOffset: offset, as: UInt64.self) == other.loadUnaligned(fromByteOffset: offset, as: UInt64.self) else {
          return false
        }
        offset &+= 8
      }
      let last = count &- 8
      return base.loadUnaligned(fromByteOffset: last, as: UInt64.self) == other.loadUnaligned(fromByteOffset: last, as: UInt64.self)
    }
    if count >= 4 {
      let last = count &- 4
      return base.loadUnaligned(as: UInt32.self) == other.loadUnaligned(as: UInt32.self)
        && base.loadUnaligned(fromByteOffset: last, as: UInt32.self) == other.loadUnaligned(fromByteOffset: last, as: UInt32.self)
    }
    for index in 0..<count where bytes[index] != text.utf8Start[index] { return false }
    return true
  }
}
