import COpenSSL

/// A PEM file of certificate authorities.
enum AuthorityFile {
  /// - Throws: `TLSError` where none of them is valid now: every peer would be refused, and nobody would see why.
  static func checkDates(_ file: String, nowUnixSeconds now: Int64) throws {
    guard let input = BIO_new_file(file, "r") else { throw TLSError(doing: "read the certificate authorities \(file)") }
    defer { BIO_free(input) }
    var lastEnd: Int64?
    while let certificate = PEM_read_bio_X509(input, nil, nil, nil) {
      defer { X509_free(certificate) }
      guard let summary = CertificateSummary(certificate) else { continue }
      if summary.notBeforeUnixSeconds <= now && now <= summary.notAfterUnixSeconds {
        ERR_clear_error()
        return
      }
      lastEnd = max(lastEnd ?? .min, summary.notAfterUnixSeconds)
    }
    ERR_clear_error()
    guard let lastEnd else { throw TLSError(message: "there is no certificate in \(file)") }
    let when = lastEnd < now ? "the last one expired on \(CertificateSummary.text(lastEnd))" : "their time has not come"
    throw TLSError(message: "no certificate authority in \(file) is valid now: \(when)")
  }
}
