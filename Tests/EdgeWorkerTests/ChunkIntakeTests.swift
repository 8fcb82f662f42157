import Model
import Synchronization
import Testing

@testable import EdgeWorker

/// The order of things, and what happens when one of them fails. No sockets.
@Suite(.timeLimit(.minutes(1))) struct ChunkIntakeTests {
  @Test func claimsThenStoresThenRecords() async throws {
    let world = World()
    let receipt = try await world.intake.take(chunk(0), Bytes())
    #expect(receipt == ChunkReceipt(wasStoredAlready: false, size: ByteCount(5 << 20)))
    #expect(world.steps == ["claim", "put", "record etag-1"])
    #expect(world.activity.activeChunks == 0 && world.activity.chunksStored == 1)
  }

  @Test func whatIsStoredIsNotTakenAgain() async throws {
    let world = World { $0.claims = [.storedAlready] }
    let receipt = try await world.intake.take(chunk(0), Bytes())
    #expect(receipt.wasStoredAlready)
    #expect(world.steps == ["claim"])
  }

  @Test func aFailedStoreGivesTheClaimBack() async throws {
    let world = World { $0.putFailure = .hashMismatch }
    await #expect(throws: ChunkRefusal.hashMismatch) { try await world.intake.take(chunk(0), Bytes()) }
    #expect(world.steps == ["claim", "put", "release"])
  }

  @Test func aRefusedClaimTouchesNothing() async throws {
    let world = World { $0.claimFailure = .coreAway(retryAfterSeconds: 1) }
    await #expect(throws: ChunkRefusal.coreAway(retryAfterSeconds: 1)) { try await world.intake.take(chunk(0), Bytes()) }
    #expect(world.steps == ["claim"])
  }

  @Test func aRecordIsOfferedUntilTheCoreIsBack() async throws {
    let world = World { $0.recordFailures = 3 }
    _ = try await world.intake.take(chunk(0), Bytes())
    #expect(world.steps == ["claim", "put"] + Array(repeating: "record etag-1", count: 4))
    #expect(world.sleeps == [100, 200, 400])
  }

  @Test func aCoreThatStaysAwayIsTold() async throws {
    let world = World { $0.recordFailures = 1_000 }
    await #expect(throws: ChunkRefusal.coreAway(retryAfterSeconds: 1)) { try await world.intake.take(chunk(0), Bytes()) }
    // The part is safe and the claim is kept: the same bytes may come again.
    #expect(!world.steps.contains("release"))
    #expect(world.sleeps.reduce(0, +) <= 15_000 && world.sleeps.count > 5)
  }

  @Test func aSlowChunkKeepsItsClaim() async throws {
    let world = World { $0.putMilliseconds = 100_000 }
    _ = try await world.intake.take(chunk(0), Bytes())
    #expect(world.steps == ["claim", "put", "claim", "claim", "record etag-1"])
  }

  @Test func moreThanTheLimitIsTurnedAway() async throws {
    let world = World(chunksMax: 1)
    #expect(world.activity.begin(chunk(0)))
    await #expect(throws: ChunkRefusal.busy(retryAfterSeconds: 1)) { try await world.intake.take(chunk(1), Bytes()) }
    #expect(world.steps.isEmpty && world.activity.loadPercent == 100)
    world.activity.end(chunk(0))
    _ = try await world.intake.take(chunk(1), Bytes())
  }

  /// Two senders of the same chunk share its claim: the one that fails must not take it from the other.
  @Test func aSharedClaimIsKept() async throws {
    let world = World { $0.putFailure = .storeFull }
    #expect(world.activity.begin(chunk(0)))
    await #expect(throws: ChunkRefusal.storeFull) { try await world.intake.take(chunk(0), Bytes()) }
    #expect(world.steps == ["claim", "put"])
    await #expect(throws: ChunkRefusal.storeFull) { try await world.intake.take(chunk(1), Bytes()) }
    #expect(world.steps.last == "release")
  }

  @Test func throughput() {
    var throughput = Throughput()
    #expect(throughput.look(bytes: 5_000_000, nowMilliseconds: 1000) == 0)
    #expect(throughput.look(bytes: 15_000_000, nowMilliseconds: 2000) == 80)
    #expect(throughput.look(bytes: 15_000_000, nowMilliseconds: 3000) == 0)
    #expect(throughput.look(bytes: 0, nowMilliseconds: 3000) == 0)
  }

  private func chunk(_ index: UInt32) -> Chunk { Fixture.chunk(index) }

  private final class Bytes: ChunkBytes {
    func read(into target: UnsafeMutableRawBufferPointer) async throws -> Int { 0 }
  }

  /// Ports that write down what they were asked.
  private final class World: ChunkMap, ChunkStore, EdgeRuntime, @unchecked Sendable {
    var claims: [ChunkClaim] = []
    var claimFailure: ChunkRefusal?
    var putFailure: ChunkRefusal?
    /// How long the sender takes.
    var putMilliseconds: UInt64 = 0
    private var repeated: (milliseconds: UInt64, body: @Sendable () async -> Void)?
    var recordFailures = 0
    private(set) var steps: [String] = []
    private(set) var sleeps: [UInt64] = []
    private(set) var nowMilliseconds: UInt64 = 0
    let activity: EdgeActivity

    init(chunksMax: Int = 8, _ change: (World) -> Void = { _ in }) {
      activity = EdgeActivity(chunksMax: chunksMax)
      change(self)
    }

    var intake: ChunkIntake { ChunkIntake(map: self, store: self, runtime: self, activity: activity) }

    func claim(_ chunk: Chunk) async throws -> ChunkClaim {
      steps.append("claim")
      if let claimFailure { throw claimFailure }
      return claims.isEmpty ? .granted : claims.removeFirst()
    }

    func put(_ chunk: Chunk, _ bytes: any ChunkBytes) async throws -> String {
      steps.append("put")
      if let putFailure { throw putFailure }
      if let repeated { for _ in 0..<putMilliseconds / repeated.milliseconds { await repeated.body() } }
      return "etag-1"
    }

    func record(_ chunk: Chunk, etag: String) async throws {
      steps.append("record \(etag)")
      guard recordFailures == 0 else {
        recordFailures -= 1
        throw ChunkRefusal.coreAway(retryAfterSeconds: 1)
      }
    }

    func release(_ chunk: Chunk) async throws { steps.append("release") }

    func sleep(milliseconds: UInt64) async throws {
      sleeps.append(milliseconds)
      nowMilliseconds += milliseconds
    }

    func every(milliseconds: UInt64, _ body: @escaping @Sendable () async -> Void) -> Task<Void, Never> {
      repeated = (milliseconds, body)
      return Task {}
    }

    func shielded<T: Sendable>(_ body: @escaping @Sendable () async throws -> T) async throws -> T { try await body() }
  }
}
