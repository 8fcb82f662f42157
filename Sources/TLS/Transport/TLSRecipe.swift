/// What a TLS context is made from, again and again.
struct TLSRecipe: Sendable {
  let isServer: Bool
  let identity: TLSContext.Identity?
  /// Who the peer must be certified by; nil: for a server nobody, for a client the system's authorities.
  let authorityFile: String?
  let alpn: ALPNList
}
