import CNghttp2
import Glibc

/// Where sessions of one thread get nghttp2's small blocks from: lists of free ones by size, so that a stream (some fifteen allocations)
/// costs no malloc once the first ones have been served. Measured: 3,000 of 23,000 instructions of a small call.
///
/// Belongs to one thread, like the sessions that share it; they keep it alive.
public final class HTTP2Memory: @unchecked Sendable {
  private struct Pool {
    /// The newest free block of each size; a free block begins with a pointer to the next.
    var free: UnsafeMutablePointer<UnsafeMutableRawPointer?>
    var keptBytes = 0
  }

  private static let step = 16
  /// Larger blocks go to malloc: connections have them, streams do not.
  private static let pooledBytesMax = 1024
  /// Free blocks above this go back to malloc, so that a flood of streams does not hold its memory for ever.
  private static let keptBytesMax = 2 << 20
  /// In front of each block stands its size class; 16 bytes keep the alignment that malloc promises.
  private static let headerBytes = 16

  private let pool: UnsafeMutablePointer<Pool>

  public init() {
    let classes = Self.pooledBytesMax / Self.step + 1
    let free = UnsafeMutablePointer<UnsafeMutableRawPointer?>.allocate(capacity: classes)
    free.initialize(repeating: nil, count: classes)
    pool = .allocate(capacity: 1)
    pool.initialize(to: Pool(free: free))
  }

  deinit {
    for index in 0...Self.pooledBytesMax / Self.step {
      while let block = pool.pointee.free[index] {
        pool.pointee.free[index] = block.load(as: UnsafeMutableRawPointer?.self)
        Glibc.free(block - Self.headerBytes)
      }
    }
    pool.pointee.free.deallocate()
    pool.deallocate()
  }

  /// Bytes in free blocks.
  var keptBytes: Int { pool.pointee.keptBytes }

  /// The allocator as nghttp2 takes it; valid as long as this object lives.
  var allocator: nghttp2_mem {
    nghttp2_mem(
      mem_user_data: pool,
      malloc: { HTTP2Memory.allocate($0, $1) },
      free: { HTTP2Memory.release($0, $1) },
      calloc: { count, size, pool in
        let (byteCount, overflow) = count.multipliedReportingOverflow(by: size)
        guard !overflow, let block = HTTP2Memory.allocate(byteCount, pool) else { return nil }
        memset(block, 0, byteCount)
        return block
      },
      realloc: { HTTP2Memory.resize($0, $1, $2) })
  }

  @inline(__always) private static func allocate(_ byteCount: Int, _ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    // One comparison for both ends: negative ones are large as well.
    guard UInt(bitPattern: byteCount &- 1) < UInt(pooledBytesMax) else { return allocateUnusual(byteCount) }
    let sizeClass = (byteCount &+ (step &- 1)) / step
    let pool = context.assumingMemoryBound(to: Pool.self)
    guard let block = pool.pointee.free[sizeClass] else { return allocate(sizeClass: sizeClass) }
    pool.pointee.free[sizeClass] = block.load(as: UnsafeMutableRawPointer?.self)
    pool.pointee.keptBytes &-= sizeClass &* step
    return block
  }

  @inline(never) private static func allocateUnusual(_ byteCount: Int) -> UnsafeMutableRawPointer? {
    guard byteCount >= 0, byteCount <= Int.max / 2 else { return nil }
    return allocate(sizeClass: max((byteCount + step - 1) / step, 1))
  }

  @inline(never) private static func allocate(sizeClass: Int) -> UnsafeMutableRawPointer? {
    guard let raw = malloc(headerBytes + sizeClass * step) else { return nil }
    raw.storeBytes(of: sizeClass, as: Int.self)
    return raw + headerBytes
  }

  @inline(__always) private static func release(_ block: UnsafeMutableRawPointer?, _ context: UnsafeMutableRawPointer?) {
    guard let block, let context else { return }
    let pool = context.assumingMemoryBound(to: Pool.self)
    let sizeClass = (block - headerBytes).load(as: Int.self)
    guard sizeClass <= pooledBytesMax / step, pool.pointee.keptBytes < keptBytesMax else { return Glibc.free(block - headerBytes) }
    block.storeBytes(of: pool.pointee.free[sizeClass], as: UnsafeMutableRawPointer?.self)
    pool.pointee.free[sizeClass] = block
    pool.pointee.keptBytes += sizeClass * step
  }

  private static func resize(_ block: UnsafeMutableRawPointer?, _ byteCount: Int, _ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let block else { return allocate(byteCount, context) }
    let held = (block - headerBytes).load(as: Int.self) * step
    if byteCount <= held { return block }
    guard let larger = allocate(byteCount, context) else { return nil }
    larger.copyMemory(from: block, byteCount: held)
    release(block, context)
    return larger
  }
}
