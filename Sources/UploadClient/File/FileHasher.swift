import EventLoops
import Model
import TLS

/// The digests that an upload needs of its file.
public struct FileDigest: Sendable, Hashable {
  public var fileHash: ContentHash
  /// One per chunk of the plan, in order.
  public var chunkHashes: [ContentHash]

  public init(fileHash: ContentHash, chunkHashes: [ContentHash]) {
    self.fileHash = fileHash
    self.chunkHashes = chunkHashes
  }
}

/// Reads a file once and digests it twice, whole and by chunk, on the thread pool. Memory: two slices, whatever the file's size.
public enum FileHasher {
  static let sliceBytes = 2 << 20

  /// `progress` gets the bytes done so far, on the loop. Throws `UploadFailure` where the file cannot be read or has become shorter.
  public static func digest(
    _ file: SourceFile, plan: Model.UploadPlan, on loop: EventLoop, progress: (UInt64) -> Void = { _ in }
  ) async throws -> FileDigest {
    let whole = RunningHash()
    var chunkHashes: [ContentHash] = []
    chunkHashes.reserveCapacity(Int(plan.chunksTotal))
    var slices = SliceCutter(plan: plan)
    var current = SliceBuffer(capacity: sliceBytes)
    var spare = SliceBuffer(capacity: sliceBytes)
    var slice = slices.next()
    if let slice { try await current.fill(from: file, slice, on: loop) }
    var chunk = RunningHash()
    while let digesting = slice {
      try Task.checkCancellation()
      let following = slices.next()
      // Three jobs at once: both digests of this slice, and the read of the next one. Every buffer is touched by one writer only.
      let (buffer, ahead, chunkHash) = (current, spare, chunk)
      async let wholeDone: Void = loop.offload { whole.update(buffer.bytes) }
      async let chunkDone: Void = loop.offload { chunkHash.update(buffer.bytes) }
      async let readDone: Void = fillIfAny(ahead, from: file, following, on: loop)
      try await wholeDone
      try await chunkDone
      try await readDone
      if digesting.endsChunk {
        chunkHashes.append(try chunk.finish())
        chunk = RunningHash()
      }
      progress(digesting.offset + UInt64(digesting.length))
      swap(&current, &spare)
      slice = following
    }
    return FileDigest(fileHash: try whole.finish(), chunkHashes: chunkHashes)
  }

  private static func fillIfAny(_ buffer: SliceBuffer, from file: SourceFile, _ slice: Slice?, on loop: EventLoop) async throws {
    if let slice { try await buffer.fill(from: file, slice, on: loop) }
  }

  struct Slice: Sendable {
    let offset: UInt64
    let length: Int
    let endsChunk: Bool
  }

  /// Cuts a file into slices that never cross the end of a chunk.
  struct SliceCutter {
    let plan: UploadPlan
    private var offset: UInt64 = 0

    init(plan: UploadPlan) { self.plan = plan }

    mutating func next() -> Slice? {
      guard offset < plan.fileSize.rawValue else { return nil }
      let chunkEnd = min(plan.fileSize.rawValue, (offset / plan.chunkSize.rawValue + 1) * plan.chunkSize.rawValue)
      let length = min(UInt64(FileHasher.sliceBytes), chunkEnd - offset)
      let slice = Slice(offset: offset, length: Int(length), endsChunk: offset + length == chunkEnd)
      offset += length
      return slice
    }
  }
}

/// A digest that one job at a time adds to; whoever awaits the job orders them.
final class RunningHash: @unchecked Sendable {
  private var digest = SHA256()

  func update(_ bytes: UnsafeRawBufferPointer) { digest.update(bytes) }

  func finish() throws -> ContentHash {
    guard let hash = ContentHash(bytes: digest.finish()) else { throw UploadFailure(.protocolViolation, "a digest of the wrong length") }
    return hash
  }
}

/// A fixed piece of memory that jobs take turns with.
final class SliceBuffer: @unchecked Sendable {
  private let memory: UnsafeMutableRawBufferPointer
  private var count = 0

  init(capacity: Int) { memory = .allocate(byteCount: capacity, alignment: 64) }
  deinit { memory.deallocate() }

  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[..<count]) }

  func fill(from file: SourceFile, _ slice: FileHasher.Slice, on loop: EventLoop) async throws {
    try await loop.offload {
      self.count = try file.read(into: UnsafeMutableRawBufferPointer(rebasing: self.memory[..<slice.length]), at: slice.offset)
      guard self.count == slice.length else {
        throw UploadFailure(.fileChanged, "\(file.path) became shorter while it was read; upload it again once it is complete")
      }
    }
  }
}
