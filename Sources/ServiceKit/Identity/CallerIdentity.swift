import Accounts
import Contracts
import Glibc
import Model
import RPC

/// Who makes a call, as its metadata says.
///
/// The gateway authenticates clients and names their account in `jetty-account`; a service that works on nobody's behalf (the
/// sweeper) names itself in `jetty-service`. Neither is a secret: who may reach a service at all is decided by mTLS (`CallerPolicy`)
/// and network policies. An edge speaks for nobody: calls under an edge's certificate need an upload token, which proves itself by
/// its signature.
public enum CallerIdentity {
  public static let accountKey = "jetty-account"
  public static let serviceKey = "jetty-service"

  /// The account on whose behalf the call is made.
  /// - Throws: UNAUTHENTICATED where there is none.
  public static func account(_ context: ServerContext) throws(RPCError) -> AccountID {
    guard let account = context.metadata[accountKey].flatMap({ AccountID($0) }) else { throw nobody }
    guard CertifiedEdge(context) == .none else { throw edge }
    return account
  }

  /// For internal calls: the account that the call is limited to; nil where a service calls on its own behalf and may see all of them.
  /// - Throws: UNAUTHENTICATED where the call names neither.
  public static func scope(_ context: ServerContext) throws(RPCError) -> AccountID? {
    if context.metadata.contains(accountKey) { return try account(context) }
    guard let service = context.metadata[serviceKey], !service.isEmpty else { throw nobody }
    guard CertifiedEdge(context) == .none else { throw edge }
    return nil
  }

  /// Whether the call brings an upload token.
  public static func hasToken(_ context: ServerContext) -> Bool { context.metadata.contains("authorization") }

  /// The upload token of the call, checked without asking anyone.
  /// - Throws: UNAUTHENTICATED, with reason TOKEN_MISSING or TOKEN_INVALID.
  public static func uploadToken(_ context: ServerContext, verifier: UploadTokenVerifier) throws(RPCError) -> UploadToken {
    guard let text = context.metadata["authorization"].flatMap({ BearerCredentials.token(in: $0) }) else {
      throw .problem(.unauthenticated, reason: "TOKEN_MISSING", message: "an upload token is needed: Authorization: Bearer <uploadToken>")
    }
    do {
      return try verifier.verify(text, now: Int64(time(nil)))
    } catch {
      throw .problem(.unauthenticated, reason: "TOKEN_INVALID", message: error.description)
    }
  }

  private static var edge: RPCError {
    .problem(.permissionDenied, reason: "CALLER_NOT_ALLOWED", message: "an edge's certificate speaks for no account and no service")
  }

  private static var nobody: RPCError { .problem(.unauthenticated, reason: "ACCOUNT_MISSING", message: "the call names no account") }
}
