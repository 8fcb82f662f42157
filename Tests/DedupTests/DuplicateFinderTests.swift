import EventLoops
import Model
import Postgres
import Redis
import Testing
import TestSupport

@testable import Dedup

/// The finder on a real PostgreSQL with pgvector and a real Redis.
// Serialised: every test empties the one Redis.
@Suite(.serialized, .timeLimit(.minutes(2))) struct DuplicateFinderTests {
  @Test func theSameBytesAreFoundByTheRulesOfVerification() async throws {
    try await withFinder { world in
      let file = world.file("alice", "movie.mp4", seed: 1)
      try await world.finder.register(file)
      let own = try await world.ask(file, user: "alice")
      #expect(own?.id == file.id && own?.kind == .exact && own?.similarity == 1)
      let other = try await world.ask(file, user: "bob")
      #expect(other == nil, "a claimed hash proves nothing to others")
      let anyone = try await world.ask(file, user: nil)
      #expect(anyone == nil)

      var verified = file
      verified.isVerified = true
      try await world.finder.register(verified)
      // The outbox may deliver late: the older message must not take the verification back.
      try await world.finder.register(file)
      let afterwards = try await world.ask(file, user: "bob")
      #expect(afterwards?.id == file.id)
      let cached = try await world.ask(file, user: "carol")
      #expect(cached?.id == file.id)

      var elsewhere = file
      elsewhere.account = try #require(AccountID("other-account"))
      let foreign = try await world.ask(elsewhere, user: "alice")
      #expect(foreign == nil, "accounts do not see each other's files")
      var longer = file
      longer.size = ByteCount(file.size.rawValue + 1)
      let wrongSize = try await world.ask(longer, user: "alice")
      #expect(wrongSize == nil)
    }
  }

  @Test func aForgottenFileIsNotFoundEvenFromTheCache() async throws {
    try await withFinder { world in
      let file = world.file("alice", "gone.bin", seed: 2, verified: true)
      try await world.finder.register(file)
      let before = try await world.ask(file, user: "bob")
      #expect(before != nil)
      let stranger = try #require(AccountID("stranger"))
      try await world.finder.forget(file.id, account: stranger)
      let still = try await world.ask(file, user: "bob")
      #expect(still != nil, "only its own account can forget it")
      try await world.finder.forget(file.id, account: file.account)
      let after = try await world.ask(file, user: "bob")
      #expect(after == nil)
    }
  }

  @Test func similarFilesAreAHintInsideTheAccount() async throws {
    try await withFinder { world in
      for number in 0..<200 {
        try await world.finder.register(world.file("alice", "unrelated document \(number * 7919).txt", seed: UInt8(number), account: "crowd"))
      }
      let file = world.file("alice", "Team Photo March.jpg", seed: 250)
      try await world.finder.register(file)
      var question = world.question(world.file("alice", "team_photo_march.JPG", seed: 251), user: "alice")
      let hint = try await world.finder.find(question)
      #expect(hint?.kind == .similar)
      #expect(hint?.id == file.id)
      #expect((hint?.similarity ?? 0) >= 0.95)
      question.user = UserID("bob")
      let others = try await world.finder.find(question)
      #expect(others == nil, "a user is not shown the file names of another")
      question.user = UserID("alice")
      question.description = FileDescription(name: "quarterly numbers.xlsx", type: "", size: question.size)
      let unlike = try await world.finder.find(question)
      #expect(unlike == nil)
    }
  }

  @Test func withoutRedisTheAnswersAreTheSame() async throws {
    try await withFinder(redisURL: "unix:///no/such/redis.sock") { world in
      let file = world.file("alice", "movie.mp4", seed: 3, verified: true)
      try await world.finder.register(file)
      let found = try await world.ask(file, user: "bob")
      #expect(found?.id == file.id)
      try await world.finder.forget(file.id, account: file.account)
      let after = try await world.ask(file, user: "bob")
      #expect(after == nil)
    }
  }

  @Test func aFailingEmbedderCostsTheHintOnly() async throws {
    struct Broken: Embedder {
      struct Failure: Error {}
      let name = "broken"
      func embed(_ description: FileDescription) async throws -> Embedding { throw Failure() }
    }
    try await withFinder { world in
      let file = world.file("alice", "movie.mp4", seed: 4, verified: true)
      try await world.finder.register(file)
      let finder = DuplicateFinder(index: world.finder.index, cache: world.finder.cache, embedder: Broken(), onEmbedderFailure: { _ in })
      let found = try await finder.find(world.question(file, user: "alice"))
      #expect(found?.id == file.id)
      let other = try await finder.find(world.question(world.file("alice", "movie.mp4", seed: 5), user: "alice"))
      #expect(other == nil)
      await #expect(throws: Broken.Failure.self) { try await finder.register(file) }
    }
  }

  @Test func strangeRepliesOfAnEmbedderAreErrors() {
    for reply in ["", "{}", #"{"data":[]}"#, #"{"data":[{"embedding":[1,2]}]}"#, #"{"data":[{"embedding":"#] {
      #expect(throws: (any Error).self) { _ = try RemoteEmbedder.vector(in: Array(reply.utf8)) }
    }
    let zeros = #"{"data":[{"embedding":[\#(Array(repeating: "0", count: 384).joined(separator: ","))]}]}"#
    #expect(throws: (any Error).self) { _ = try RemoteEmbedder.vector(in: Array(zeros.utf8)) }
    let good = #"{"data":[{"embedding":[\#(Array(repeating: "2", count: 384).joined(separator: ","))]}]}"#
    #expect((try? RemoteEmbedder.vector(in: Array(good.utf8)))?.count == 384)
  }
}

