import EdgeSelection
import Model
import Testing

@Suite(.timeLimit(.minutes(1)))
struct PlannerTests {
  let world = World()
  let hash = ContentHash("sha256:" + String(repeating: "ab", count: 32))!

  func inquiry(size: ByteCount = .gibibytes(1), budget: MicroDollars? = nil, resumed: FileID? = nil) -> UploadInquiry {
    UploadInquiry(
      caller: world.caller, fileSize: size, fileHash: hash, fileName: "a.bin", location: home, priority: .speed, budget: budget, resumed: resumed)
  }

  func offer(_ inquiry: UploadInquiry) async throws -> UploadOffer {
    guard case .upload(let offer) = try await world.planner.answer(inquiry) else { throw Unexpected() }
    return offer
  }

  @Test func aNewFileGetsASessionAPlanAndAToken() async throws {
    let offer = try await offer(inquiry())
    #expect(offer.session.plan.chunksTotal == 21)
    #expect(offer.session.threads == 16)
    #expect(offer.session.estimatedCost == MicroDollars(107_374))
    #expect(offer.session.fileID.unixMilliseconds == 1_000)
    #expect(offer.session.expiresAt == 77)
    #expect(offer.uploadToken == "token for \(offer.session.fileID)")
    #expect(offer.edges.map(\.id.text) == ["sfo-1", "lax-1"])
    #expect(offer.compression == .none)
    #expect(world.sessions.open.count == 1)
    #expect(world.habits.count == 1)
  }

  @Test func aStoredFileIsClonedAndNothingOpened() async throws {
    world.duplicates.clone = ClonedFile(fileID: world.someID, url: "u", savedBytes: .gibibytes(1), savedCost: MicroDollars(1))
    // Even where the budget is nothing: a clone is free.
    guard case .duplicate(let clone) = try await world.planner.answer(inquiry(budget: .zero)) else { throw Unexpected() }
    #expect(clone.fileID == world.someID)
    #expect(world.sessions.open.isEmpty)
  }

  @Test func aBudgetThatNothingFitsNamesTheLeastCost() async throws {
    await #expect(throws: SelectionError.budgetTooSmall(minimum: MicroDollars(107_374))) {
      try await world.planner.answer(inquiry(budget: MicroDollars(107_373)))
    }
    #expect(world.sessions.open.isEmpty)
    _ = try await offer(inquiry(budget: MicroDollars(107_374)))
  }

  @Test func withoutALiveEdgeNothingIsOpened() async throws {
    world.time.now = 31_001
    await #expect(throws: SelectionError.noLiveEdge(registered: 2)) { try await world.planner.answer(inquiry()) }
    #expect(world.sessions.open.isEmpty)
  }

  @Test func resumingKeepsThePlanAndChecksTheFile() async throws {
    let first = try await offer(inquiry())
    let id = first.session.fileID
    #expect(try await offer(inquiry(resumed: id)).session.plan == first.session.plan)
    #expect(world.sessions.open.count == 1)
    await #expect(throws: SelectionError.sizeDiffers(opened: .gibibytes(1))) {
      try await world.planner.answer(inquiry(size: .gibibytes(2), resumed: id))
    }
    var other = inquiry(resumed: id)
    other.fileHash = ContentHash("sha256:" + String(repeating: "00", count: 32))
    await #expect(throws: SelectionError.hashDiffers) { try await world.planner.answer(other) }
  }

  @Test func someoneElsesUploadIsNotThere() async throws {
    let id = try await offer(inquiry()).session.fileID
    var stranger = inquiry(resumed: id)
    stranger.caller.user = UserID("stranger")!
    await #expect(throws: SelectionError.uploadNotFound) { try await world.planner.answer(stranger) }
    await #expect(throws: SelectionError.uploadNotFound) { try await world.planner.answer(inquiry(resumed: world.someID)) }
    await #expect(throws: SelectionError.uploadNotFound) {
      try await world.planner.replan(id, account: AccountID("other")!, user: nil, location: nil, priority: .speed)
    }
    #expect(try await world.planner.replan(id, account: world.caller.account, user: nil, location: nil, priority: .speed).edges.count == 2)
  }

  @Test func anEndedUploadCannotGoOn() async throws {
    let id = try await offer(inquiry()).session.fileID
    world.sessions.open[id]?.isOpen = false
    await #expect(throws: SelectionError.uploadEnded) { try await world.planner.answer(inquiry(resumed: id)) }
  }

  @Test func anEmptyFileHasNoChunksAndCostsNothing() async throws {
    let offer = try await offer(inquiry(size: .zero, budget: .zero))
    #expect(offer.session.plan.chunksTotal == 0)
    #expect(offer.estimatedSeconds == 0)
  }
}

struct Unexpected: Error {}

/// Everything around a planner, in memory.
final class World {
  final class Time { var now: Int64 = 1_000 }

  final class FixedDuplicates: Duplicates {
    var clone: ClonedFile?
    func clone(hash: ContentHash, for inquiry: UploadInquiry) async throws -> ClonedFile? { clone }
  }

  final class MemorySessions: UploadSessions {
    var open: [FileID: UploadSession] = [:]

    func open(_ session: UploadSession) async throws -> UploadSession {
      var session = session
      session.expiresAt = 77
      open[session.fileID] = session
      return session
    }

    func find(_ file: FileID, account: AccountID, user: UserID?) async throws -> UploadSession? {
      open[file].flatMap { $0.caller.account == account && (user == nil || $0.caller.user == user) ? $0 : nil }
    }
  }

  struct PlainTokens: UploadTokens {
    func token(for session: UploadSession) throws -> String { "token for \(session.fileID)" }
  }

  struct NoSamples: RoundTripSamples {
    func samples(of caller: Caller) async -> [EdgeID: RoundTripEstimate] { [:] }
    func record(_ measured: [(edge: EdgeID, milliseconds: Double)], of caller: Caller, now: Int64) async throws {}
  }

  final class CountedHabits: UploadHabits {
    var count = 0
    func opened(_ session: UploadSession, at now: Int64) { count += 1 }
  }

  let time = Time()
  let duplicates = FixedDuplicates()
  let sessions = MemorySessions()
  let habits = CountedHabits()
  let caller = Caller(account: AccountID("acc_1")!, user: UserID("usr_1")!)
  let someID: FileID
  let planner: UploadPlanner

  init() {
    someID = FileID(unixMilliseconds: 5)
    let directory = EdgeDirectory()
    directory.replaceAll(with: [edge("lax-1", 34.0522, -118.2437, heardAt: 1_000), edge("sfo-1", 37.7749, -122.4194, heardAt: 1_000)])
    let time = time
    planner = UploadPlanner(
      directory: directory, duplicates: duplicates, sessions: sessions, tokens: PlainTokens(), samples: NoSamples(), habits: habits,
      now: { time.now }, random: SeededRandom(seed: 4))
  }
}
