import COpenSSL
import Glibc

/// Certificates, trust and protocol settings that many connections share. Immutable once made.
public final class TLSContext: @unchecked Sendable {
  /// A certificate chain and its key, as PEM files.
  public struct Identity: Sendable {
    public var certificateFile: String
    public var keyFile: String

    public init(certificateFile: String, keyFile: String) {
      self.certificateFile = certificateFile
      self.keyFile = keyFile
    }
  }

  let raw: OpaquePointer
  /// RFC 7301 wire form of the protocols, best first.
  private let protocols: [UInt8]

  private init(method: OpaquePointer?, alpn: [String]) throws {
    guard let raw = SSL_CTX_new(method) else { throw TLSError(doing: "create a TLS context") }
    self.raw = raw
    Self.ignoreBrokenPipes
    protocols = try Self.wireForm(alpn)
    openssl_ctx_tls12_or_newer(raw)
    openssl_ctx_non_blocking_modes(raw)
  }

  deinit { SSL_CTX_free(raw) }

  /// OpenSSL writes with write(2): without this a peer that has gone would end the process by SIGPIPE.
  private static let ignoreBrokenPipes: Void = { signal(SIGPIPE, SIG_IGN) }()

  /// For accepting connections (TLS 1.2 or newer).
  /// - Parameters:
  ///   - clientCAFile: PEM file of the authorities whose clients are let in. Where given, a client without such a certificate is refused (mTLS).
  ///   - alpn: the protocols spoken, best first; a client that offers ALPN but none of these is refused (RFC 7301 section 3.2).
  public static func server(identity: Identity, clientCAFile: String? = nil, alpn: [String]) throws -> TLSContext {
    let context = try TLSContext(method: TLS_server_method(), alpn: alpn)
    try context.use(identity)
    if let clientCAFile {
      try context.trust(clientCAFile)
      SSL_CTX_set_client_CA_list(context.raw, SSL_load_client_CA_file(clientCAFile))
      SSL_CTX_set_verify(context.raw, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nil)
    }
    if !context.protocols.isEmpty {
      SSL_CTX_set_alpn_select_cb(context.raw, selectProtocol, Unmanaged.passUnretained(context).toOpaque())
    }
    let id: [UInt8] = Array("jetty".utf8)
    SSL_CTX_set_session_id_context(context.raw, id, UInt32(id.count))
    return context
  }

  /// For opening connections (TLS 1.2 or newer); the server's certificate and name are always checked.
  /// - Parameter caFile: PEM file of the trusted authorities; nil for those of the system.
  public static func client(caFile: String? = nil, identity: Identity? = nil, alpn: [String]) throws -> TLSContext {
    let context = try TLSContext(method: TLS_client_method(), alpn: alpn)
    if let identity { try context.use(identity) }
    if let caFile {
      try context.trust(caFile)
    } else if SSL_CTX_set_default_verify_paths(context.raw) != 1 {
      throw TLSError(doing: "load the system's certificate authorities")
    }
    SSL_CTX_set_verify(context.raw, SSL_VERIFY_PEER, nil)
    if !context.protocols.isEmpty, SSL_CTX_set_alpn_protos(context.raw, context.protocols, UInt32(context.protocols.count)) != 0 {
      throw TLSError(doing: "offer protocols by ALPN")
    }
    return context
  }

  private func use(_ identity: Identity) throws {
    guard SSL_CTX_use_certificate_chain_file(raw, identity.certificateFile) == 1 else {
      throw TLSError(doing: "load the certificate chain \(identity.certificateFile)")
    }
    guard SSL_CTX_use_PrivateKey_file(raw, identity.keyFile, SSL_FILETYPE_PEM) == 1 else {
      throw TLSError(doing: "load the private key \(identity.keyFile)")
    }
    guard SSL_CTX_check_private_key(raw) == 1 else {
      throw TLSError(doing: "match the private key \(identity.keyFile) with its certificate")
    }
  }

  private func trust(_ file: String) throws {
    guard SSL_CTX_load_verify_locations(raw, file, nil) == 1 else { throw TLSError(doing: "load the certificate authorities \(file)") }
  }

  private static func wireForm(_ protocols: [String]) throws -> [UInt8] {
    var bytes: [UInt8] = []
    for name in protocols {
      guard let length = UInt8(exactly: name.utf8.count), length > 0 else { throw TLSError(message: "\"\(name)\" is no ALPN protocol name") }
      bytes.append(length)
      bytes.append(contentsOf: name.utf8)
    }
    return bytes
  }

  private static let selectProtocol: SSL_CTX_alpn_select_cb_func = { _, chosen, chosenLength, offered, offeredLength, raw in
    guard let raw, let chosen, let chosenLength, let offered else { return SSL_TLSEXT_ERR_NOACK }
    let context = Unmanaged<TLSContext>.fromOpaque(raw).takeUnretainedValue()
    var pick: UnsafeMutablePointer<UInt8>?
    let result = SSL_select_next_proto(&pick, chosenLength, context.protocols, UInt32(context.protocols.count), offered, offeredLength)
    guard result == OPENSSL_NPN_NEGOTIATED, let pick else { return SSL_TLSEXT_ERR_ALERT_FATAL }
    // The answer must outlive this call: point into the client's list, which OpenSSL keeps.
    let length = Int(chosenLength.pointee)
    var offset = 0
    while offset < Int(offeredLength) {
      let entry = Int(offered[offset])
      if entry == length, offset + 1 + entry <= Int(offeredLength), (0..<length).allSatisfy({ offered[offset + 1 + $0] == pick[$0] }) {
        chosen.pointee = offered + offset + 1
        return SSL_TLSEXT_ERR_OK
      }
      offset += 1 + entry
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL
  }
}
