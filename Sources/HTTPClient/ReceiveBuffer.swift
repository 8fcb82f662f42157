/// Two buffers between libcurl and the reader of a response body: one fills while the other is looked at.
struct ReceiveBuffer: ~Copyable {
  private let storage: UnsafeMutableRawBufferPointer
  private let bufferBytes: Int
  private var back = 0
  private var backCount = 0

  init(bufferBytes: Int) {
    self.bufferBytes = bufferBytes
    storage = .allocate(byteCount: 2 * bufferBytes, alignment: 64)
  }

  deinit { storage.deallocate() }

  var isEmpty: Bool { backCount == 0 }

  /// False, and nothing taken, where they do not fit now.
  mutating func add(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard bytes.count <= bufferBytes - backCount else { return false }
    UnsafeMutableRawBufferPointer(rebasing: storage[(back * bufferBytes + backCount)...]).copyMemory(from: bytes)
    backCount += bytes.count
    return true
  }

  /// What came since the last call. Valid until the next call.
  mutating func swap() -> UnsafeRawBufferPointer {
    let start = back * bufferBytes
    let bytes = UnsafeRawBufferPointer(rebasing: storage[start..<start + backCount])
    back = 1 - back
    backCount = 0
    return bytes
  }
}
