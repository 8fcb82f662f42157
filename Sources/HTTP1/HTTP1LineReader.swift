import Bytes

/// Finds lines that end in CRLF at the front of a buffer, looking at each byte once however the bytes arrive.
struct HTTP1LineReader {
  private var searched = 0

  /// Bytes of the first line without its CRLF, or nil where it has not all arrived. A line over `bytesMax` throws `tooLong`
  /// as soon as that is clear; a CR without LF or a LF without CR is refused.
  mutating func next(_ input: inout ByteBuffer, bytesMax: Int, _ tooLong: @autoclosure () -> HTTP1Error) throws(HTTP1Error) -> Int? {
    let found = input.withUnsafeBytes { bytes -> Int? in
      let end = min(bytes.count, bytesMax + 2)
      while searched < end {
        let byte = bytes[searched]
        if byte == 0x0A || byte == 0x0D { return searched }
        searched += 1
      }
      return nil
    }
    guard let found else {
      guard searched <= bytesMax + 1 else { throw tooLong() }
      return nil
    }
    guard found <= bytesMax else { throw tooLong() }
    guard input[found] == 0x0D else { throw HTTP1Error("A line ends in LF without CR.") }
    guard found + 1 < input.count else { return nil }
    guard input[found + 1] == 0x0A else { throw HTTP1Error("A line holds a CR that is not followed by LF.") }
    return found
  }

  /// Takes the line of `count` bytes and its CRLF off the front.
  mutating func drop(_ count: Int, from input: inout ByteBuffer) {
    input.discardFirst(count + 2)
    searched = 0
  }
}
