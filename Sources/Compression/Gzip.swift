import Bytes

/// Whole messages at once. For bodies of unknown size use `GzipInflater` and `GzipDeflater`.
public enum Gzip {
  private static let stepBytes = 16 * 1024

  /// Appends the gzip form of `bytes` to `output`.
  public static func compress(_ bytes: UnsafeRawBufferPointer, level: Int32 = 6, into output: inout ByteBuffer) throws(GzipError) {
    var deflater = try GzipDeflater(level: level)
    var rest = bytes
    while !deflater.isFinished {
      let room = min(stepBytes, rest.count / 2 + 128)
      let progress = try deflater.deflate(rest, into: UnsafeMutableRawBufferPointer(start: output.reserve(room), count: room), isLast: true)
      output.commit(progress.produced)
      rest = UnsafeRawBufferPointer(rebasing: rest[progress.consumed...])
    }
  }

  /// Appends what `bytes` decompresses to. Throws `tooLarge` before more than `outputBytesMax` bytes are written.
  public static func decompress(_ bytes: UnsafeRawBufferPointer, outputBytesMax: Int, into output: inout ByteBuffer) throws(GzipError) {
    var inflater = try GzipInflater(outputBytesMax: UInt64(max(outputBytesMax, 0)))
    var rest = bytes
    while true {
      // Grows with what arrives, not with what the header promises.
      let progress = try inflater.inflate(rest, into: UnsafeMutableRawBufferPointer(start: output.reserve(stepBytes), count: stepBytes))
      output.commit(progress.produced)
      rest = UnsafeRawBufferPointer(rebasing: rest[progress.consumed...])
      if inflater.isFinished {
        guard rest.isEmpty else { throw .trailingBytes }
        return
      }
      guard progress.consumed + progress.produced > 0 else { throw .truncated }
    }
  }
}
