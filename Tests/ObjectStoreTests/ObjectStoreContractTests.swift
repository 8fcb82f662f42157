import HTTPClient
import ObjectStore
import Testing

/// The contract, against our directory and against two S3 servers by others.
@Suite(.timeLimit(.minutes(3)))
struct ObjectStoreContractTests {
  @Test(arguments: StoreKind.allCases)
  func contract(kind: StoreKind) async throws {
    try await kind.withStore { fixture in
      for (name, check) in ObjectStoreContract.checks {
        do {
          try await check(fixture)
        } catch {
          Issue.record("\(kind): \(name): \(error)\n\(fixture.serverLog)")
        }
      }
    }
  }
}
