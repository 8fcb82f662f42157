import Contracts
import EventLoops
import Model
import ObjectStore
import RPC
import ServiceKit

/// The chunk map, which ChunkMetadata owns.
struct RemoteChunks: ChunkBook {
  let client: ChunkMetadataClient
  var limits = SessionLimits()

  func progress(of session: UploadSession) async throws -> UploadProgress {
    let request = MissingChunksRequest(fileId: session.file.text, chunksTotal: session.plan.chunksTotal)
    let answer = try await client.missingChunks(request, options: .on(behalfOf: session.owner.account))
    return UploadProgress(chunksStored: answer.stored, bytesStored: ByteCount(answer.bytesStored), missing: answer.missing)
  }

  func portions(of files: [FileID], account: AccountID) async throws -> [FileID: [EdgePortion]] {
    var portions: [FileID: [EdgePortion]] = [:]
    for begin in stride(from: 0, to: files.count, by: Self.filesPerCallMax) {
      let some = files[begin..<min(begin + Self.filesPerCallMax, files.count)]
      portions.merge(try await summaries(of: some, account)) { first, _ in first }
    }
    return portions
  }

  /// What SummarizeChunks takes at once.
  private static let filesPerCallMax = 100

  private func summaries(of files: ArraySlice<FileID>, _ account: AccountID) async throws -> [FileID: [EdgePortion]] {
    let request = SummarizeChunksRequest(fileIds: files.map(\.text))
    let answer = try await client.summarizeChunks(request, options: .on(behalfOf: account, timeoutMilliseconds: limits.statsPeerMilliseconds))
    var portions: [FileID: [EdgePortion]] = [:]
    for summary in answer.summaries {
      guard let file = FileID(summary.fileId) else { continue }
      portions[file] = summary.edges.compactMap { share in
        EdgeID(share.edgeId).map { EdgePortion(edge: $0, chunks: share.chunks, bytes: ByteCount(share.bytes)) }
      }
    }
    return portions
  }
}

/// What was used and saved, which Finalize knows.
struct RemoteUsage: UsageLedger {
  let client: FinalizeClient
  var limits = SessionLimits()

  func usage(account: AccountID, user: UserID?) async throws -> UsageFigures {
    let answer = try await client.getUsage(
      GetUsageRequest(userId: user?.text ?? ""), options: .on(behalfOf: account, timeoutMilliseconds: limits.statsPeerMilliseconds))
    return UsageFigures(
      transferred: ByteCount(answer.transferredBytes), cost: MicroDollars(answer.costMicroDollars), saved: ByteCount(answer.savedBytes),
      savedCost: MicroDollars(answer.savedCostMicroDollars), duplicates: answer.duplicates)
  }
}

/// The edges, which EdgeSelection knows.
struct RemoteEdges: EdgeRegistry {
  let client: EdgeSelectionClient
  var limits = SessionLimits()

  func liveEdges() async throws -> [LiveEdge] {
    let answer = try await client.listEdges(
      ListEdgesRequest(liveOnly: true), options: CallOptions(timeoutMilliseconds: limits.statsPeerMilliseconds))
    return answer.edges.compactMap { edge in
      EdgeID(edge.id).map { LiveEdge(id: $0, latencyMilliseconds: edge.latency, loadPercent: edge.load) }
    }
  }
}

/// Multipart uploads in the object store.
struct StoreMultiparts: MultipartStore {
  let store: any ObjectStore
  let loop: EventLoop
  var limits = SessionLimits()

  func createMultipart(for session: UploadSession) async throws -> String {
    let store = store
    return try await loop.withTimeout(milliseconds: limits.multipartMilliseconds) {
      let key = try ObjectKey(session.objectKey)
      return try await store.createMultipart(key: key, contentType: session.mediaType, partSize: session.plan.chunkSize.rawValue).description
    }
  }
}

extension CallOptions {
  static func on(behalfOf account: AccountID, timeoutMilliseconds: UInt64? = nil) -> CallOptions {
    CallOptions(timeoutMilliseconds: timeoutMilliseconds, metadata: [CallerIdentity.accountKey: account.text])
  }
}
