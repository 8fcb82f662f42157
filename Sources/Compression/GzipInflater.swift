import CZlib

/// Decompresses one gzip stream piece by piece, in constant memory (about 44 KiB) and to a bounded size.
public struct GzipInflater: ~Copyable {
  public struct Progress: Equatable, Sendable {
    /// Bytes of the input that were used. The rest must be passed again once there is room for output.
    public var consumed: Int
    /// Bytes written to the output.
    public var produced: Int
  }

  private let stream: ZStream
  private let outputBytesMax: UInt64
  /// Plain bytes so far.
  public private(set) var producedTotal: UInt64 = 0
  /// The stream's trailer was read and its checksum matches.
  public private(set) var isFinished = false

  /// - Parameter outputBytesMax: plain bytes the stream may become; above it `inflate` throws `tooLarge`.
  public init(outputBytesMax: UInt64) throws(GzipError) {
    guard let stream = ZStream(.inflate) else { throw .outOfMemory }
    self.stream = stream
    self.outputBytesMax = outputBytesMax
  }

  /// Decompresses what fits. When neither input was used nor output written, more input is needed.
  public mutating func inflate(
    _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
  ) throws(GzipError) -> Progress {
    guard !isFinished else {
      guard input.isEmpty else { throw .trailingBytes }
      return Progress(consumed: 0, produced: 0)
    }
    guard output.count > 0 else { return Progress(consumed: 0, produced: 0) }
    let room = outputBytesMax - producedTotal
    if room == 0 { return try probeEnd(input) }
    let limited = UnsafeMutableRawBufferPointer(rebasing: output[..<Int(min(UInt64(output.count), room))])
    let step = stream.step(input, into: limited, flush: Z_NO_FLUSH)
    try check(step.status)
    producedTotal += UInt64(step.produced)
    return Progress(consumed: step.consumed, produced: step.produced)
  }

  /// Call when the input has ended.
  public func finish() throws(GzipError) {
    guard isFinished else { throw .truncated }
  }

  /// The output is full to its limit: only the trailer may follow. One byte of room shows whether that is so.
  private mutating func probeEnd(_ input: UnsafeRawBufferPointer) throws(GzipError) -> Progress {
    var spare: UInt8 = 0
    let step = withUnsafeMutableBytes(of: &spare) { stream.step(input, into: $0, flush: Z_NO_FLUSH) }
    try check(step.status)
    guard step.produced == 0 else { throw .tooLarge(bytesMax: outputBytesMax) }
    return Progress(consumed: step.consumed, produced: 0)
  }

  private mutating func check(_ status: Int32) throws(GzipError) {
    switch status {
    case Z_OK, Z_BUF_ERROR: return
    case Z_STREAM_END: isFinished = true
    case Z_MEM_ERROR: throw .outOfMemory
    default: throw .malformed
    }
  }
}
