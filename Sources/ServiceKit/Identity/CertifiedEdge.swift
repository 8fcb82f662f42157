import RPC

/// What the certificate of a caller says about edges.
public enum CertifiedEdge: Sendable, Equatable {
  /// It names no edge: the call is plain, or comes from the core.
  case none
  /// It belongs to the edges, and names none of them.
  case any
  /// It is for this edge only.
  case only(String)

  /// Looks at the alternative names of the caller's certificate: `spiffe://<trust domain>/edge-worker[/<edge id>]`.
  public init(_ context: ServerContext) { self.init(names: context.peerCertificateNames) }

  init(names: [String]) {
    self = .none
    for name in names where name.hasPrefix("spiffe://") {
      let parts = name.dropFirst("spiffe://".count).split(separator: "/", omittingEmptySubsequences: false)
      guard parts.count >= 2, parts[1] == "edge-worker" else { continue }
      self = parts.count > 2 && !parts[2].isEmpty ? .only(String(parts[2])) : .any
      return
    }
  }
}
