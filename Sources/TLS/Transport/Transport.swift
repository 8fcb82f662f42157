import COpenSSL
import Glibc

/// Bytes over one non-blocking descriptor, plain or through TLS. Owns the descriptor and closes it.
///
/// With TLS the handshake happens inside the first reads and writes. Read until ``IOResult/wouldBlock``: decrypted bytes may wait
/// inside OpenSSL while the descriptor is not readable.
public struct Transport: ~Copyable {
  public enum Role: Sendable {
    case server
    /// The name is checked against the server's certificate (RFC 6125) and sent as SNI unless it is an IP address.
    case client(serverName: String)
  }

  public let descriptor: Int32
  private let ssl: OpaquePointer?
  /// OpenSSL's callbacks use it for as long as the session lives.
  private let context: TLSContext?
  private let notes: HandshakeNotes?
  /// OpenSSL must write before it can go on, whatever was asked of it: wait for the descriptor to be writable too.
  public private(set) var wantsWrite = false
  private var isBroken = false

  public init(plain descriptor: Int32) {
    self.descriptor = descriptor
    ssl = nil
    context = nil
    notes = nil
  }

  /// Takes the descriptor in any case: where this throws it is closed.
  public init(tls context: TLSContext, descriptor: Int32, role: Role) throws {
    let notes = HandshakeNotes()
    do {
      ssl = try Self.makeSession(context, descriptor, role, notes)
    } catch {
      close(descriptor)
      throw error
    }
    self.descriptor = descriptor
    self.context = context
    self.notes = notes
  }

  deinit {
    if let ssl {
      // One-sided close_notify: the peer learns that nothing was cut off; its answer is not waited for.
      if !isBroken && SSL_is_init_finished(ssl) == 1 { SSL_shutdown(ssl) }
      ERR_clear_error()
      SSL_free(ssl)
    }
    close(descriptor)
  }

  public var isTLS: Bool { ssl != nil }

  /// The protocol that ALPN chose; nil before the handshake, without ALPN and without TLS.
  public var negotiatedProtocol: String? {
    guard let ssl else { return nil }
    var name: UnsafePointer<UInt8>?
    var length: UInt32 = 0
    SSL_get0_alpn_selected(ssl, &name, &length)
    guard let name, length > 0 else { return nil }
    return String(decoding: UnsafeBufferPointer(start: name, count: Int(length)), as: UTF8.self)
  }

  /// True once the TLS handshake is over; always true without TLS.
  public var isEstablished: Bool {
    guard let ssl else { return true }
    return SSL_is_init_finished(ssl) == 1
  }

  /// Bytes wait inside OpenSSL, of which the descriptor says nothing.
  public var holdsInput: Bool {
    guard let ssl else { return false }
    return SSL_has_pending(ssl) == 1
  }

