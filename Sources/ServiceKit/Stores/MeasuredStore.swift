import EventLoops
import ObjectStore

/// Another store, whose operations are counted and timed. Loop thread only, as any store.
struct MeasuredStore: ObjectStore {
  let store: any ObjectStore
  let metrics: ObjectStoreMetrics

  func createMultipart(key: ObjectKey, contentType: String?, partSize: UInt64?) async throws -> MultipartID {
    try await metrics.measure(.createMultipart) { try await store.createMultipart(key: key, contentType: contentType, partSize: partSize) }
  }

  func putPart(key: ObjectKey, upload: MultipartID, number: Int, size: UInt64, body: any ObjectBody) async throws -> ETag {
    try await metrics.measure(.putPart) { try await store.putPart(key: key, upload: upload, number: number, size: size, body: body) }
  }

  func listParts(key: ObjectKey, upload: MultipartID) async throws -> [PartInfo] {
    try await metrics.measure(.listParts) { try await store.listParts(key: key, upload: upload) }
  }

  func completeMultipart(key: ObjectKey, upload: MultipartID, parts: [CompletedPart]) async throws -> ObjectInfo {
    try await metrics.measure(.completeMultipart) { try await store.completeMultipart(key: key, upload: upload, parts: parts) }
  }

  func abortMultipart(key: ObjectKey, upload: MultipartID) async throws {
    try await metrics.measure(.abortMultipart) { try await store.abortMultipart(key: key, upload: upload) }
  }

  func put(key: ObjectKey, bytes: [UInt8], contentType: String?) async throws -> ObjectInfo {
    try await metrics.measure(.put) { try await store.put(key: key, bytes: bytes, contentType: contentType) }
  }

  func head(key: ObjectKey) async throws -> ObjectInfo? {
    try await metrics.measure(.head) { try await store.head(key: key) }
  }

  func read(key: ObjectKey, range: Range<UInt64>?, into sink: (UnsafeRawBufferPointer) async throws -> Void) async throws -> ObjectInfo {
    try await metrics.measure(.read) { try await store.read(key: key, range: range, into: sink) }
  }

  func delete(key: ObjectKey) async throws {
    try await metrics.measure(.delete) { try await store.delete(key: key) }
  }

  /// Not measured: probes ask, not work.
  func check() async throws { try await store.check() }
}
