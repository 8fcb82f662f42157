import Accounts
import Model

/// Upload tokens that are good as long as their session, unless that slides on; then a fresh one is to be had by resuming.
struct SignedTokens: UploadTokens {
  let signer: UploadTokenSigner

  func token(for session: UploadSession) throws -> String {
    signer.sign(
      UploadToken(
        fileID: session.fileID, account: session.caller.account, user: session.caller.user, plan: session.plan,
        expiresAt: session.expiresAt / 1_000))
  }
}
