/// Two buffers between a body that is pulled and libcurl: one is filled while the other is sent.
struct SendBuffer: ~Copyable {
  private let storage: UnsafeMutableRawBufferPointer
  private let bufferBytes: Int
  /// Bytes in each buffer, and how far the front one is sent.
  private var counts = [0, 0]
  private var front = 0
  private var frontOffset = 0
  private var filled = 0
  /// The last filled buffer must not be sent yet.
  private var isHeld = false
  private var hasRecycled = false

  init(bufferBytes: Int) {
    self.bufferBytes = bufferBytes
    storage = .allocate(byteCount: 2 * bufferBytes, alignment: 64)
  }

  deinit { storage.deallocate() }

  var hasRoom: Bool { filled < 2 || isFrontSent }

  /// Where the next bytes go; only while there is room.
  mutating func room() -> UnsafeMutableRawBufferPointer {
    if filled == 2 { recycleFront() }
    return buffer((front + filled) % 2)
  }

  mutating func add(_ count: Int, holding: Bool) {
    counts[(front + filled) % 2] = count
    filled += 1
    isHeld = holding
  }

  mutating func releaseHeld() { isHeld = false }

  /// Copies what may be sent; 0 where there is nothing for now.
  mutating func take(into target: UnsafeMutableRawBufferPointer) -> Int {
    let sendable = isHeld ? filled - 1 : filled
    if sendable > 1, isFrontSent { recycleFront() }
    guard sendable > 0, !isFrontSent else { return 0 }
    let count = min(target.count, counts[front] - frontOffset)
    target.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer(front)[frontOffset..<frontOffset + count]))
    frontOffset += count
    return count
  }

  private var isFrontSent: Bool { filled > 0 && frontOffset == counts[front] }

  /// A sent buffer is given up only when its room is needed, so that a request which met a connection that had
  /// died in the meantime can begin again on another one.
  private mutating func recycleFront() {
    frontOffset = 0
    front = 1 - front
    filled -= 1
    hasRecycled = true
  }

  /// Back to the first byte, where that is still here.
  mutating func rewind() -> Bool {
    guard !hasRecycled else { return false }
    frontOffset = 0
    return true
  }

  private func buffer(_ index: Int) -> UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(rebasing: storage[index * bufferBytes..<(index + 1) * bufferBytes])
  }
}
