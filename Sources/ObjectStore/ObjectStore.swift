/// Where the bytes of files lie: plain objects under keys, large ones written as multipart uploads.
///
/// Two stores implement it, `S3ObjectStore` and `LocalObjectStore`, and one contract suite is run against both. An instance belongs
/// to one event loop and is used on it only. Every call throws `ObjectStoreError`, `CancellationError`, or, where it was given a
/// body or a sink, what that threw.
public protocol ObjectStore: Sendable {
  /// Begins a multipart upload. `partSize` is the size that every part but the last will have, where the caller knows it:
  /// the local store then writes each part at its final place, and completing moves no bytes.
  func createMultipart(key: ObjectKey, contentType: String?, partSize: UInt64?) async throws -> MultipartID

  /// Stores one part (`number` is 1-based) of exactly `size` bytes and answers once it is durable. The body is read through fixed
  /// buffers until it gives 0, which is asked for after the last byte too: a body that throws there, because a hash does not match
  /// say, leaves what was stored under that number before as it was. The same number again replaces the part.
  func putPart(key: ObjectKey, upload: MultipartID, number: Int, size: UInt64, body: any ObjectBody) async throws -> ETag

  /// The stored parts by number.
  func listParts(key: ObjectKey, upload: MultipartID) async throws -> [PartInfo]

  /// Makes one object of exactly these parts, in ascending order of number. Afterwards the upload is gone: the same call again
  /// throws `noSuchUpload` (some S3 services answer as before), and `head` tells whether it had succeeded.
  func completeMultipart(key: ObjectKey, upload: MultipartID, parts: [CompletedPart]) async throws -> ObjectInfo

  /// Deletes an upload and its parts. One that is gone already is no error.
  func abortMultipart(key: ObjectKey, upload: MultipartID) async throws

  /// Stores an object of at most `ObjectStoreLimits.smallObjectBytesMax` in one piece; it replaces what was there.
  func put(key: ObjectKey, bytes: [UInt8], contentType: String?) async throws -> ObjectInfo

  /// What is stored under the key, or nil.
  func head(key: ObjectKey) async throws -> ObjectInfo?

  /// Reads an object, or the bytes `range` of it, piece by piece in order. A range that begins at or past the end is an
  /// `invalidRequest`; one that ends past it is cut. The buffer is valid during the call only. Answers with the whole object's size.
  func read(key: ObjectKey, range: Range<UInt64>?, into sink: (UnsafeRawBufferPointer) async throws -> Void) async throws -> ObjectInfo

  /// Deletes an object. One that is not there is no error.
  func delete(key: ObjectKey) async throws

  /// Returns when the store can be reached and used; for readiness probes.
  func check() async throws
}

extension ObjectStore {
  public func createMultipart(key: ObjectKey, contentType: String?) async throws -> MultipartID {
    try await createMultipart(key: key, contentType: contentType, partSize: nil)
  }

  /// An object of zero bytes; a multipart upload cannot make one.
  public func putEmpty(key: ObjectKey, contentType: String? = nil) async throws -> ObjectInfo {
    try await put(key: key, bytes: [], contentType: contentType)
  }

  public func read(key: ObjectKey, into sink: (UnsafeRawBufferPointer) async throws -> Void) async throws -> ObjectInfo {
    try await read(key: key, range: nil, into: sink)
  }
}

/// Bytes on their way into a store, pulled by it.
public protocol ObjectBody {
  /// Writes the next bytes to the front of `buffer` (never empty) and answers how many; 0 when there are no more. May suspend.
  /// Called by one caller at a time, and not again after it threw.
  mutating func read(into buffer: UnsafeMutableRawBufferPointer) async throws -> Int
}

/// A body of bytes that are at hand.
public struct ByteArrayBody: ObjectBody, Sendable {
  private let bytes: [UInt8]
  private var position = 0

  public init(_ bytes: [UInt8]) { self.bytes = bytes }

  public mutating func read(into buffer: UnsafeMutableRawBufferPointer) async throws -> Int {
    let count = min(buffer.count, bytes.count - position)
    bytes.withUnsafeBytes { buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[position..<position + count])) }
    position += count
    return count
  }
}

/// Checks that hold for every store.
enum PartChecks {
  static func check(number: Int, size: UInt64) throws(ObjectStoreError) {
    guard (1...ObjectStoreLimits.partsMax).contains(number) else {
      throw .invalidRequest("a part number is 1 to \(ObjectStoreLimits.partsMax), not \(number)")
    }
    guard size > 0, size <= ObjectStoreLimits.partBytesMax else {
      throw .invalidRequest("a part has 1 to \(ObjectStoreLimits.partBytesMax) bytes, not \(size)")
    }
  }

  /// Parts to complete with: at least one, ascending, no number twice.
  static func check(_ parts: [CompletedPart]) throws(ObjectStoreError) {
    guard !parts.isEmpty else { throw .invalidRequest("a multipart upload is completed with at least one part") }
    guard parts.count <= ObjectStoreLimits.partsMax else {
      throw .invalidRequest("a multipart upload has at most \(ObjectStoreLimits.partsMax) parts")
    }
    var previous = 0
    for part in parts {
      guard part.number > previous, part.number <= ObjectStoreLimits.partsMax else { throw .invalidPart(number: part.number) }
      previous = part.number
    }
  }
}
