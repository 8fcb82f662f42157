import Contracts
import ObjectStore
import RPC
import Testing

@testable import Finalize

@Suite(.timeLimit(.minutes(2)))
struct CloneAndAbortTests {
  private static func clone(
    _ fixture: FinalizeFixture, _ source: String, user: String = "usr_1", account: String = FinalizeFixture.account, name: String = ""
  ) async throws -> CloneFileResponse {
    try await fixture.client.cloneFile(
      CloneFileRequest(sourceFileId: source, userId: user, fileName: name), options: FinalizeFixture.options(account))
  }

  @Test func aCloneIsAFileOfItsOwnOnTheSameObject() async throws {
    try await FinalizeFixture.run { fixture in
      let bytes = content(6 << 20)
      let source = try await fixture.upload(bytes)
      _ = try await fixture.finalize(source, chunks: 2)
      let clone = try await Self.clone(fixture, source, name: "other.txt")
      let file = try #require(clone.file)
      #expect(file.id != source)
      #expect(file.name == "other.txt")
      #expect(file.mediaType == "text/plain")
      #expect(file.size == 6 << 20)
      #expect(clone.savedBytes == 6 << 20)
      #expect(clone.savedCostMicroDollars == 629)
      #expect(try await fixture.count("objects", "reference_count = 2") == 1)
      #expect(fixture.peers.heard.last == "register \(file.id) verified=false")
      let usage = try await fixture.client.getUsage(GetUsageRequest(), options: FinalizeFixture.options())
      #expect(usage == GetUsageResponse(
        transferredBytes: 6 << 20, costMicroDollars: 629, savedBytes: 6 << 20, savedCostMicroDollars: 629, files: 2, duplicates: 1))
      #expect(try await fixture.client.getUsage(GetUsageRequest(), options: FinalizeFixture.options("acc_2")) == GetUsageResponse())
    }
  }

  @Test func anotherUserGetsOnlyVerifiedBytesAndAnotherAccountNone() async throws {
    try await FinalizeFixture.run { fixture in
      let source = try await fixture.upload(content(1000))
      _ = try await fixture.finalize(source, chunks: 1)
      for account in ["acc_1", "acc_2"] {
        let error = try await #require(throws: RPCError.self) { _ = try await Self.clone(fixture, source, user: "usr_2", account: account) }
        #expect(error.code == .notFound)
      }
      try await fixture.verifyNow()
      let file = try #require(try await Self.clone(fixture, source, user: "usr_2").file)
      #expect(file.verified)
      await #expect(throws: RPCError.self) { _ = try await Self.clone(fixture, source, user: "usr_2", account: "acc_2") }
    }
  }

  @Test func verificationIsToldOfEveryFileOnTheObject() async throws {
    try await FinalizeFixture.run { fixture in
      let source = try await fixture.upload(content(1000))
      _ = try await fixture.finalize(source, chunks: 1)
      let clone = try #require(try await Self.clone(fixture, source).file)
      fixture.peers.heard = []
      try await fixture.verifyNow()
      #expect(fixture.peers.heard.sorted() == ["register \(clone.id) verified=true", "register \(source) verified=true"].sorted())
      #expect(try await fixture.finalize(source, chunks: 1).verified)
      fixture.peers.heard = []
      try await fixture.verifyNow()
      #expect(fixture.peers.heard.isEmpty)
    }
  }

  @Test func aFalseClaimIsForgotten() async throws {
    try await FinalizeFixture.run { fixture in
      let source = try await fixture.upload(content(1000), hash: "sha256:" + String(repeating: "0", count: 64))
      _ = try await fixture.finalize(source, chunks: 1)
      fixture.peers.heard = []
      try await fixture.verifyNow()
      #expect(fixture.peers.heard == ["forget \(source)"])
      #expect(!(try await fixture.finalize(source, chunks: 1).verified))
      await #expect(throws: RPCError.self) { _ = try await Self.clone(fixture, source) }
    }
  }

  @Test func aFileWithoutAClaimGetsItsHash() async throws {
    try await FinalizeFixture.run { fixture in
      let source = try await fixture.upload([1, 2, 3], hash: "")
      #expect(try await fixture.finalize(source, chunks: 1).fileHash == "")
      #expect(!fixture.peers.heard.contains { $0.hasPrefix("register") })
      try await fixture.verifyNow()
      #expect(fixture.peers.heard.last == "register \(source) verified=true")
      let file = try await fixture.finalize(source, chunks: 1)
      #expect(file.fileHash == "sha256:039058c6f2c0cb492c533b0a4d14ef77cc0f78abccced5287d84a1a2011cfb81")
    }
  }

  @Test func anObjectThatCannotBeReadIsTriedLater() async throws {
    try await FinalizeFixture.run { fixture in
      let source = try await fixture.upload(content(1000))
      _ = try await fixture.finalize(source, chunks: 1)
      try await fixture.store.delete(key: ObjectKey.file(account: "acc_1", user: "usr_1", file: source))
      try await fixture.verifyNow()
      #expect(try await fixture.count("objects", "state = 'new' AND verify_attempts = 1 AND verify_after > now()") == 1)
    }
  }

  @Test func anAbortedUploadIsGone() async throws {
    try await FinalizeFixture.run { fixture in
      let id = try await fixture.upload(content(6 << 20))
      let upload = try #require(fixture.peers.uploads[id])
      let request = AbortUploadRequest(fileId: id, userId: "usr_1")
      for _ in 0..<2 { #expect(try await fixture.client.abortUpload(request, options: FinalizeFixture.options()).ok) }
      #expect(fixture.peers.heard == ["close \(id) aborted 0 0", "drop \(id)"])
      await #expect(throws: ObjectStoreError.noSuchUpload) {
        _ = try await fixture.store.listParts(key: ObjectKey(upload.objectKey), upload: MultipartID(upload.multipartUploadId))
      }
      let error = try await #require(throws: RPCError.self) { _ = try await fixture.finalize(id, chunks: 2) }
      #expect(error.problem?.reason == "UPLOAD_ENDED")
      for (user, account) in [("usr_2", "acc_1"), ("usr_1", "acc_2")] {
        let error = try await #require(throws: RPCError.self) {
          _ = try await fixture.client.abortUpload(AbortUploadRequest(fileId: id, userId: user), options: FinalizeFixture.options(account))
        }
        #expect(error.code == .notFound)
      }
    }
  }

  @Test func aFileCannotBeAborted() async throws {
    try await FinalizeFixture.run { fixture in
      let id = try await fixture.upload(content(10))
      _ = try await fixture.finalize(id, chunks: 1)
      let error = try await #require(throws: RPCError.self) {
        _ = try await fixture.client.abortUpload(AbortUploadRequest(fileId: id, userId: "usr_1"), options: FinalizeFixture.options())
      }
      #expect(error.problem?.reason == "UPLOAD_COMPLETED")
      #expect(try await fixture.stored(id) == content(10))
    }
  }

  @Test func expiredUploadsAreSweptOnce() async throws {
    try await FinalizeFixture.run { fixture in
      let expired = try await fixture.upload(content(6 << 20), expiresAt: 1)
      let alive = try await fixture.upload(content(10))
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<3 { group.addTask { try await fixture.loop.run { try await fixture.assembly.sweepExpired() } } }
        try await group.waitForAll()
      }
      #expect(fixture.peers.heard == ["close \(expired) expired 0 0", "drop \(expired)"])
      #expect(try await fixture.finalize(alive, chunks: 1).id == alive)
    }
  }
}
