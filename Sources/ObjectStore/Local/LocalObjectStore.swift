import Bytes
import EventLoops
import Glibc
import TLS

/// Objects as plain files below a directory: `objects/<key>`, with uploads under way in `uploads/` beside it (one file system, so that
/// finishing is a rename). Several processes of one machine may share the directory.
///
/// What was answered is on the disk: bytes and names are flushed first. File work runs on the loop's thread pool.
public final class LocalObjectStore: ObjectStore {
  /// The directory, absolute.
  public let root: String
  private let loop: EventLoop

  /// Makes the directory where there is none. Blocks for a moment: call it at start.
  public init(directory: String, loop: EventLoop) throws(ObjectStoreError) {
    guard directory.hasPrefix("/") else { throw .invalidRequest("the object store's directory must be an absolute path, not \(directory)") }
    var path = directory
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    root = path
    self.loop = loop
    for name in ["objects", "uploads", "incoming"] { try Directory.make("\(path)/\(name)") }
  }

  /// The file of an object, whether or not there is one; for a door that serves it.
  public func path(of key: ObjectKey) -> String { "\(root)/objects/\(key)" }

  public func createMultipart(key: ObjectKey, contentType: String?, partSize: UInt64?) async throws -> MultipartID {
    let uploads = uploads
    return try await loop.offload { try LocalUpload.create(in: uploads, key: key, partSize: partSize) }
  }

  public func putPart(key: ObjectKey, upload: MultipartID, number: Int, size: UInt64, body: any ObjectBody) async throws -> ETag {
    try PartChecks.check(number: number, size: size)
    let uploads = uploads
    let part = try await loop.offload {
      try LocalPart(upload: LocalUpload.open(in: uploads, id: upload, key: key), number: number, size: size)
    }
    do {
      try await write(body, size: size, to: part)
      return try await loop.offload { try part.commit() }
    } catch {
      try? await loop.offload { part.discard() }
      throw error
    }
  }

  /// One buffer is written while the other is filled.
  private func write(_ source: any ObjectBody, size: UInt64, to part: LocalPart) async throws {
    var body = source
    let bufferBytes = Int(min(UInt64(ObjectStoreLimits.bufferBytes), size + 1))
    let buffers = [BufferMemory(bufferBytes), BufferMemory(bufferBytes)]
    var position: UInt64 = 0
    var current = 0
    var hasEnded = false
    var filled = try await fill(buffers[current], from: &body, &hasEnded)
    while filled > 0 {
      guard position + UInt64(filled) <= size else { throw ObjectStoreError.sizeMismatch(expected: size, received: position + UInt64(filled)) }
      let (full, count, offset) = (buffers[current], filled, position)
      async let written: Void = loop.offload { try part.write(UnsafeRawBufferPointer(rebasing: full.bytes[..<count]), at: offset) }
      position += UInt64(filled)
      current = 1 - current
      filled = try await fill(buffers[current], from: &body, &hasEnded)
      try await written
    }
    guard position == size else { throw ObjectStoreError.sizeMismatch(expected: size, received: position) }
  }