struct FinderWorld {
  let finder: DuplicateFinder

  func file(_ user: String, _ name: String, seed: UInt8, verified: Bool = false, account: String = "acme") -> StoredFile {
    let id = FileID(unixMilliseconds: 1_700_000_000_000)
    guard let account = AccountID(account), let user = UserID(user), let hash = ContentHash(bytes: [UInt8](repeating: seed, count: 32)) else {
      preconditionFailure("the test's own names are good")
    }
    return StoredFile(
      id: id, account: account, user: user, hash: hash, size: .mebibytes(7), description: FileDescription(name: name, type: "", size: .mebibytes(7)),
      objectKey: "files/\(account.text)/\(user.text)/\(id.text)", isVerified: verified)
  }

  func question(_ file: StoredFile, user: String?) -> DuplicateFinder.Question {
    .init(account: file.account, user: user.flatMap { UserID($0) }, hash: file.hash, size: file.size, description: file.description)
  }

  /// Asks for the bytes only.
  func ask(_ file: StoredFile, user: String?) async throws -> Match? {
    var asked = question(file, user: user)
    asked.description = nil
    return try await finder.find(asked)
  }
}

private func withFinder(redisURL: String? = nil, _ body: @escaping @Sendable (FinderWorld) async throws -> Void) async throws {
  let database = try TestPostgres.shared.get().makeDatabase()
  let redisURL = try redisURL ?? TestRedis.shared.get().url
  try await withEventLoop { loop in
    var configuration = try PostgresConfiguration(url: database)
    configuration.schema = "dedup"
    let pool = PostgresPool(loop: loop, configuration: configuration)
    let redis = RedisClient(loop: loop, configuration: try RedisConfiguration(url: redisURL))
    defer {
      pool.close()
      redis.close()
    }
    try await Migrator(pool).run(try DedupProgram.migrations(), service: "dedup")
    // One Redis serves all tests: nothing of another test may answer.
    if (try? await redis.send(["FLUSHALL"])) == nil { #expect(redisURL.contains("no/such")) }
    try await body(
      FinderWorld(
        finder: DuplicateFinder(
          index: PostgresFileIndex(pool: pool), cache: RedisMatchCache(redis: redis), embedder: FeatureHashingEmbedder(),
          onEmbedderFailure: { _ in })))
  }
}
