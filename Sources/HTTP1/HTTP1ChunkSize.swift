import Bytes

/// The line before each chunk: hex digits, then extensions, which are checked and ignored (RFC 9112 section 7.1).
enum HTTP1ChunkSize {
  /// 16 hex digits would reach 2^64; nobody sends chunks of 2^60 bytes.
  private static let digitsMax = 15

  static func parse(_ line: UnsafeRawBufferPointer) throws(HTTP1Error) -> (size: UInt64, extensionBytes: Int) {
    var size: UInt64 = 0
    var index = 0
    while index < line.count, let digit = Hex.value(line[index]) {
      guard index < digitsMax else { throw HTTP1Error("A chunk size has more than \(digitsMax) digits.") }
      size = size << 4 | UInt64(digit)
      index += 1
    }
    guard index > 0 else { throw HTTP1Error("A chunk does not start with its size in hexadecimal digits.") }
    guard index < line.count else { return (size, 0) }
    guard line[index] == 0x3B, line[index...].allSatisfy(HTTP1Characters.isFieldValue) else {
      throw HTTP1Error("A chunk size is followed by something that is no chunk extension.")
    }
    return (size, line.count - index)
  }
}
