import TLS

/// TLS of one process: mutual for RPC, with one certificate for what it serves and what it calls; and for its HTTP door, where it
/// has one, with a certificate that clients know.
///
/// One context for each purpose, shared by all loops, channels and connections, so that a reload reaches all of them.
struct TLSSettings: Sendable {
  let server: TLSContext?
  let client: TLSContext?
  /// For HTTP clients; they need no certificate.
  let http: TLSContext?

  /// - Parameter hasHTTP: whether the process takes the settings of an HTTP door.
  /// A mistake goes to `settings`, with the file that cannot be used.
  init(_ settings: Settings, hasHTTP: Bool) {
    let authority = settings.optional(.tlsAuthority)
    let rpc = Self.identity(settings, .tlsCertificate, .tlsKey)
    if rpc != nil, authority == nil {
      settings.complain(.tlsAuthority, "is needed with a certificate: without it any peer would be let in")
    } else if rpc == nil, authority != nil, settings.optional(.tlsCertificate) == nil, settings.optional(.tlsKey) == nil {
      settings.complain(.tlsCertificate, "is needed where peers must be certified")
    }
    if let rpc, let authority {
      server = Self.made(settings, .tlsCertificate) { try .server(identity: rpc, clientCAFile: authority, alpn: ["h2"]) }
      // The same files: what is wrong with them has been said.
      client = try? TLSContext.client(caFile: authority, identity: rpc, alpn: ["h2"])
    } else {
      (server, client) = (nil, nil)
    }
    if hasHTTP, let door = Self.identity(settings, .httpTLSCertificate, .httpTLSKey) {
      http = Self.made(settings, .httpTLSCertificate) { try .server(identity: door, alpn: ["h2", "http/1.1"]) }
    } else {
      http = nil
    }
  }

  /// Those there are, by the name they have in metrics and logs.
  var contexts: [(name: String, context: TLSContext)] {
    [("rpc-server", server), ("rpc-client", client), ("http", http)].compactMap { name, context in context.map { (name, $0) } }
  }

  private static func identity(_ settings: Settings, _ certificate: SettingKey, _ key: SettingKey) -> TLSContext.Identity? {
    switch (settings.optional(certificate), settings.optional(key)) {
    case (let certificateFile?, let keyFile?): return .init(certificateFile: certificateFile, keyFile: keyFile)
    case (nil, nil): return nil
    case (let found, _):
      settings.complain(found == nil ? certificate : key, "is missing: a certificate and its key come together")
      return nil
    }
  }

  private static func made(_ settings: Settings, _ key: SettingKey, _ make: () throws -> TLSContext) -> TLSContext? {
    do {
      return try make()
    } catch {
      settings.complain(key, "cannot be used: \(error)")
      return nil
    }
  }
}
