import Contracts
import EventLoops
import Model
import ObjectStore
import RPC

/// Which multipart upload in the store belongs to which file, asked of the core once per file and loop. Loop thread only.
final class UploadDirectory: @unchecked Sendable {
  struct Entry: Sendable {
    let key: ObjectKey
    let upload: MultipartID
  }

  private let client: UploadStateClient
  private let loop: EventLoop
  /// Two generations: when the younger is full the older is forgotten. Forgetting costs one question.
  private var young: [FileID: Entry] = [:]
  private var old: [FileID: Entry] = [:]
  private var waiting: [FileID: [LoopPromise<Entry>]] = [:]

  private static let generationEntriesMax = 2_048
  private static let timeoutMilliseconds: UInt64 = 5_000

  init(client: UploadStateClient, loop: EventLoop) {
    self.client = client
    self.loop = loop
  }

  /// - Throws: `ChunkRefusal`, or what the core says about the upload.
  func entry(for chunk: Chunk) async throws -> Entry {
    if let known = young[chunk.fileID] ?? old[chunk.fileID] { return known }
    let promise = LoopPromise<Entry>(loop: loop)
    if waiting[chunk.fileID] == nil {
      waiting[chunk.fileID] = [promise]
      // In a task of its own: the first sender may go away while others wait for the same answer.
      loop.spawn { [self] in await ask(chunk) }
    } else {
      waiting[chunk.fileID]?.append(promise)
    }
    return try await promise.wait()
  }

  func forget(_ file: FileID) {
    young[file] = nil
    old[file] = nil
  }

  private func ask(_ chunk: Chunk) async {
    let result: Result<Entry, any Error>
    do {
      result = .success(try await fetch(chunk))
    } catch {
      result = .failure(CoreFailure.refusal(error))
    }
    if case .success(let entry) = result { keep(entry, chunk.fileID) }
    for promise in waiting.removeValue(forKey: chunk.fileID) ?? [] {
      switch result {
      case .success(let entry): promise.succeed(entry)
      case .failure(let error): promise.fail(error)
      }
    }
  }

  private func fetch(_ chunk: Chunk) async throws -> Entry {
    let request = GetUploadRequest(fileId: chunk.fileID.text, userId: chunk.user.text, ensureMultipart: true)
    let answer = try await client.getUpload(request, options: chunk.options(timeoutMilliseconds: Self.timeoutMilliseconds))
    guard let upload = answer.upload else { throw ChunkRefusal.coreAway(retryAfterSeconds: 1) }
    switch upload.status {
    case .completed, .aborted, .expired, .failed: throw ChunkRefusal.uploadEnded
    default: break
    }
    guard !upload.multipartUploadId.isEmpty else { throw ChunkRefusal.coreAway(retryAfterSeconds: 1) }
    let key =
      try upload.objectKey.isEmpty
      ? ObjectKey.file(account: chunk.account.text, user: chunk.user.text, file: chunk.fileID.text) : ObjectKey(upload.objectKey)
    return Entry(key: key, upload: try MultipartID(upload.multipartUploadId))
  }

  private func keep(_ entry: Entry, _ file: FileID) {
    if young.count >= Self.generationEntriesMax {
      old = young
      young = [:]
    }
    young[file] = entry
  }
}
