internal import CProtobufC

/// The large pieces of an arena, which are Swift arrays: so that protobuf-c's copy of a `bytes` field is the last one on the way in, and
/// there is none on the way out.
final class WireArrays {
  /// From this size on, in bytes, a piece is an array of its own.
  static let bytesMin = 16 << 10

  private var arrays: [[UInt8]] = []
  /// Where the search for a piece begins: they are asked for in the order in which they came.
  private var next = 0

  /// Memory for `byteCount` bytes, not initialized.
  func add(_ byteCount: Int) -> UnsafeMutableRawPointer? {
    arrays.append([UInt8](unsafeUninitializedCapacity: byteCount) { _, initialized in initialized = byteCount })
    // An array with one owner stays where it is.
    return arrays[arrays.count - 1].withUnsafeMutableBytes { $0.baseAddress }
  }

  /// Keeps `array` where it is.
  func hold(_ array: [UInt8]) { arrays.append(array) }

  /// The array whose elements are exactly these; nil where there is none.
  func find(_ start: UnsafePointer<UInt8>, _ byteCount: Int) -> [UInt8]? {
    guard byteCount >= Self.bytesMin else { return nil }
    for step in 0..<arrays.count {
      let index = (next + step) % arrays.count
      guard arrays[index].count == byteCount, arrays[index].withUnsafeBufferPointer({ $0.baseAddress }) == start else { continue }
      next = index + 1
      return arrays[index]
    }
    return nil
  }
}
