import COpenSSL
import Glibc

/// What operators and access rules want to know of a certificate.
public struct CertificateSummary: Sendable, Equatable {
  /// Subject in RFC 2253 form, `CN=finalize`.
  public let subject: String
  /// DNS names and URIs among the subject's alternative names, as they stand there.
  public let names: [String]
  public let notBeforeUnixSeconds: Int64
  public let notAfterUnixSeconds: Int64

  /// Nil where its dates cannot be read.
  init?(_ certificate: OpaquePointer) {
    guard let begin = Self.unixSeconds(X509_get0_notBefore(certificate)), let end = Self.unixSeconds(X509_get0_notAfter(certificate)) else {
      return nil
    }
    notBeforeUnixSeconds = begin
    notAfterUnixSeconds = end
    subject = Self.subject(of: certificate)
    names = Self.alternativeNames(of: certificate)
  }

  /// - Throws: `TLSError` that names the file and the date where the certificate is not valid now.
  func checkDates(file: String, nowUnixSeconds now: Int64) throws {
    if now > notAfterUnixSeconds { throw TLSError(message: "the certificate \(file) expired on \(Self.text(notAfterUnixSeconds))") }
    if now < notBeforeUnixSeconds { throw TLSError(message: "the certificate \(file) is not valid before \(Self.text(notBeforeUnixSeconds))") }
  }

  static func unixSeconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int64? {
    var parts = tm()
    guard let time, ASN1_TIME_to_tm(time, &parts) == 1 else { return nil }
    return Int64(timegm(&parts))
  }

  /// RFC 3339, in UTC.
  static func text(_ unixSeconds: Int64) -> String {
    var seconds = time_t(unixSeconds)
    var parts = tm()
    guard gmtime_r(&seconds, &parts) != nil else { return "\(unixSeconds)" }
    var text = [CChar](repeating: 0, count: 64)
    let length = strftime(&text, text.count, "%Y-%m-%dT%H:%M:%SZ", &parts)
    return String(decoding: text.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  static func subject(of certificate: OpaquePointer) -> String {
    guard let memory = BIO_new(BIO_s_mem()) else { return "" }
    defer { BIO_free(memory) }
    guard X509_NAME_print_ex(memory, X509_get_subject_name(certificate), 0, openssl_rfc2253_flags()) >= 0 else { return "" }
    var text = [UInt8](repeating: 0, count: 512)
    let length = BIO_read(memory, &text, Int32(text.count))
    return length > 0 ? String(decoding: text.prefix(Int(length)), as: UTF8.self) : ""
  }

  /// A certificate of ours has a handful; more than this many are not looked at.
  private static let namesMax: Int32 = 64

  static func alternativeNames(of certificate: OpaquePointer) -> [String] {
    guard let list = openssl_alternative_names(certificate) else { return [] }
    defer { openssl_free_alternative_names(list) }
    var found: [String] = []
    for index in 0..<min(openssl_alternative_name_count(list), namesMax) {
      var bytes: UnsafePointer<UInt8>?
      let length = openssl_alternative_name(list, index, &bytes)
      guard length > 0, let bytes else { continue }
      let text = UnsafeBufferPointer(start: bytes, count: Int(length))
      // A NUL or a line break would look like the end of another name in a comparison or in the log.
      guard text.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { continue }
      found.append(String(decoding: text, as: UTF8.self))
    }
    return found
  }
}
