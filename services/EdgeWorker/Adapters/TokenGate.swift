import Accounts
import Contracts
import Doors
import Glibc
import Model
import RPC

/// Lets in whoever shows a valid upload token, offline.
struct TokenGate: Sendable {
  let verifier: UploadTokenVerifier

  /// A token that was checked, and its text to be passed on.
  struct Admission: Sendable {
    let token: UploadToken
    let text: String

    /// Plain bytes that no chunk of this upload exceeds.
    var chunkBytesMax: UInt64 { min(token.plan.chunkSize.rawValue, token.plan.fileSize.rawValue) }

    /// The chunk, if the token is for its file and the plan has it.
    func chunk(_ announcement: ChunkAnnouncement) throws(RPCError) -> Chunk {
      guard announcement.fileID == token.fileID else {
        throw .problem(.permissionDenied, reason: "WRONG_TOKEN", field: "fileId", message: "fileId is not the file of this upload token")
      }
      guard let size = token.plan.size(of: announcement.index) else {
        throw .problem(
          .invalidArgument, reason: "INVALID_FIELD", field: "chunkIndex",
          message: "chunkIndex must be below \(token.plan.chunksTotal): the upload has so many chunks")
      }
      return Chunk(
        fileID: token.fileID, account: token.account, user: token.user, index: announcement.index, hash: announcement.hash, size: size,
        plan: token.plan, token: text)
    }
  }

  /// - Parameter authorization: value of the header or metadata key of that name.
  func admit(_ authorization: String?) throws(RPCError) -> Admission {
    guard let authorization, let text = BearerCredentials.token(in: authorization) else {
      throw .problem(
        .unauthenticated, reason: "UNAUTHENTICATED", message: "Send the upload token as Authorization: Bearer <uploadToken>")
    }
    do throws(UploadTokenError) {
      return Admission(token: try verifier.verify(text, now: Int64(time(nil))), text: text)
    } catch {
      throw .problem(
        .unauthenticated, reason: error == .expired ? "TOKEN_EXPIRED" : "UNAUTHENTICATED", message: "\(error)")
    }
  }
}
