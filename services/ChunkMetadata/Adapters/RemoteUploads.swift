import Contracts
import Model
import RPC
import ServiceKit

/// The uploads, which UploadState owns.
struct RemoteUploads: UploadDirectory {
  let client: UploadStateClient

  func find(_ file: FileID, account: AccountID) async throws -> UploadGrant? {
    do {
      let options = CallOptions(metadata: [CallerIdentity.accountKey: account.text])
      let upload = try await client.getUpload(GetUploadRequest(fileId: file.text), options: options).upload
      guard let upload, let plan = upload.plan,
        let known = Model.UploadPlan(
          fileSize: ByteCount(plan.fileSize), chunkSize: ByteCount(plan.chunkSize), chunksTotal: plan.chunksTotal)
      else { throw RPCError(.internalError, "the upload's plan makes no sense") }
      return UploadGrant(file: file, account: account, plan: known)
    } catch let error as RPCError where error.code == .notFound {
      return nil
    }
  }
}
