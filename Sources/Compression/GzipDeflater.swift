import CZlib

/// Compresses to one gzip stream piece by piece, in constant memory (about 268 KiB).
public struct GzipDeflater: ~Copyable {
  public struct Progress: Equatable, Sendable {
    /// Bytes of the input that were used. The rest must be passed again.
    public var consumed: Int
    /// Bytes written to the output.
    public var produced: Int
  }

  private let stream: ZStream
  /// The trailer has been written.
  public private(set) var isFinished = false

  /// - Parameter level: 1 (fast) to 9 (small).
  public init(level: Int32 = 6) throws(GzipError) {
    guard let stream = ZStream(.deflate, level: min(max(level, 1), 9)) else { throw .outOfMemory }
    self.stream = stream
  }

  /// Compresses what fits. With `isLast`, call again (with what is left of the input) until `isFinished`.
  public mutating func deflate(
    _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer, isLast: Bool
  ) throws(GzipError) -> Progress {
    guard !isFinished else { return Progress(consumed: 0, produced: 0) }
    // zlib reads at most 4 GiB in one call; the end is only the end once everything is in.
    let wholeInput = input.count <= Int(UInt32.max)
    let step = stream.step(input, into: output, flush: isLast && wholeInput ? Z_FINISH : Z_NO_FLUSH)
    switch step.status {
    case Z_OK, Z_BUF_ERROR: break
    case Z_STREAM_END: isFinished = true
    case Z_MEM_ERROR: throw .outOfMemory
    default: throw .malformed
    }
    return Progress(consumed: step.consumed, produced: step.produced)
  }
}
