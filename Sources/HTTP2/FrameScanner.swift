/// Reads the nine-byte heads of the frames that arrive, beside nghttp2 and before it, and adds up what they cost.
///
/// nghttp2 tells its callbacks nothing of frames that it drops (of unknown types, or for streams that are gone), and of a header block only
/// when it is whole. A peer can flood with those as well, or stop in the middle. The payloads are skipped, so this takes a few
/// instructions for each frame.
struct FrameScanner {
  /// Bytes to pass over before the next frame head.
  private var skip: Int
  /// A frame head that was cut off by the end of the input, left-aligned.
  private var head: UInt64 = 0
  private var headBytes = 0
  private var type: UInt8 = 0xFF
  /// HEADERS has come, END_HEADERS has not.
  private var isBlockOpen = false
  /// Of the DATA frame that is arriving; 0 while it is another frame, or one with padding.
  private(set) var dataStream: Int32 = 0
  /// Frames whose heads were read, but for CONTINUATION: no second one begins before a header block is whole.
  private(set) var frames: UInt64 = 0

  /// - Parameter prefaceBytes: what a client sends before its first frame (24 bytes), for servers.
  init(prefaceBytes: Int) { skip = prefaceBytes }

  /// The peer has begun something that must be whole before anything else can come, and it is not DATA (whose progress is its stream's matter).
  var isInsideControlFrame: Bool { isBlockOpen || headBytes > 0 || (skip > 0 && type != FrameType.data) }

  /// Bytes of `dataStream`'s frame that have not come yet.
  var payloadLeft: Int { dataStream == 0 ? 0 : skip }

  /// Passes over `bytes`; returns what the frames that began in them cost.
  mutating func scan(_ bytes: UnsafeRawBufferPointer) -> Int {
    guard let base = bytes.baseAddress else { return 0 }
    var offset = 0
    var cost = 0
    while true {
      let passed = min(skip, bytes.count - offset)
      offset += passed
      skip -= passed
      guard offset < bytes.count else { return cost }
      if headBytes == 0, bytes.count - offset >= 9 {
        cost += begin(UInt64(bigEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt64.self)), bytes[offset + 8])
        offset += 9
      } else {
        head |= UInt64(bytes[offset]) << UInt64(max(56 - 8 * headBytes, 0)) & (headBytes < 8 ? .max : 0)
        headBytes += 1
        offset += 1
        guard headBytes == 9 else { continue }
        cost += begin(head, bytes[offset - 1])
        head = 0
        headBytes = 0
      }
    }
  }

  /// - Parameters:
  ///   - head: the first eight bytes of a frame: length (24 bits), type (8), flags (8), and the most of the stream's number.
  ///   - last: the ninth, which is the rest of that number.
  private mutating func begin(_ head: UInt64, _ last: UInt8) -> Int {
    skip = Int(head >> 40)
    type = UInt8(truncatingIfNeeded: head >> 32)
    let isPadded = head & (8 << 24) != 0
    dataStream = type == FrameType.data && !isPadded ? Int32(truncatingIfNeeded: (head << 8 | UInt64(last)) & 0x7FFF_FFFF) : 0
    if type != FrameType.continuation { frames &+= 1 }
    if type == FrameType.headers || type == FrameType.continuation {
      isBlockOpen = head & (4 << 24) == 0
    }
    return GlitchBudget.cost(ofFrame: type)
  }
}

/// The types of frames (RFC 9113 section 6).
enum FrameType {
  static let data: UInt8 = 0
  static let headers: UInt8 = 1
  static let settings: UInt8 = 4
  static let continuation: UInt8 = 9
}
