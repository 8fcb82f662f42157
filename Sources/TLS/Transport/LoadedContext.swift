import COpenSSL
import Glibc

/// One OpenSSL context, made from the files as they were then. Never changed afterwards, so any thread may use it.
final class LoadedContext: @unchecked Sendable {
  let raw: OpaquePointer
  let certificate: CertificateSummary?
  /// OpenSSL's ALPN callback points to it.
  private let alpn: ALPNList

  init(_ recipe: TLSRecipe) throws {
    guard let raw = SSL_CTX_new(recipe.isServer ? TLS_server_method() : TLS_client_method()) else { throw TLSError(doing: "create a TLS context") }
    do {
      openssl_ctx_tls12_or_newer(raw)
      openssl_ctx_non_blocking_modes(raw)
      certificate = try recipe.identity.map { try Self.use($0, in: raw) }
      try Self.setTrust(recipe, in: raw)
    } catch {
      SSL_CTX_free(raw)
      throw error
    }
    self.raw = raw
    alpn = recipe.alpn
    if !alpn.isEmpty {
      if recipe.isServer {
        SSL_CTX_set_alpn_select_cb(raw, Self.selectProtocol, Unmanaged.passUnretained(alpn).toOpaque())
      } else if SSL_CTX_set_alpn_protos(raw, alpn.wire, UInt32(alpn.wire.count)) != 0 {
        throw TLSError(doing: "offer protocols by ALPN")
      }
    }
  }

  deinit { SSL_CTX_free(raw) }

  private static func use(_ identity: TLSContext.Identity, in raw: OpaquePointer) throws -> CertificateSummary {
    guard SSL_CTX_use_certificate_chain_file(raw, identity.certificateFile) == 1 else {
      throw TLSError(doing: "load the certificate chain \(identity.certificateFile)")
    }
    guard SSL_CTX_use_PrivateKey_file(raw, identity.keyFile, SSL_FILETYPE_PEM) == 1 else {
      throw TLSError(doing: "load the private key \(identity.keyFile)")
    }
    guard SSL_CTX_check_private_key(raw) == 1 else {
      throw TLSError(doing: "match the private key \(identity.keyFile) with its certificate")
    }
    guard let summary = SSL_CTX_get0_certificate(raw).flatMap({ CertificateSummary($0) }) else {
      throw TLSError(message: "the certificate \(identity.certificateFile) has no readable dates")
    }
    try summary.checkDates(file: identity.certificateFile, nowUnixSeconds: Int64(time(nil)))
    return summary
  }

  private static func setTrust(_ recipe: TLSRecipe, in raw: OpaquePointer) throws {
    if let file = recipe.authorityFile {
      guard SSL_CTX_load_verify_locations(raw, file, nil) == 1 else { throw TLSError(doing: "load the certificate authorities \(file)") }
      try AuthorityFile.checkDates(file, nowUnixSeconds: Int64(time(nil)))
    } else if !recipe.isServer, SSL_CTX_set_default_verify_paths(raw) != 1 {
      throw TLSError(doing: "load the system's certificate authorities")
    }
    if recipe.isServer {
      if let file = recipe.authorityFile {
        SSL_CTX_set_client_CA_list(raw, SSL_load_client_CA_file(file))
        SSL_CTX_set_verify(raw, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, HandshakeNotes.verify)
      }
      let id: [UInt8] = Array("jetty".utf8)
      SSL_CTX_set_session_id_context(raw, id, UInt32(id.count))
    } else {
      SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, HandshakeNotes.verify)
    }
  }

  private static let selectProtocol: SSL_CTX_alpn_select_cb_func = { _, chosen, chosenLength, offered, offeredLength, raw in
    guard let raw, let chosen, let chosenLength, let offered else { return SSL_TLSEXT_ERR_NOACK }
    let list = Unmanaged<ALPNList>.fromOpaque(raw).takeUnretainedValue()
    guard let found = list.pick(from: UnsafeBufferPointer(start: offered, count: Int(offeredLength))) else { return SSL_TLSEXT_ERR_ALERT_FATAL }
    // Into the client's list, which OpenSSL keeps: the answer must outlive this call.
    chosen.pointee = offered + found.offset
    chosenLength.pointee = UInt8(truncatingIfNeeded: found.length)
    return SSL_TLSEXT_ERR_OK
  }
}
