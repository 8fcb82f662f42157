import CZlib

/// Owns one `z_stream`, which zlib wants to stay at one address.
struct ZStream: ~Copyable {
  enum Direction {
    case inflate
    case deflate
  }

  let raw: UnsafeMutablePointer<z_stream>
  private let direction: Direction

  /// For gzip alone: 15 is the largest window, 16 asks for the gzip wrapper.
  private static let gzipWindowBits: Int32 = 15 + 16
  private static let defaultMemoryLevel: Int32 = 8

  /// Nil where zlib gets no memory. `level` (1...9) counts only for `deflate`.
  init?(_ direction: Direction, level: Int32 = 6) {
    let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    stream.initialize(to: z_stream())
    let size = Int32(MemoryLayout<z_stream>.size)
    let status: Int32
    switch direction {
    case .inflate: status = inflateInit2_(stream, Self.gzipWindowBits, ZLIB_VERSION, size)
    case .deflate:
      status = deflateInit2_(
        stream, level, Z_DEFLATED, Self.gzipWindowBits, Self.defaultMemoryLevel, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size)
    }
    guard status == Z_OK else {
      stream.deallocate()
      return nil
    }
    raw = stream
    self.direction = direction
  }

  deinit {
    switch direction {
    case .inflate: inflateEnd(raw)
    case .deflate: deflateEnd(raw)
    }
    raw.deallocate()
  }

  /// One call of zlib over (part of) both buffers. Returns zlib's status and how far it came in each.
  func step(
    _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer, flush: Int32
  ) -> (status: Int32, consumed: Int, produced: Int) {
    let inputCount = UInt32(clamping: input.count)
    let outputCount = UInt32(clamping: output.count)
    raw.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
    raw.pointee.avail_in = inputCount
    raw.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
    raw.pointee.avail_out = outputCount
    let status = direction == .inflate ? inflate(raw, flush) : deflate(raw, flush)
    let consumed = Int(inputCount - raw.pointee.avail_in)
    let produced = Int(outputCount - raw.pointee.avail_out)
    raw.pointee.next_in = nil
    raw.pointee.next_out = nil
    return (status, consumed, produced)
  }
}