  /// Fills the buffer, or as much of it as there is; after the end nothing is asked for any more.
  private func fill(_ buffer: BufferMemory, from body: inout any ObjectBody, _ hasEnded: inout Bool) async throws -> Int {
    var filled = 0
    while filled < buffer.bytes.count, !hasEnded {
      let count = try await body.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[filled...]))
      hasEnded = count == 0
      filled += count
    }
    return filled
  }

  public func listParts(key: ObjectKey, upload: MultipartID) async throws -> [PartInfo] {
    let uploads = uploads
    return try await loop.offload {
      try LocalUpload.open(in: uploads, id: upload, key: key).records().map { try PartInfo(number: $0.number, size: $0.size, etag: $0.etagText()) }
    }
  }

  public func completeMultipart(key: ObjectKey, upload: MultipartID, parts: [CompletedPart]) async throws -> ObjectInfo {
    let (uploads, target) = (uploads, path(of: key))
    return try await loop.offload {
      try LocalCompletion(upload: LocalUpload.open(in: uploads, id: upload, key: key), target: target).run(parts)
      return try Self.info(OpenFile(target, flags: O_RDONLY))
    }
  }

  public func abortMultipart(key: ObjectKey, upload: MultipartID) async throws {
    let uploads = uploads
    try await loop.offload {
      do {
        try LocalUpload.open(in: uploads, id: upload, key: key).remove()
      } catch ObjectStoreError.noSuchUpload {}
    }
  }

  public func put(key: ObjectKey, bytes: [UInt8], contentType: String?) async throws -> ObjectInfo {
    guard bytes.count <= ObjectStoreLimits.smallObjectBytesMax else {
      throw ObjectStoreError.invalidRequest("an object in one piece has at most \(ObjectStoreLimits.smallObjectBytesMax) bytes")
    }
    let (target, incoming) = (path(of: key), "\(root)/incoming/\(Hex.encode(randomBytes(16)))")
    return try await loop.offload {
      do {
        let file = try OpenFile(incoming, flags: O_RDWR | O_CREAT | O_EXCL)
        try file.write(bytes, at: 0)
        try file.synchronise()
        try Directory.make(Directory.parent(of: target))
        try Directory.move(incoming, to: target)
        return try Self.info(file)
      } catch {
        _ = unlink(incoming)
        throw error
      }
    }
  }

  public func head(key: ObjectKey) async throws -> ObjectInfo? {
    let path = path(of: key)
    return try await loop.offload {
      do {
        return try Self.info(OpenFile(path, flags: O_RDONLY))
      } catch ObjectStoreError.notFound {
        return nil
      }
    }
  }

  public func read(
    key: ObjectKey, range: Range<UInt64>?, into sink: (UnsafeRawBufferPointer) async throws -> Void
  ) async throws -> ObjectInfo {
    let path = path(of: key)
    let (file, info) = try await loop.offload { () throws -> (OpenFile, ObjectInfo) in
      do {
        let file = try OpenFile(path, flags: O_RDONLY)
        return (file, try Self.info(file))
      } catch ObjectStoreError.notFound {
        throw ObjectStoreError.notFound(key.description)
      }
    }
    let wanted = try RangeChecks.clamp(range, size: info.size)
    let buffers = [BufferMemory(ObjectStoreLimits.bufferBytes), BufferMemory(ObjectStoreLimits.bufferBytes)]
    var position = wanted.lowerBound
    var current = 0
    var count = try await load(file, buffers[current], from: position, to: wanted.upperBound)
    while position < wanted.upperBound {
      guard count > 0 else { throw ObjectStoreError.unexpected("object \(key) became shorter while it was read") }
      position += UInt64(count)
      let (next, start) = (buffers[1 - current], position)
      async let loaded = load(file, next, from: start, to: wanted.upperBound)
      try await sink(UnsafeRawBufferPointer(rebasing: buffers[current].bytes[..<count]))
      count = try await loaded
      current = 1 - current
    }
    return info
  }

  private func load(_ file: OpenFile, _ buffer: BufferMemory, from position: UInt64, to end: UInt64) async throws -> Int {
    guard position < end else { return 0 }
    return try await loop.offload {
      let count = Int(min(end - position, UInt64(buffer.bytes.count)))
      return try file.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[..<count]), at: position)
    }
  }

  public func delete(key: ObjectKey) async throws {
    let path = path(of: key)
    try await loop.offload {
      if try Directory.remove(path) { try Directory.synchronise(Directory.parent(of: path)) }
    }
  }

  public func check() async throws {
    let uploads = uploads
    try await loop.offload {
      guard access(uploads, W_OK | X_OK) == 0 else { throw FileError.from(errno, doing: "use", uploads) }
    }
  }

  private var uploads: String { "\(root)/uploads" }

  /// The ETag changes with every replacement: a new file has another number and another time.
  private static func info(_ file: OpenFile) throws(ObjectStoreError) -> ObjectInfo {
    let status = try file.status()
    guard status.st_mode & S_IFMT == S_IFREG else { throw .notFound("") }
    let time = Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec)
    let size = UInt64(max(0, status.st_size))
    return ObjectInfo(size: size, etag: try ETag("\(String(time, radix: 16))-\(String(size, radix: 16))-\(String(status.st_ino, radix: 16))"))
  }
}

/// A fixed piece of memory that a loop and its thread pool hand to each other; never used by both at once.
private final class BufferMemory: @unchecked Sendable {
  let bytes: UnsafeMutableRawBufferPointer

  init(_ byteCount: Int) { bytes = .allocate(byteCount: byteCount, alignment: 4096) }

  deinit { bytes.deallocate() }
}
