import Accounts
import Contracts
import Model
import RPC

@testable import UploadState

/// One upload and the calls about it.
struct TestSession: Sendable {
  let stack: StateStack
  let file: FileID
  let account: String
  let user: String
  let plan: Model.UploadPlan

  /// - Parameter chunks: of 5 MiB, the last one of 1,000 bytes.
  init(_ stack: StateStack, chunks: UInt64 = 4, account: String = "acc_one", user: String = "usr_1") {
    self.stack = stack
    self.account = account
    self.user = user
    file = FileID(unixMilliseconds: UInt64(UploadStateProgram.unixMilliseconds()))
    let size = chunks == 0 ? 0 : (chunks - 1) * (5 << 20) + 1_000
    plan = Model.UploadPlan(fileSize: ByteCount(size), chunkSize: .mebibytes(5))!
  }

  /// The same upload, seen through another process.
  init(_ stack: StateStack, like other: TestSession) {
    self.stack = stack
    file = other.file
    account = other.account
    user = other.user
    plan = other.plan
  }

  var options: CallOptions { CallOptions(metadata: ["jetty-account": account]) }
  static let asService = CallOptions(metadata: ["jetty-service": "finalize"])

  var upload: Upload {
    Upload(
      fileId: file.text, accountId: account, userId: user, fileHash: "sha256:" + String(repeating: "ab", count: 32),
      plan: Contracts.UploadPlan(fileSize: plan.fileSize.rawValue, chunkSize: plan.chunkSize.rawValue, chunksTotal: plan.chunksTotal), threads: 16,
      edges: ["sfo-1", "lax-1"], estimatedCostMicroDollars: 1_500, fileName: "Ferien \"2026\".mov", fileType: "video/quicktime")
  }

  @discardableResult
  func open(_ change: (inout Upload) -> Void = { _ in }) async throws -> Upload {
    var upload = upload
    change(&upload)
    return try await stack.client.openUpload(OpenUploadRequest(upload: upload), options: options).upload ?? Upload()
  }

  func get(ensureMultipart: Bool = false, user: String = "", _ options: CallOptions? = nil) async throws -> Upload {
    let request = GetUploadRequest(fileId: file.text, userId: user, ensureMultipart: ensureMultipart)
    return try await stack.client.getUpload(request, options: options ?? self.options).upload ?? Upload()
  }

  func token(validSeconds: Int64 = 600, file: FileID? = nil) -> CallOptions {
    let text = stack.signer.sign(
      UploadToken(
        fileID: file ?? self.file, account: AccountID(account)!, user: UserID(user)!, plan: plan,
        expiresAt: UploadStateProgram.unixMilliseconds() / 1_000 + validSeconds))
    return CallOptions(metadata: ["authorization": "Bearer \(text)"])
  }

  @discardableResult
  func save(_ state: SavedState = SavedState(edges: ["nyc-1"]), user: String? = nil) async throws -> SaveStateResponse {
    try await stack.client.saveState(
      SaveStateRequest(userId: user ?? self.user, fileId: file.text, state: state), options: options)
  }

  func state(user: String? = nil, _ options: CallOptions? = nil) async throws -> SavedState? {
    try await stack.client.getState(GetStateRequest(userId: user ?? self.user, fileId: file.text), options: options ?? self.options).state
  }

  func close(_ status: UploadStatus = .completed, cost: Int64 = 1_573, bytes: UInt64? = nil, _ options: CallOptions? = nil) async throws {
    let request = CloseUploadRequest(
      fileId: file.text, status: status, actualCostMicroDollars: cost, bytesUploaded: bytes ?? plan.fileSize.rawValue)
    _ = try await stack.client.closeUpload(request, options: options ?? self.options)
  }

  func stored(_ index: UInt32, edge: String = "sfo-1") {
    stack.chunks.stored[file.text, default: [:]][index] = (edge, ChunkIndex(index).flatMap { plan.size(of: $0) }?.rawValue ?? 0)
  }
}
