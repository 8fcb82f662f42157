internal import CProtobufC

/// The memory of one message on its way from or to C: taken piece by piece, given back all at once.
///
/// A handle without ownership; `withArena` owns the memory and no pointer may leave it. Small messages never reach malloc.
struct WireArena {
  private let state: UnsafeMutablePointer<State>

  private struct State {
    var cursor: UnsafeMutableRawPointer
    var remaining: Int
    var budget: Int
    /// The newest block; each block begins with a pointer to the one before.
    var blocks: UnsafeMutableRawPointer?
    var blockBytes: Int
    var isExhausted = false
    /// Retained; made for the first large piece.
    var arrays: Unmanaged<WireArrays>?
    var allocator = ProtobufCAllocator()
  }

  private static let alignment = 16
  private static let firstBlockBytes = 1024
  private static let blockBytesMax = 256 << 10
  private static let lentBytesMin = 1024

  /// Runs `body` with an arena that hands out at most `budget` bytes.
  @inline(__always)
  static func withArena<Result, Failure: Error>(
    budget: Int, _ body: (WireArena) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    // The outcome leaves the closure by these two, because this stdlib function does not say which type it rethrows.
    var result: Result?
    var failure: Failure?
    withUnsafeTemporaryAllocation(byteCount: firstBlockBytes, alignment: alignment) { first in
      guard let base = first.baseAddress else { preconditionFailure("an allocation without an address") }
      var state = State(cursor: base, remaining: first.count, budget: budget, blocks: nil, blockBytes: 4096)
      withUnsafeMutablePointer(to: &state) { pointer in
        let arena = WireArena(state: pointer)
        do throws(Failure) { result = try body(arena) } catch { failure = error }
        arena.releaseBlocks()
      }
    }
    if let failure { throw failure }
    guard let result = consume result else { preconditionFailure("an arena without an outcome") }
    return result
  }

  /// True once more was asked for than the budget allows.
  var isExhausted: Bool { state.pointee.isExhausted }

  /// protobuf-c's view of this arena. It frees nothing before the end.
  var allocator: UnsafeMutablePointer<ProtobufCAllocator> {
    state.pointee.allocator = ProtobufCAllocator(
      alloc: { data, byteCount in
        guard let data else { return nil }
        return WireArena(state: data.assumingMemoryBound(to: State.self)).take(byteCount)
      },
      free: { _, _ in },
      allocator_data: state)
    guard let offset = MemoryLayout<State>.offset(of: \.allocator) else { preconditionFailure("State has no allocator") }
    return UnsafeMutableRawPointer(state).advanced(by: offset).assumingMemoryBound(to: ProtobufCAllocator.self)
  }

  /// Memory for `byteCount` bytes, aligned for any C type; nil where the budget or the machine has no more.
  @inline(__always)
  func take(_ byteCount: Int) -> UnsafeMutableRawPointer? {
    guard byteCount >= 0, byteCount <= state.pointee.budget else {
      state.pointee.isExhausted = true
      return nil
    }
    let rounded = (byteCount + WireArena.alignment - 1) & ~(WireArena.alignment - 1)
    state.pointee.budget -= min(rounded, state.pointee.budget)
    if rounded > state.pointee.remaining { return takeFromNewBlock(rounded, asked: byteCount) }
    let result = state.pointee.cursor
    state.pointee.cursor = result + rounded
    state.pointee.remaining -= rounded
    return result
  }

  private func takeFromNewBlock(_ byteCount: Int, asked: Int) -> UnsafeMutableRawPointer? {
    if asked >= WireArrays.bytesMin { return openArrays().add(asked) }
    let header = WireArena.alignment
    let isLarge = byteCount > state.pointee.blockBytes - header
    let blockBytes = isLarge ? byteCount + header : state.pointee.blockBytes
    let block = UnsafeMutableRawPointer.allocate(byteCount: blockBytes, alignment: WireArena.alignment)
    block.storeBytes(of: state.pointee.blocks, as: UnsafeMutableRawPointer?.self)
    state.pointee.blocks = block
    let result = block + header
    // A block made for one large piece leaves the current one in use.
    guard !isLarge else { return result }
    state.pointee.cursor = result + byteCount
    state.pointee.remaining = blockBytes - header - byteCount
    state.pointee.blockBytes = min(blockBytes * 2, WireArena.blockBytesMax)
    return result
  }

  /// The large pieces, each an array of its own: what was parsed to one is taken over by the message, and what is encoded from one is lent.
  @inline(never) func openArrays() -> WireArrays {
    if let arrays = state.pointee.arrays { return arrays.takeUnretainedValue() }
    let made = WireArrays()
    state.pointee.arrays = .passRetained(made)
    return made
  }

  var hasArrays: Bool { state.pointee.arrays != nil }

  private func releaseBlocks() {
    state.pointee.arrays?.release()
    var next = state.pointee.blocks
    while let block = next {
      next = block.load(as: UnsafeMutableRawPointer?.self)
      block.deallocate()
    }
  }
}

// MARK: - Our own values on their way to C

extension WireArena {
  /// Uninitialized memory for one C struct. Only for arenas without a budget (encoding).
  func allocate<C>(_ type: C.Type) -> UnsafeMutablePointer<C> { allocate(type, count: 1) }

  private func allocate<C>(_ type: C.Type, count: Int) -> UnsafeMutablePointer<C> {
    guard let memory = take(MemoryLayout<C>.stride * count) else { preconditionFailure("an encoding arena has no budget") }
    return memory.bindMemory(to: C.self, capacity: count)
  }

  func bytes(of text: String) -> ProtobufCBinaryData {
    let utf8 = text.utf8
    if let copied = utf8.withContiguousStorageIfAvailable({ copy(UnsafeRawBufferPointer($0)) }) { return copied }
    return bytes(of: Array(utf8))
  }

  /// Large arrays are lent, not copied: the message that is being encoded holds them until it is packed, and very large ones are held here.
  func bytes(of bytes: [UInt8]) -> ProtobufCBinaryData {
    if bytes.count >= WireArrays.bytesMin { openArrays().hold(bytes) }
    return bytes.withUnsafeBufferPointer { source in
      guard source.count >= WireArena.lentBytesMin, let base = source.baseAddress else { return copy(UnsafeRawBufferPointer(source)) }
      return ProtobufCBinaryData(len: source.count, data: UnsafeMutablePointer(mutating: base))
    }
  }

  private func copy(_ bytes: UnsafeRawBufferPointer) -> ProtobufCBinaryData {
    guard let source = bytes.baseAddress, bytes.count > 0 else { return ProtobufCBinaryData(len: 0, data: nil) }
    let memory = allocate(UInt8.self, count: bytes.count)
    UnsafeMutableRawPointer(memory).copyMemory(from: source, byteCount: bytes.count)
    return ProtobufCBinaryData(len: bytes.count, data: memory)
  }

  func list<Item, C>(_ items: [Item], _ convert: (Item) -> C) -> UnsafeMutablePointer<C>? {
    if items.isEmpty { return nil }
    let memory = allocate(C.self, count: items.count)
    for (index, item) in items.enumerated() { (memory + index).initialize(to: convert(item)) }
    return memory
  }

  func pointers<Item, C>(_ items: [Item], _ convert: (Item) -> UnsafeMutablePointer<C>?) -> UnsafeMutablePointer<UnsafeMutablePointer<C>?>? {
    list(items, convert)
  }
}
