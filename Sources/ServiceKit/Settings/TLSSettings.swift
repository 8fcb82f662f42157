import TLS

/// TLS of the RPC side: off, or mutual, with one certificate for what a process serves and what it calls.
struct TLSSettings: Sendable {
  private let identity: TLSContext.Identity?
  private let authorityFile: String?

  init(_ settings: Settings) {
    let certificate = settings.optional(.tlsCertificate)
    let key = settings.optional(.tlsKey)
    authorityFile = settings.optional(.tlsAuthority)
    switch (certificate, key) {
    case (let certificate?, let key?):
      identity = .init(certificateFile: certificate, keyFile: key)
      if authorityFile == nil { settings.complain(.tlsAuthority, "is needed with a certificate: without it any peer would be let in") }
    case (nil, nil):
      identity = nil
      if authorityFile != nil { settings.complain(.tlsCertificate, "is needed where peers must be certified") }
    default:
      identity = nil
      settings.complain(certificate == nil ? .tlsCertificate : .tlsKey, "is missing: a certificate and its key come together")
    }
  }

  func server() throws -> TLSContext? {
    guard let identity else { return nil }
    return try TLSContext.server(identity: identity, clientCAFile: authorityFile, alpn: ["h2"])
  }

  func client() throws -> TLSContext? {
    guard let identity else { return nil }
    return try TLSContext.client(caFile: authorityFile, identity: identity, alpn: ["h2"])
  }
}
