import Logging
import RPC
import Testing

@testable import ServiceKit

@Suite("Who may call whom", .timeLimit(.minutes(1)))
struct CallerPolicyTests {
  let policy = CallerPolicy(trustDomain: "jetty.example", others: ["operator.example"])

  @Test(arguments: [
    ("ClaimChunk", "spiffe://jetty.example/edge-worker/sfo-1", true),
    ("ClaimChunk", "spiffe://jetty.example/edge-worker", true),
    ("ListChunks", "spiffe://jetty.example/edge-worker/sfo-1", false),
    ("DropChunks", "spiffe://jetty.example/finalize", true),
    ("DropChunks", "spiffe://jetty.example/dedup", false),
    ("DropChunks", "spiffe://elsewhere.example/finalize", false),
    ("DropChunks", "spiffe://jetty.example.evil/finalize", false),
    ("DropChunks", "finalize", false),
    ("DropChunks", "operator.example", true),
    ("DropChunks", "", false),
  ])
  func chunkMetadata(method: String, name: String, isAllowed: Bool) {
    let refusal = policy.refusal(MethodDescriptor(service: "jetty.v1.ChunkMetadata", method: method), callerNames: name.isEmpty ? [] : ["a.b", name])
    #expect((refusal == nil) == isAllowed)
    if let refusal { #expect(refusal.code == .permissionDenied) }
  }

  @Test func healthIsForEveryCertifiedPeer() {
    #expect(policy.refusal(MethodDescriptor(service: "grpc.health.v1.Health", method: "Check"), callerNames: []) == nil)
  }

  @Test func edgesAreRecognised() {
    #expect(CertifiedEdge(names: ["localhost", "spiffe://jetty/edge-worker/lax-1"]) == .only("lax-1"))
    #expect(CertifiedEdge(names: ["spiffe://jetty/edge-worker"]) == .any)
    #expect(CertifiedEdge(names: ["spiffe://jetty/edge-worker/"]) == .any)
    #expect(CertifiedEdge(names: ["spiffe://jetty/gateway", "edge-worker"]) == .none)
  }

  @Test func settingsAreChecked() async {
    for (arguments, mistake) in [
      (["--tls-trust-domain=Jetty!"], "tls.trust.domain must be"),
      (["--tls-trust-domain=jetty"], "tls.cert.file is needed"),
      (["--tls-allowed-callers=a.example"], "tls.trust.domain is needed"),
    ] {
      let settings = Settings(keys: SettingKey.common, arguments: ["program"] + arguments, environment: [:])
      _ = CallerPolicy(settings, log: .init(label: "test"))
      let error = #expect(throws: SettingsError.self) { try settings.check() }
      #expect(error?.mistakes.contains { $0.hasPrefix(mistake) } == true)
    }
  }

  @Test func aFloodOfOneKindIsCutShort() {
    let budget = LogBudget(linesMax: 2, seconds: 60)
    let answers = (0..<5).map { _ in budget.spend(now: 100) }
    #expect(answers == [0, 0, nil, nil, nil])
    let later = budget.spend(now: 161)
    #expect(later == 3, "what was left out is counted")
  }
}
