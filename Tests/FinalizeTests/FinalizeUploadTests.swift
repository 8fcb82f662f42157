import Contracts
import Foundation
import ObjectStore
import RPC
import Testing

@testable import Finalize

@Suite(.timeLimit(.minutes(2)))
struct FinalizeUploadTests {
  private static let megabytes11 = content(11 << 20)

  @Test func aCompleteUploadBecomesAFile() async throws {
    try await FinalizeFixture.run { fixture in
      let bytes = Self.megabytes11
      let id = try await fixture.upload(bytes)
      let file = try await fixture.finalize(id, chunks: 3)
      #expect(file.id == id)
      #expect(file.size == 11 << 20)
      #expect(file.name == "näme.txt")
      #expect(file.mediaType == "text/plain")
      #expect(file.fileHash == fixture.peers.uploads[id]?.fileHash)
      #expect(!file.verified)
      #expect(try await fixture.stored(id) == bytes)
      let url = try #require(URLComponents(string: file.url))
      let grant = try fixture.urls.verify(path: String(url.path.dropFirst("/objects/".count)), query: url.percentEncodedQuery ?? "")
      #expect(grant.fileName == "näme.txt")
      #expect(grant.expiresAtSeconds * 1000 == file.urlExpiresAt)
      // 11 MiB at a micro-dollar for 10,000 bytes.
      #expect(fixture.peers.heard == ["register \(id) verified=false", "close \(id) completed 1153 \(11 << 20)", "drop \(id)"])
      #expect(try await fixture.count("outbox") == 0)
      let usage = try await fixture.client.getUsage(GetUsageRequest(userId: "usr_1"), options: FinalizeFixture.options())
      #expect(usage == GetUsageResponse(transferredBytes: 11 << 20, costMicroDollars: 1153, files: 1))
    }
  }

  @Test func aReplayGivesTheSameFile() async throws {
    try await FinalizeFixture.run { fixture in
      let id = try await fixture.upload(Self.megabytes11)
      let first = try await fixture.finalize(id, chunks: 3)
      var second = try await fixture.finalize(id, chunks: 3)
      second.url = first.url
      second.urlExpiresAt = first.urlExpiresAt
      #expect(second == first)
      #expect(try await fixture.count("usage") == 1)
      #expect(fixture.peers.heard.count == 3)
    }
  }

  @Test func callsAtOnceMakeOneFile() async throws {
    try await FinalizeFixture.run { fixture in
      let id = try await fixture.upload(Self.megabytes11)
      let files = try await withThrowingTaskGroup(of: File.self) { group in
        for _ in 0..<6 { group.addTask { try await fixture.loop.run { try await fixture.finalize(id, chunks: 3) } } }
        return try await group.reduce(into: [File]()) { $0.append($1) }
      }
      #expect(Set(files.map(\.id)) == [id])
      #expect(try await fixture.count("usage") == 1)
      #expect(try await fixture.count("objects") == 1)
    }
  }

  @Test func anIncompleteUploadSaysWhatIsMissing() async throws {
    try await FinalizeFixture.run { fixture in
      let id = try await fixture.upload(Self.megabytes11, missing: [0, 2])
      let error = try await #require(throws: RPCError.self) { _ = try await fixture.finalize(id, chunks: 3) }
      #expect(error.problem?.reason == "INCOMPLETE_UPLOAD")
      #expect(error.message == "Incomplete upload")
      #expect(error.problem?.incomplete == IncompleteUpload(uploaded: 1, expected: 3, missing: [0, 2]))
      let upload = try #require(fixture.peers.uploads[id])
      for index in [0, 2] { try await fixture.storeChunk(Self.megabytes11, index, of: upload) }
      #expect(try await fixture.finalize(id, chunks: 3).id == id)
      #expect(try await fixture.stored(id) == Self.megabytes11)
    }
  }

  @Test func theNumberOfChunksMustBeThePlans() async throws {
    try await FinalizeFixture.run { fixture in
      let id = try await fixture.upload(Self.megabytes11)
      for total in [0, 2, 4] {
        let error = try await #require(throws: RPCError.self) { _ = try await fixture.finalize(id, chunks: total) }
        #expect(error.code == .invalidArgument)
        #expect(error.problem?.field == "totalChunks")
        #expect(error.message.contains("must be 3"))
      }
    }
  }

