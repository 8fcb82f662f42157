import COpenSSL
import Glibc
import Synchronization

/// Certificates, trust and protocol settings that many connections share. Any thread.
///
/// The files can be replaced while connections run: ``reload()`` reads them again, and handshakes that begin after it use the new ones.
public final class TLSContext: Sendable {
  /// A certificate chain and its key, as PEM files.
  public struct Identity: Sendable, Equatable {
    public var certificateFile: String
    public var keyFile: String

    public init(certificateFile: String, keyFile: String) {
      self.certificateFile = certificateFile
      self.keyFile = keyFile
    }
  }

  /// Is told why a handshake failed, on the thread of the connection: the peer's address and a sentence for the log.
  public typealias FailureObserver = @Sendable (_ peer: String, _ reason: String) -> Void

  private let recipe: TLSRecipe
  private let state: Mutex<LoadedContext>
  private let observer = Mutex<FailureObserver?>(nil)
  private let failures = Atomic<UInt64>(0)

  private init(_ recipe: TLSRecipe) throws {
    self.recipe = recipe
    Self.ignoreBrokenPipes
    state = Mutex(try LoadedContext(recipe))
  }

  /// OpenSSL writes with write(2): without this a peer that has gone would end the process by SIGPIPE.
  private static let ignoreBrokenPipes: Void = { signal(SIGPIPE, SIG_IGN) }()

  /// For accepting connections (TLS 1.2 or newer).
  /// - Parameters:
  ///   - clientCAFile: PEM file of the authorities whose clients are let in. Where given, a client without such a certificate is refused (mTLS).
  ///   - alpn: the protocols spoken, best first; a client that offers ALPN but none of these is refused (RFC 7301 section 3.2).
  /// - Throws: `TLSError` that names the file which cannot be used: missing, broken, of another key, expired.
  public static func server(identity: Identity, clientCAFile: String? = nil, alpn: [String]) throws -> TLSContext {
    try TLSContext(TLSRecipe(isServer: true, identity: identity, authorityFile: clientCAFile, alpn: ALPNList(alpn)))
  }

  /// For opening connections (TLS 1.2 or newer); the server's certificate and name are always checked.
  /// - Parameter caFile: PEM file of the trusted authorities; nil for those of the system.
  /// - Throws: as `server`.
  public static func client(caFile: String? = nil, identity: Identity? = nil, alpn: [String]) throws -> TLSContext {
    try TLSContext(TLSRecipe(isServer: false, identity: identity, authorityFile: caFile, alpn: ALPNList(alpn)))
  }

  // MARK: Files

  /// Reads the files again. Connections that stand are not touched.
  /// - Throws: `TLSError` where they cannot be used; then everything stays as it was.
  public func reload() throws {
    let loaded = try LoadedContext(recipe)
    state.withLock { $0 = loaded }
  }

  /// The files that it was made from.
  public var files: [String] {
    [recipe.identity?.certificateFile, recipe.identity?.keyFile, recipe.authorityFile].compactMap { $0 }
  }

  /// This side's own certificate, as handshakes use it now; nil where there is none.
  public var certificate: CertificateSummary? { state.withLock { $0.certificate } }

  // MARK: Handshakes

  /// Handshakes that failed on either side's objection, those of peers that do not speak TLS included.
  public var handshakeFailures: UInt64 { failures.load(ordering: .relaxed) }

  /// Calls `observer` for each failed handshake from now on; it must be quick.
  public func observeFailures(_ observer: @escaping FailureObserver) {
    self.observer.withLock { $0 = observer }
  }

  func handshakeFailed(peer: @autoclosure () -> String, reason: String) {
    failures.wrappingAdd(1, ordering: .relaxed)
    guard let observer = observer.withLock({ $0 }) else { return }
    observer(peer(), reason)
  }

  /// A session for one connection. It keeps the OpenSSL context it was made from; free it with `SSL_free`.
  func makeSession() -> OpaquePointer? {
    let current = state.withLock { $0 }
    return SSL_new(current.raw)
  }
}
