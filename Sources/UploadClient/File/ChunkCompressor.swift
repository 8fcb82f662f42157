import Bytes
import Compression
import EventLoops
import Glibc

/// Packs chunks with gzip where that gets the file across sooner. Loop thread only; the work itself is done on the pool.
///
/// Two things must hold: the bytes shrink (told by a sample of the file), and the line is slower than gzip is. The first chunks
/// go as they are and tell how fast the line is.
final class ChunkCompressor {
  /// Below this many plain bytes per second, packing is quicker than sending: gzip does some 40 MB/s per core at level 1.
  static let lineBytesPerSecondMax = 25e6
  /// The sample must shrink to this or less.
  static let ratioMax = 0.75
  static let sampleBytes = 64 << 10
  static let sliceBytes = 256 << 10
  static let level: Int32 = 1

  private let directory: String
  private(set) var isPacking = false

  /// `directory` holds the packed chunk until it is sent, under no name.
  init(directory: String) { self.directory = directory }

  /// Whether samples from the start, the middle and the end of a file shrink.
  static func isWorthwhile(for file: SourceFile, on loop: EventLoop) async throws -> Bool {
    let size = file.size.rawValue
    guard size >= UInt64(sampleBytes) * 3 else { return false }
    return try await loop.offload {
      let sample = UnsafeMutableRawBufferPointer.allocate(byteCount: sampleBytes, alignment: 16)
      defer { sample.deallocate() }
      var (plain, packed) = (0, 0)
      for offset in [0, size / 2, size - UInt64(sampleBytes)] {
        let count = try file.read(into: sample, at: offset)
        var output = ByteBuffer()
        try Gzip.compress(UnsafeRawBufferPointer(rebasing: sample[..<count]), level: level, into: &output)
        plain += count
        packed += output.count
      }
      return plain > 0 && Double(packed) <= Double(plain) * ratioMax
    }
  }

  /// Plain bytes per second that all transfers together reached.
  func measured(bytesPerSecond rate: Double) {
    if rate < Self.lineBytesPerSecondMax { isPacking = true }
  }

  /// The gzip form of a part of a file, or nil if it is better sent as it is.
  func pack(_ file: SourceFile, offset: UInt64, size: UInt64, on loop: EventLoop) async throws -> PackedChunk? {
    guard isPacking else { return nil }
    let directory = directory
    guard let packer = try? await loop.offload({ try ChunkPacker(directory: directory) }) else { return nil }
    var position: UInt64 = 0
    while position < size {
      try Task.checkCancellation()
      let count = Int(min(UInt64(Self.sliceBytes), size - position))
      let at = offset + position
      let isLast = position + UInt64(count) == size
      try await loop.offload { try packer.add(file, at: at, count: count, isLast: isLast) }
      position += UInt64(count)
    }
    return packer.size < size ? PackedChunk(packer) : nil
  }
}

/// A gzip stream on its way into a nameless file. One job at a time.
final class ChunkPacker: @unchecked Sendable {
  fileprivate let descriptor: Int32
  private var deflater: GzipDeflater
  private let plain = UnsafeMutableRawBufferPointer.allocate(byteCount: ChunkCompressor.sliceBytes, alignment: 64)
  private let packed = UnsafeMutableRawBufferPointer.allocate(byteCount: ChunkCompressor.sliceBytes, alignment: 64)
  private(set) var size: UInt64 = 0

  init(directory: String) throws {
    deflater = try GzipDeflater(level: ChunkCompressor.level)
    var template = Array("\(directory)/jetty-chunk-XXXXXX".utf8CString)
    descriptor = mkstemp(&template)
    guard descriptor >= 0 else { throw UploadFailure(.file, "cannot make a temporary file in \(directory): \(systemErrorText(errno))") }
    unlink(template)
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
    plain.deallocate()
    packed.deallocate()
  }

  func add(_ file: SourceFile, at offset: UInt64, count: Int, isLast: Bool) throws {
    let room = UnsafeMutableRawBufferPointer(rebasing: plain[..<count])
    guard try file.read(into: room, at: offset) == count else {
      throw UploadFailure(.fileChanged, "\(file.path) became shorter while it was being uploaded")
    }
    var rest = UnsafeRawBufferPointer(room)
    while isLast ? !deflater.isFinished : !rest.isEmpty {
      let progress = try deflater.deflate(rest, into: packed, isLast: isLast)
      rest = UnsafeRawBufferPointer(rebasing: rest[progress.consumed...])
      try append(UnsafeRawBufferPointer(rebasing: packed[..<progress.produced]))
    }
  }

  private func append(_ bytes: UnsafeRawBufferPointer) throws {
    var written = 0
    while written < bytes.count {
      let count = retryingInterrupts { write(descriptor, bytes.baseAddress.map { $0 + written }, bytes.count - written) }
      guard count > 0 else { throw UploadFailure(.file, "cannot write a temporary file: \(systemErrorText(errno))") }
      written += count
    }
    size += UInt64(bytes.count)
  }
}

/// A packed chunk, ready to be sent.
struct PackedChunk: Sendable {
  private let packer: ChunkPacker
  let size: UInt64

  init(_ packer: ChunkPacker) {
    self.packer = packer
    size = packer.size
  }

  /// Fills the whole buffer.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws {
    var filled = 0
    while filled < buffer.count {
      let count = retryingInterrupts {
        pread(packer.descriptor, buffer.baseAddress.map { $0 + filled }, buffer.count - filled, off_t(offset) + off_t(filled))
      }
      guard count > 0 else { throw UploadFailure(.file, "a temporary file lost its end") }
      filled += count
    }
  }
}
