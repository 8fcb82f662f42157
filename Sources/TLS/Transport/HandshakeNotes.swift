import COpenSSL

/// Why the peer's certificate was turned down, noted while OpenSSL still has it. One for each connection.
final class HandshakeNotes {
  private(set) var refusal: String?

  /// Ties itself to the session, which must not outlive it.
  func attach(to ssl: OpaquePointer) {
    SSL_set_ex_data(ssl, 0, Unmanaged.passUnretained(self).toOpaque())
  }

  /// OpenSSL's verification callback: changes nothing, remembers the first objection.
  static let verify: SSL_verify_cb = { accepted, store in
    guard accepted == 0, let store,
      let ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()),
      let raw = SSL_get_ex_data(OpaquePointer(ssl), 0)
    else { return accepted }
    let notes = Unmanaged<HandshakeNotes>.fromOpaque(raw).takeUnretainedValue()
    if notes.refusal == nil { notes.refusal = describe(store) }
    return accepted
  }

  private static func describe(_ store: OpaquePointer) -> String {
    let reason = String(cString: X509_verify_cert_error_string(Int(X509_STORE_CTX_get_error(store))))
    guard let certificate = X509_STORE_CTX_get_current_cert(store) else { return reason }
    var text = "\(reason): \(CertificateSummary.subject(of: certificate).prefix(128))"
    let names = CertificateSummary.alternativeNames(of: certificate).prefix(8).joined(separator: ", ")
    if !names.isEmpty { text += " (\(names.prefix(256)))" }
    if let end = CertificateSummary.unixSeconds(X509_get0_notAfter(certificate)) { text += ", valid until \(CertificateSummary.text(end))" }
    return text
  }
}
