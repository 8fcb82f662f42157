import EventLoops
import Foundation
import Testing

@testable import ObjectStore

/// What only the directory store promises: no copying, no trace of failures, survival of a stop at any point, a full disk.
@Suite(.timeLimit(.minutes(1)))
struct LocalObjectStoreTests {
  private func withStore(
    in parent: String? = nil, _ body: @escaping @Sendable (LocalObjectStore, EventLoop) async throws -> Void
  ) async throws {
    try await TestMachine.withDirectory { directory in
      let loop = try EventLoop(name: "local-store")
      try loop.start()
      defer { loop.stop() }
      let store = try LocalObjectStore(directory: parent ?? directory, loop: loop)
      try await loop.run { try await body(store, loop) }
    }
  }

  private func inode(_ path: String) throws -> UInt64 {
    try #require(try FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? UInt64)
  }

  private func uploads(_ store: LocalObjectStore) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: "\(store.root)/uploads")
  }

  /// Two who bring the same part at once, as two devices may that go on with one upload, hear the same of it.
  @Test(arguments: [nil, 3_000_000] as [UInt64?])
  func thePartOfSeveralHasOneETag(partSize: UInt64?) async throws {
    try await withStore { store, _ in
      let key = try ObjectKey("files/a/b/c")
      let upload = try await store.createMultipart(key: key, contentType: nil, partSize: partSize)
      let bytes = pattern(5, 3_000_000)
      async let first = store.putPart(key, upload, 1, bytes)
      async let second = store.putPart(key, upload, 1, bytes)
      async let third = store.putPart(key, upload, 1, bytes)
      let parts = try await [first, second, third]
      #expect(Set(parts.map(\.etag)).count == 1)
      _ = try await store.completeMultipart(key: key, upload: upload, parts: [parts[2]])
      #expect(try await store.bytes(of: key) == bytes)
      #expect(try uploads(store) == [])
    }
  }

  /// The upload ends while a part is on its way: the part's sender hears that, and nothing stays behind.
  @Test(arguments: [nil, 1_000] as [UInt64?])
  func aPartOfAnUploadThatEndsIsRefused(partSize: UInt64?) async throws {
    try await withStore { store, _ in
      let key = try ObjectKey("files/a/b/c")
      let upload = try await store.createMultipart(key: key, contentType: nil, partSize: partSize)
      _ = try await store.putPart(key, upload, 1, pattern(1, 1_000))
      let body = InterruptedBody(pattern(1, 1_000)) { try await store.abortMultipart(key: key, upload: upload) }
      await #expect(throws: ObjectStoreError.noSuchUpload) {
        _ = try await store.putPart(key: key, upload: upload, number: 1, size: 1_000, body: body)
      }
      #expect(try uploads(store) == [])
    }
  }

  @Test func completingMovesNoBytes() async throws {
    try await withStore { store, _ in
      let key = try ObjectKey("files/a/b/c")
      let upload = try await store.createMultipart(key: key, contentType: nil, partSize: 100_000)
      var parts: [CompletedPart] = []
      for number in 1...4 { parts.append(try await store.putPart(key, upload, number, pattern(number, number == 4 ? 7 : 100_000))) }
      let before = try inode("\(store.root)/uploads/\(upload)/data")
      _ = try await store.completeMultipart(key: key, upload: upload, parts: parts)
      #expect(try inode(store.path(of: key)) == before)
      #expect(try uploads(store) == [])
    }
  }

  @Test func partsThatLieElsewhereAreBroughtIn() async throws {
    try await withStore { store, _ in
      let key = try ObjectKey("files/a/b/c")
      let upload = try await store.createMultipart(key: key, contentType: nil, partSize: 1000)
      // Longer than announced, shorter in the middle, and replaced: none of them is at its place.
      let first = try await store.putPart(key, upload, 1, pattern(1, 1500))
      let second = try await store.putPart(key, upload, 2, pattern(2, 300))
      _ = try await store.putPart(key, upload, 3, pattern(9, 1000))
      let third = try await store.putPart(key, upload, 3, pattern(3, 1000))
      let info = try await store.completeMultipart(key: key, upload: upload, parts: [first, second, third])
      #expect(info.size == 2800)
      #expect(try await store.bytes(of: key) == pattern(1, 1500) + pattern(2, 300) + pattern(3, 1000))
      #expect(try uploads(store) == [])
    }
  }

  @Test func failuresLeaveNothingBehind() async throws {
    try await withStore { store, _ in
      let key = try ObjectKey("files/a/b/c")
      let upload = try await store.createMultipart(key: key, contentType: nil, partSize: nil)
      await #expect(throws: FailingBody.WrongHash.self) {
        _ = try await store.putPart(key: key, upload: upload, number: 1, size: 5000, body: FailingBody(pattern(1, 5000)))
      }
      let names = try FileManager.default.contentsOfDirectory(atPath: "\(store.root)/uploads/\(upload)")
      #expect(names.sorted() == ["parts", "upload"])
    }
  }

  @Test func aPartBeingWrittenCannotReachTheObject() async throws {
    try await withStore { store, loop in
      let key = try ObjectKey("files/a/b/c")
      let upload = try await store.createMultipart(key: key, contentType: nil, partSize: 4000)
      let slow = Task(executorPreference: loop) {
        try await store.putPart(key: key, upload: upload, number: 1, size: 4000, body: StalledBody(loop: loop))
      }
      try await loop.sleep(milliseconds: 50)
      let part = try await store.putPart(key, upload, 1, pattern(1, 4000))
      _ = try await store.completeMultipart(key: key, upload: upload, parts: [part])
      #expect(try await store.bytes(of: key) == pattern(1, 4000))
      slow.cancel()
      await #expect(throws: CancellationError.self) { _ = try await slow.value }
      #expect(try await store.bytes(of: key) == pattern(1, 4000))
      #expect(try uploads(store) == [])
    }
  }

  @Test func aCompletionThatStoppedHalfWayIsTidied() async throws {
    try await withStore { store, _ in
      let key = try ObjectKey("files/a/b/c")
      let upload = try await store.createMultipart(key: key, contentType: nil, partSize: 1000)
      let part = try await store.putPart(key, upload, 1, pattern(1, 10))
      // As if the machine had stopped after the rename: the object is there, and so is the upload's directory.
      try FileManager.default.createDirectory(atPath: "\(store.root)/objects/files/a/b", withIntermediateDirectories: true)
      try FileManager.default.moveItem(atPath: "\(store.root)/uploads/\(upload)/data", toPath: store.path(of: key))
      await #expect(throws: ObjectStoreError.noSuchUpload) { _ = try await store.completeMultipart(key: key, upload: upload, parts: [part]) }
      #expect(try await store.head(key: key)?.size == 10)
      #expect(try uploads(store) == [])
    }
  }

  @Test func aTornPartRecordIsNone() async throws {
    try await withStore { store, _ in
      let key = try ObjectKey("files/a/b/c")
      let upload = try await store.createMultipart(key: key, contentType: nil, partSize: 1000)
      _ = try await store.putPart(key, upload, 1, pattern(1, 1000))
      _ = try await store.putPart(key, upload, 2, pattern(2, 1000))
      let table = try #require(FileHandle(forUpdatingAtPath: "\(store.root)/uploads/\(upload)/parts"))
      try table.seek(toOffset: 64 + 10)
      table.write(Data([0xff]))
      try table.close()
      #expect(try await store.listParts(key: key, upload: upload).map(\.number) == [1])
      _ = try await store.putPart(key, upload, 2, pattern(2, 1000))
      #expect(try await store.listParts(key: key, upload: upload).map(\.number) == [1, 2])
    }
  }

  @Test(.enabled(if: geteuid() == 0, "only root may mount a small disk")) func aFullDiskIsSaidSo() async throws {
    try await TestMachine.withDirectory { directory in
      let mount = Process()
      mount.executableURL = URL(fileURLWithPath: "/bin/mount")
      mount.arguments = ["-t", "tmpfs", "-o", "size=8m", "tmpfs", directory]
      try mount.run()
      mount.waitUntilExit()
      // The root of a container may not mount either.
      guard mount.terminationStatus == 0 else { return }
      defer { umount2(directory, Int32(MNT_DETACH)) }
      try await withStore(in: directory) { store, _ in
        let key = try ObjectKey("files/a/b/c")
        let upload = try await store.createMultipart(key: key, contentType: nil, partSize: 5 << 20)
        let first = try await store.putPart(key, upload, 1, pattern(1, 5 << 20))
        await #expect(throws: ObjectStoreError.storeFull) { _ = try await store.putPart(key, upload, 2, pattern(2, 5 << 20)) }
        let last = try await store.putPart(key, upload, 2, pattern(2, 1 << 20))
        _ = try await store.completeMultipart(key: key, upload: upload, parts: [first, last])
        let bytes = try await store.bytes(of: key)
        #expect(areSame(bytes, joined([pattern(1, 5 << 20), pattern(2, 1 << 20)])))
      }
    }
  }
}
