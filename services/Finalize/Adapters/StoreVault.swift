import Model
import ObjectStore
import TLS

/// Objects in an object store.
struct StoreVault: ObjectVault {
  let store: any ObjectStore

  func complete(_ upload: FinishingUpload, parts: [RecordedChunk]) async throws -> ByteCount {
    try await translating {
      let completed = try parts.map { CompletedPart(number: Int($0.index) + 1, etag: try ETag($0.etag)) }
      let info = try await store.completeMultipart(
        key: try ObjectKey(upload.objectKey), upload: try MultipartID(upload.multipartID), parts: completed)
      return ByteCount(info.size)
    }
  }

  func putEmpty(_ key: String, mediaType: String) async throws {
    try await translating { _ = try await store.putEmpty(key: try ObjectKey(key), contentType: mediaType.isEmpty ? nil : mediaType) }
  }

  func size(of key: String) async throws -> ByteCount? {
    try await translating { try await store.head(key: try ObjectKey(key)).map { ByteCount($0.size) } }
  }

  func abandon(_ upload: FinishingUpload) async throws {
    guard !upload.multipartID.isEmpty else { return }
    try await translating {
      try await store.abortMultipart(key: try ObjectKey(upload.objectKey), upload: try MultipartID(upload.multipartID))
    }
  }

  func delete(_ key: String) async throws {
    try await translating { try await store.delete(key: try ObjectKey(key)) }
  }

  func digest(of key: String, onProgress: (UInt64) async throws -> Void) async throws -> (hash: ContentHash, size: ByteCount) {
    let digest = Digest()
    try await translating {
      _ = try await store.read(key: try ObjectKey(key)) { bytes in
        digest.hash.update(bytes)
        digest.count += UInt64(bytes.count)
        try await onProgress(UInt64(bytes.count))
      }
    }
    guard let hash = ContentHash(bytes: digest.hash.finish()) else { throw VaultError.refused("a SHA-256 has 32 bytes") }
    return (hash, ByteCount(digest.count))
  }

  /// Says the store's errors in the words of this service.
  private func translating<Result>(_ body: () async throws -> Result) async throws -> Result {
    do {
      return try await body()
    } catch let error as ObjectStoreError {
      switch error {
      case .noSuchUpload: throw VaultError.noSuchUpload
      case .notFound: throw VaultError.noSuchObject
      case .invalidPart, .partTooSmall: throw VaultError.partsDiffer("\(error)")
      case .storeFull: throw VaultError.full
      case .unavailable(let seconds, let detail): throw VaultError.away(retryAfterSeconds: seconds, detail: detail)
      case .invalidKey, .invalidRequest, .sizeMismatch, .accessDenied, .unexpected: throw VaultError.refused("\(error)")
      }
    }
  }

  private final class Digest {
    var hash = SHA256()
    var count: UInt64 = 0
  }
}
