import Contracts
import Model

/// A file that has been read and digested.
struct PreparedFile {
  let file: SourceFile
  var digest: FileDigest
  let hashSeconds: Double
  /// When that was done, on the loop's clock.
  let readyAt: UInt64

  func result(of duplicate: Duplicate) throws -> UploadResult {
    guard let id = FileID(duplicate.fileId) else { throw UploadFailure(.protocolViolation, "the service named a duplicate without an id") }
    return UploadResult(
      fileID: id, url: duplicate.url, urlExpiresAt: 0, size: file.size, fileHash: digest.fileHash, isDuplicate: true,
      savedCost: MicroDollars(duplicate.savedCostMicroDollars), cost: .zero, bytesSent: 0, chunksSent: 0, chunksTotal: 0,
      hashSeconds: hashSeconds, transferSeconds: 0, edges: [])
  }
}

/// What is known of one upload while it runs.
struct UploadJob {
  private let prepared: PreparedFile
  let fileID: FileID
  let plan: UploadPlan
  private var bytesSent: UInt64 = 0
  private var chunksSent = 0
  private var reports: [EdgeReport] = []

  var file: SourceFile { prepared.file }
  var digest: FileDigest { prepared.digest }

  init(_ prepared: PreparedFile, fileID: FileID, plan: UploadPlan) {
    self.prepared = prepared
    self.fileID = fileID
    self.plan = plan
  }

  /// Takes over the service's plan. Where it cuts the file otherwise than we guessed, the chunks are digested again.
  init(
    _ prepared: PreparedFile, plannedBy response: SelectEdgesResponse, guess: UploadPlan,
    rehash: (SourceFile, UploadPlan) async throws -> FileDigest
  ) async throws {
    let size = prepared.file.size
    guard let fileID = FileID(response.fileId), let strategy = response.strategy,
      let plan = UploadPlan(fileSize: size, chunkSize: ByteCount(strategy.chunkSize), chunksTotal: response.chunksTotal)
    else { throw UploadFailure(.protocolViolation, "the service answered with a plan that does not fit the file") }
    var prepared = prepared
    if plan != guess { prepared.digest = try await rehash(prepared.file, plan) }
    self.init(prepared, fileID: fileID, plan: plan)
  }

  mutating func add(_ sender: ChunkSender) {
    bytesSent += sender.bytesSent
    chunksSent += sender.chunksSent
    for report in sender.reports {
      if let index = reports.firstIndex(where: { $0.id == report.id }) {
        reports[index].chunks += report.chunks
        reports[index].bytes += report.bytes
        reports[index].failures += report.failures
      } else {
        reports.append(report)
      }
    }
  }

  func result(of stored: File, finishedAt: UInt64) -> UploadResult {
    UploadResult(
      fileID: fileID, url: stored.url, urlExpiresAt: stored.urlExpiresAt, size: file.size, fileHash: digest.fileHash, isDuplicate: false,
      savedCost: .zero, cost: Price.transfer(of: file.size), bytesSent: bytesSent, chunksSent: chunksSent, chunksTotal: Int(plan.chunksTotal),
      hashSeconds: prepared.hashSeconds, transferSeconds: Double(finishedAt - prepared.readyAt) / 1e9, edges: reports)
  }
}
