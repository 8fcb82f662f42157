import Accounts
import Contracts
import Glibc
import Model
import RPC

/// Finds out who calls, and whether that caller may call so often. Loop thread only.
final class Authentication: @unchecked Sendable {
  private let book: any CallerBook
  private let limiter: any RateLimiter
  private let verifier: UploadTokenVerifier

  init(book: any CallerBook, limiter: any RateLimiter, verifier: UploadTokenVerifier) {
    self.book = book
    self.limiter = limiter
    self.verifier = verifier
  }

  /// For everything but chunks: an API key.
  func caller(_ request: GatewayRequest) async throws -> Caller {
    guard let header = request.http.fields["authorization"], let key = BearerCredentials.token(in: header) else {
      throw Self.refusal("Send an API key as Authorization: Bearer <key>")
    }
    guard let caller = try await book.caller(key: key) else { throw Self.refusal("The API key is not valid") }
    try await limit(caller)
    return caller
  }

  /// For chunks: an API key, or the upload token of the file.
  func chunkSender(_ request: GatewayRequest) async throws -> (caller: Caller, token: UploadToken?) {
    guard let header = request.http.fields["authorization"], let text = BearerCredentials.token(in: header) else {
      throw Self.refusal("Send an API key or the upload token as Authorization: Bearer <key or token>")
    }
    if text.hasPrefix(APIKey.prefix) { return (try await caller(request), nil) }
    do throws(UploadTokenError) {
      let token = try verifier.verify(text, now: Int64(time(nil)))
      return (Caller(account: token.account, requestsPerSecondMax: nil), token)
    } catch {
      throw Self.refusal("\(error)", reason: error == .expired ? "TOKEN_EXPIRED" : "UNAUTHENTICATED")
    }
  }

  func note(user: String, of caller: Caller) async {
    guard let user = UserID(user) else { return }
    await book.note(user: user, of: caller.account)
  }

  private func limit(_ caller: Caller) async throws {
    guard let rate = caller.requestsPerSecondMax else { return }
    let verdict = await limiter.take(caller.account.text, RateRule(requestsPerSecond: rate))
    guard verdict != .allowed else { return }
    throw RPCError.problem(
      .resourceExhausted, reason: "RATE_LIMITED", message: "This account may make \(rate) requests per second.",
      retryAfterSeconds: verdict.retryAfterSeconds)
  }

  private static func refusal(_ message: String, reason: String = "UNAUTHENTICATED") -> RPCError {
    .problem(.unauthenticated, reason: reason, message: message)
  }
}
