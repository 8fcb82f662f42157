/// Decodes base64 that arrives in pieces, in constant memory: for the `data` member of a large JSON body.
///
/// Call `decode` for each piece in order, then `finish` once. As strict as `Base64.decode`.
public struct Base64Decoder: ~Copyable {
  /// The input is not base64. `offset` counts characters from the start of the whole text.
  public struct Failure: Error, Equatable, Sendable {
    public let offset: UInt64
  }

  private let urlSafe: Bool
  private var group: UInt32 = 0
  private var groupCount = 0
  private var paddingCount = 0
  private var consumed: UInt64 = 0

  /// `urlSafe`: the URL-safe alphabet, unpadded; otherwise the standard one, padded.
  public init(urlSafe: Bool = false) {
    self.urlSafe = urlSafe
  }

  /// Room that `decode` and `finish` together need for `count` characters, whatever came before them.
  public static func outputBytesMax(forInput count: Int) -> Int {
    count / 4 * 3 + 5
  }

  /// Decodes `input` and returns how many bytes were written to `output`, which must hold `outputBytesMax(forInput:)` bytes.
  public mutating func decode(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) throws(Failure) -> Int {
    precondition(output.count >= Self.outputBytesMax(forInput: input.count) - 2, "the output is too small for the input")
    let table = urlSafe ? Base64Encoding.urlValues : Base64Encoding.standardValues
    var read = 0
    var written = 0
    let valid = table.withUnsafeBufferPointer { values -> Bool in
      while read < input.count {
        if groupCount == 0 && paddingCount == 0 {
          Self.decodeGroups(input, &read, into: output, &written, values)
          guard read < input.count else { return true }
        }
        guard accept(input[read], values, output, &written) else { return false }
        read += 1
      }
      return true
    }
    guard valid else { throw Failure(offset: consumed + UInt64(read)) }
    consumed += UInt64(read)
    return written
  }

  /// Ends the text. Unpadded text leaves up to two bytes, which go to `output`.
  public mutating func finish(into output: UnsafeMutableRawBufferPointer) throws(Failure) -> Int {
    let failure = Failure(offset: consumed)
    defer { groupCount = 0 }
    guard urlSafe else {
      guard groupCount + paddingCount == 0 || (paddingCount > 0 && groupCount + paddingCount == 4) else { throw failure }
      return 0
    }
    guard groupCount > 0 else { return 0 }
    guard groupCount > 1, trailingBitsAreZero else { throw failure }
    var written = 0
    writePartialGroup(output, &written)
    return written
  }

  /// The fast path: whole groups of four characters, until the input or the valid groups end.
  private static func decodeGroups(
    _ input: UnsafeRawBufferPointer, _ read: inout Int, into output: UnsafeMutableRawBufferPointer, _ written: inout Int,
    _ values: UnsafeBufferPointer<UInt8>
  ) {
    while read + 4 <= input.count {
      let a = values[Int(input[read])]
      let b = values[Int(input[read + 1])]
      let c = values[Int(input[read + 2])]
      let d = values[Int(input[read + 3])]
      guard (a | b | c | d) < 64 else { return }
      output[written] = a << 2 | b >> 4
      output[written + 1] = b << 4 | c >> 2
      output[written + 2] = c << 6 | d
      read += 4
      written += 3
    }
  }

  /// One character outside whole groups. False where it may not stand here.
  private mutating func accept(
    _ character: UInt8, _ values: UnsafeBufferPointer<UInt8>, _ output: UnsafeMutableRawBufferPointer, _ written: inout Int
  ) -> Bool {
    if character == 0x3D {
      guard !urlSafe, groupCount >= 2, groupCount + paddingCount < 4 else { return false }
      if paddingCount == 0 {
        guard trailingBitsAreZero else { return false }
        writePartialGroup(output, &written)
      }
      paddingCount += 1
      return true
    }
    let value = values[Int(character)]
    guard value < 64, paddingCount == 0 else { return false }
    group = group << 6 | UInt32(value)
    groupCount += 1
    if groupCount == 4 {
      output[written] = UInt8(truncatingIfNeeded: group >> 16)
      output[written + 1] = UInt8(truncatingIfNeeded: group >> 8)
      output[written + 2] = UInt8(truncatingIfNeeded: group)
      written += 3
      group = 0
      groupCount = 0
    }
    return true
  }

  /// Two characters carry 8 bits of 12, three carry 16 of 18.
  private var trailingBitsAreZero: Bool {
    groupCount == 2 ? group & 0x0F == 0 : group & 0x03 == 0
  }

  private func writePartialGroup(_ output: UnsafeMutableRawBufferPointer, _ written: inout Int) {
    if groupCount == 2 {
      output[written] = UInt8(truncatingIfNeeded: group >> 4)
      written += 1
    } else {
      output[written] = UInt8(truncatingIfNeeded: group >> 10)
      output[written + 1] = UInt8(truncatingIfNeeded: group >> 2)
      written += 2
    }
  }
}