  @Test func othersSeeNothing() async throws {
    try await FinalizeFixture.run { fixture in
      let id = try await fixture.upload(Self.megabytes11)
      _ = try await fixture.finalize(id, chunks: 3)
      let open = try await fixture.upload(content(10))
      let never = "file_" + String(id.dropFirst(5).reversed())
      for (file, user, account) in [(id, "usr_2", "acc_1"), (id, "usr_1", "acc_2"), (open, "usr_2", "acc_1"), (open, "usr_1", "acc_2")] {
        let error = try await #require(throws: RPCError.self) { _ = try await fixture.finalize(file, chunks: 3, user: user, account: account) }
        #expect(error.code == .notFound)
        #expect(error.problem?.reason == "UPLOAD_NOT_FOUND")
      }
      let error = try await #require(throws: RPCError.self) { _ = try await fixture.finalize(never, chunks: 3) }
      #expect(error.code == .notFound || error.code == .invalidArgument)
      let nobody = try await #require(throws: RPCError.self) {
        _ = try await fixture.client.finalizeUpload(FinalizeUploadRequest(fileId: id, totalChunks: 3, userId: "usr_1"))
      }
      #expect(nobody.code == .unauthenticated)
    }
  }

  /// The process died after the store had made the object and before the books knew.
  @Test func aCrashBetweenStoreAndBooksIsRecovered() async throws {
    try await FinalizeFixture.run { fixture in
      let id = try await fixture.upload(Self.megabytes11)
      let upload = try #require(fixture.peers.uploads[id])
      let parts = try (fixture.peers.chunks[id] ?? []).map { CompletedPart(number: Int($0.index) + 1, etag: try ETag($0.etag)) }
      _ = try await fixture.store.completeMultipart(
        key: ObjectKey(upload.objectKey), upload: MultipartID(upload.multipartUploadId), parts: parts)
      #expect(try await fixture.finalize(id, chunks: 3).size == 11 << 20)
      #expect(try await fixture.count("files") == 1)
    }
  }

  /// The process died while it held the lease.
  @Test func aLeaseRunsOut() async throws {
    try await FinalizeFixture.run { fixture in
      let id = try await fixture.upload(Self.megabytes11)
      let ledger = PostgresLedger(pool: fixture.pool, loop: fixture.loop)
      let upload = try FinishingUpload(try #require(fixture.peers.uploads[id]))
      guard case .granted(let dead) = try await ledger.lease(upload, milliseconds: 400) else {
        Issue.record("no lease")
        return
      }
      #expect(try await ledger.lease(upload, milliseconds: 400) == .busy)
      #expect(try await fixture.finalize(id, chunks: 3).id == id)
      // Whoever had it before may not write any more.
      #expect(try await ledger.complete(upload, lease: dead, cost: .zero) == nil)
      #expect(try await ledger.abandon(upload, lease: dead, ending: .aborted) == false)
      #expect(try await fixture.count("files") == 1)
    }
  }

  @Test func anEmptyFileIsAFile() async throws {
    try await FinalizeFixture.run { fixture in
      let id = try await fixture.upload([])
      let file = try await fixture.finalize(id, chunks: 0)
      #expect(file.size == 0)
      #expect(try await fixture.stored(id) == [])
      #expect(try await fixture.finalize(id, chunks: 0).id == id)
    }
  }

  @Test func lostBytesAreSaidToBeLost() async throws {
    try await FinalizeFixture.run { fixture in
      let id = try await fixture.upload(Self.megabytes11)
      let upload = try #require(fixture.peers.uploads[id])
      try await fixture.store.abortMultipart(key: ObjectKey(upload.objectKey), upload: MultipartID(upload.multipartUploadId))
      let error = try await #require(throws: RPCError.self) { _ = try await fixture.finalize(id, chunks: 3) }
      #expect(error.code == .dataLoss)
      #expect(error.problem?.reason == "UPLOAD_LOST")
      // The lease was given back: the answer is the same at once.
      let again = try await #require(throws: RPCError.self) { _ = try await fixture.finalize(id, chunks: 3) }
      #expect(again.problem?.reason == "UPLOAD_LOST")
    }
  }

  @Test func eventsAreToldUntilTheyAreHeard() async throws {
    try await FinalizeFixture.run { fixture in
      fixture.peers.dedupFailures = 2
      let id = try await fixture.upload(content(100))
      _ = try await fixture.finalize(id, chunks: 1)
      #expect(fixture.peers.heard == ["close \(id) completed 0 100", "drop \(id)"])
      #expect(try await fixture.count("outbox", "last_error IS NOT NULL AND attempts = 1") == 1)
      for _ in 0..<2 {
        try await fixture.pool.query("UPDATE outbox SET next_attempt_at = now()")
        try await fixture.assembly.relayEvents()
      }
      #expect(fixture.peers.heard.last == "register \(id) verified=false")
      #expect(try await fixture.count("outbox") == 0)
    }
  }

  @Test func relaysAtOnceTellEachEventOnce() async throws {
    try await FinalizeFixture.run { fixture in
      fixture.peers.dedupFailures = 30
      var files: [String] = []
      for _ in 0..<30 {
        let id = try await fixture.upload(content(10))
        _ = try await fixture.finalize(id, chunks: 1)
        files.append(id)
      }
      fixture.peers.heard = []
      try await fixture.pool.query("UPDATE outbox SET next_attempt_at = now()")
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<4 { group.addTask { try await fixture.loop.run { try await fixture.assembly.relayEvents() } } }
        try await group.waitForAll()
      }
      #expect(fixture.peers.heard.sorted() == files.map { "register \($0) verified=false" }.sorted())
    }
  }
}
