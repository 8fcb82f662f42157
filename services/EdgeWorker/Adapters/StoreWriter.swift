import ObjectStore

/// Puts chunks into the object store, each as one part of its file's multipart upload.
struct StoreWriter: ChunkStore {
  let store: any ObjectStore
  let uploads: UploadDirectory
  let activity: EdgeActivity

  func put(_ chunk: Chunk, _ bytes: any ChunkBytes) async throws -> String {
    let place = try await uploads.entry(for: chunk)
    do {
      let body = VerifyingBody(bytes, chunk: chunk, activity: activity)
      let etag = try await store.putPart(
        key: place.key, upload: place.upload, number: chunk.index.partNumber, size: chunk.size.rawValue, body: body)
      return etag.description
    } catch let error as ObjectStoreError {
      if error == .noSuchUpload { uploads.forget(chunk.fileID) }
      throw Self.refusal(error)
    }
  }

  static func refusal(_ error: ObjectStoreError) -> any Error {
    switch error {
    case .storeFull: ChunkRefusal.storeFull
    case .noSuchUpload: ChunkRefusal.uploadForgotten
    case .unavailable(let seconds, _): ChunkRefusal.storeAway(retryAfterSeconds: max(1, seconds ?? 1))
    default: error
    }
  }
}
