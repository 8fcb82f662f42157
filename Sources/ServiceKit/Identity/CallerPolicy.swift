import Logging
import RPC

/// Which programs may call which methods, by the certificates they show. In force where `tls.trust.domain` is set.
///
/// A certificate names its program by a URI among its alternative names, `spiffe://<trust domain>/<program>`; that of an edge may
/// also name the one edge that it is for: `spiffe://<trust domain>/edge-worker/<edge id>`. (SPIFFE-ID, section 2.)
struct CallerPolicy: Sendable {
  enum Methods: Sendable {
    case all
    case only(Set<String>)

    func contains(_ method: String) -> Bool {
      switch self {
      case .all: true
      case .only(let names): names.contains(method)
      }
    }
  }

  /// The arrows of the architecture's picture: for each service, who may call what.
  static let arrows: [String: [String: Methods]] = [
    "jetty.v1.EdgeSelection": [
      "gateway": .all, "edge-selection": .all, "upload-state": .all, "edge-worker": .only(["Heartbeat"]),
    ],
    "jetty.v1.ChunkMetadata": [
      "gateway": .all, "upload-state": .all, "finalize": .all, "edge-worker": .only(["ClaimChunk", "RecordChunk", "ReleaseChunk"]),
    ],
    "jetty.v1.UploadState": [
      "gateway": .all, "edge-selection": .all, "chunk-metadata": .all, "finalize": .all, "edge-worker": .only(["GetUpload"]),
    ],
    "jetty.v1.Dedup": ["gateway": .all, "edge-selection": .all, "finalize": .all],
    "jetty.v1.Finalize": ["gateway": .all, "edge-selection": .all, "upload-state": .all],
    "jetty.v1.EdgeWorker": ["gateway": .all, "edge-selection": .all],
  ]

  private let prefix: String
  /// Other certificate names that may call everything: an operator's, a mesh's.
  private let others: Set<String>

  /// Nil where `tls.trust.domain` is not set; what cannot be is a mistake in `settings`.
  init?(_ settings: Settings, log: Logger) {
    let others = (settings.optional(.tlsAllowedCallers) ?? "").split(separator: ",")
      .map { String($0.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()) }.filter { !$0.isEmpty }
    guard let domain = settings.optional(.tlsTrustDomain) else {
      if !others.isEmpty { settings.complain(.tlsTrustDomain, "is needed where tls.allowed.callers is set") }
      return nil
    }
    // The SPIFFE rule for trust domains.
    guard (1...255).contains(domain.utf8.count), domain.utf8.allSatisfy({ Self.domainBytes.contains($0) }) else {
      settings.complain(.tlsTrustDomain, "must be 1 to 255 of a-z, 0-9, '.', '-' and '_', not \"\(domain)\"")
      return nil
    }
    if settings.optional(.tlsCertificate) == nil { settings.complain(.tlsCertificate, "is needed where tls.trust.domain is set") }
    self.init(trustDomain: domain, others: Set(others))
  }

  private static let domainBytes = Set("abcdefghijklmnopqrstuvwxyz0123456789.-_".utf8)

  init(trustDomain: String, others: Set<String>) {
    prefix = "spiffe://\(trustDomain)/"
    self.others = others
  }

  /// Nil where the caller may; else the refusal. Health checks and reflection are for every certified peer.
  func refusal(_ method: MethodDescriptor, callerNames: [String]) -> RPCError? {
    guard let callers = Self.arrows[method.service] else { return nil }
    for name in callerNames {
      if others.contains(name) { return nil }
      guard name.hasPrefix(prefix), let program = name.dropFirst(prefix.count).split(separator: "/").first else { continue }
      if callers[String(program)]?.contains(method.method) == true { return nil }
    }
    return .problem(.permissionDenied, reason: "CALLER_NOT_ALLOWED", message: "the caller's certificate does not allow \(method.path)")
  }

  /// Refuses calls before their handlers.
  func interceptor(log: Logger) -> RPCServerInterceptor {
    let budget = LogBudget(linesMax: 30, seconds: 60)
    return { context, next in
      if let refusal = refusal(context.method, callerNames: context.peerCertificateNames) {
        if budget.spend() != nil {
          log.warning(
            "a call was refused by its certificate",
            metadata: [
              "method": "\(context.method.path)", "peer": "\(context.peer)", "subject": "\(context.peerCertificateSubject ?? "none")",
              "names": "\(context.peerCertificateNames.joined(separator: ", ").prefix(512))",
            ])
        }
        throw refusal
      }
      try await next()
    }
  }
}