  /// Common name of the peer's verified certificate; nil where it showed none.
  public var peerCertificateName: String? {
    guard let ssl, let certificate = SSL_get1_peer_certificate(ssl) else { return nil }
    defer { X509_free(certificate) }
    var text = [CChar](repeating: 0, count: 256)
    let length = X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, &text, Int32(text.count))
    guard length > 0 else { return nil }
    return String(decoding: text.prefix(Int(length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// DNS names and URIs of the peer's verified certificate; empty where it showed none.
  public var peerCertificateNames: [String] {
    guard let ssl, let certificate = SSL_get1_peer_certificate(ssl) else { return [] }
    defer { X509_free(certificate) }
    return CertificateSummary.alternativeNames(of: certificate)
  }

  /// Reads at most `count` bytes.
  public mutating func read(into target: UnsafeMutableRawPointer, count: Int) -> IOResult {
    guard let ssl else {
      let received = recv(descriptor, target, count, 0)
      if received > 0 { return .bytes(received) }
      return received == 0 ? .closed : Self.systemResult(errno)
    }
    ERR_clear_error()
    return tlsResult(ssl, SSL_read(ssl, target, Int32(clamping: count)))
  }

  /// Reads to `target`, and only when that is full to `next`: of plain bytes with one system call.
  public mutating func read(
    into target: UnsafeMutableRawBufferPointer, then next: UnsafeMutableRawBufferPointer
  ) -> IOResult {
    guard let first = target.baseAddress else { return .bytes(0) }
    guard ssl != nil else {
      var places = (
        iovec(iov_base: first, iov_len: target.count), iovec(iov_base: next.baseAddress, iov_len: next.baseAddress == nil ? 0 : next.count)
      )
      let received = withUnsafeMutableBytes(of: &places) { readv(descriptor, $0.bindMemory(to: iovec.self).baseAddress, 2) }
      if received > 0 { return .bytes(received) }
      return received == 0 ? .closed : Self.systemResult(errno)
    }
    let result = read(into: first, count: target.count)
    guard result == .bytes(target.count), let second = next.baseAddress, holdsInput else { return result }
    // What goes wrong here is told by the next read.
    guard case .bytes(let more) = read(into: second, count: next.count) else { return result }
    return .bytes(target.count + more)
  }

  /// Writes from several places, in order: of plain bytes with one system call; with TLS from the first alone.
  public mutating func write(from places: UnsafeMutableBufferPointer<iovec>) -> IOResult {
    guard let first = places.first, let source = first.iov_base else { return .bytes(0) }
    guard ssl == nil else { return write(from: source, count: first.iov_len) }
    var message = msghdr()
    message.msg_iov = places.baseAddress
    message.msg_iovlen = places.count
    let sent = sendmsg(descriptor, &message, Int32(MSG_NOSIGNAL))
    return sent >= 0 ? .bytes(sent) : Self.systemResult(errno)
  }

  /// Writes at most `count` bytes; fewer is normal.
  public mutating func write(from source: UnsafeRawPointer, count: Int) -> IOResult {
    guard let ssl else {
      let sent = send(descriptor, source, count, Int32(MSG_NOSIGNAL))
      return sent >= 0 ? .bytes(sent) : Self.systemResult(errno)
    }
    ERR_clear_error()
    return tlsResult(ssl, SSL_write(ssl, source, Int32(clamping: count)))
  }

  private static func systemResult(_ code: Int32) -> IOResult {
    if code == EAGAIN || code == EWOULDBLOCK || code == EINTR { return .wouldBlock }
    return .failed(String(cString: strerror(code)))
  }

  private mutating func tlsResult(_ ssl: OpaquePointer, _ result: Int32) -> IOResult {
    wantsWrite = false
    if result > 0 { return .bytes(Int(result)) }
    let systemError = errno
    switch SSL_get_error(ssl, result) {
    case SSL_ERROR_WANT_READ:
      return .wouldBlock
    case SSL_ERROR_WANT_WRITE:
      wantsWrite = true
      return .wouldBlock
    case SSL_ERROR_ZERO_RETURN:
      return .closed
    case SSL_ERROR_SYSCALL:
      isBroken = true
      ERR_clear_error()
      return .failed(systemError == 0 ? "the peer closed without a TLS close_notify" : String(cString: strerror(systemError)))
    default:
      isBroken = true
      return .failed(failure(ssl))
    }
  }

  /// What OpenSSL objects to. A failed handshake is also told to whoever watches the context: the peer may get no other answer.
  private func failure(_ ssl: OpaquePointer) -> String {
    let reasons = TLSError.drainQueue()
    guard SSL_is_init_finished(ssl) == 0 || reasons.contains("certificate") else { return "TLS: \(reasons)" }
    var reason = reasons
    if let refusal = notes?.refusal {
      reason += ": \(refusal)"
    } else if Self.reasonsOfPlainText.contains(where: { reasons.contains($0) }) {
      reason = "the peer does not speak TLS (\(reasons))"
    }
    context?.handshakeFailed(peer: Self.peerName(descriptor), reason: reason)
    return "TLS: \(reason)"
  }

  private static let reasonsOfPlainText = ["http request", "wrong version number", "https proxy request"]

  /// Numeric host and port of the other end, for the log.
  private static func peerName(_ descriptor: Int32) -> String {
    var address = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    var host = [CChar](repeating: 0, count: 64)
    var port = [CChar](repeating: 0, count: 8)
    let result = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address -> Int32 in
        guard getpeername(descriptor, address, &length) == 0 else { return -1 }
        return getnameinfo(
          address, length, &host, socklen_t(host.count), &port, socklen_t(port.count), Int32(NI_NUMERICHOST | NI_NUMERICSERV))
      }
    }
    guard result == 0 else { return "unknown" }
    let texts = [host, port].map { text in String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) }
    return texts[0].contains(":") ? "[\(texts[0])]:\(texts[1])" : "\(texts[0]):\(texts[1])"
  }

  private static func makeSession(
    _ context: TLSContext, _ descriptor: Int32, _ role: Role, _ notes: HandshakeNotes
  ) throws -> OpaquePointer {
    guard let ssl = context.makeSession() else { throw TLSError(doing: "start a TLS session") }
    notes.attach(to: ssl)
    guard SSL_set_fd(ssl, descriptor) == 1 else {
      SSL_free(ssl)
      throw TLSError(doing: "start a TLS session")
    }
    switch role {
    case .server:
      SSL_set_accept_state(ssl)
    case .client(let serverName):
      SSL_set_connect_state(ssl)
      // Only subjectAltName counts (RFC 9525): never a name in the subject, and no wildcard for a part of a label.
      SSL_set_hostflags(ssl, UInt32(X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
      let isAddress = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), serverName) == 1
      ERR_clear_error()
      if !isAddress, SSL_set1_host(ssl, serverName) != 1 || openssl_set_server_name(ssl, serverName) != 1 {
        SSL_free(ssl)
        throw TLSError(doing: "check for the server name \(serverName)")
      }
    }
    return ssl
  }
}
