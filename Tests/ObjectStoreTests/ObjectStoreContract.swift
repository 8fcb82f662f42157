import ObjectStore
import Testing

/// What every store must do. One list, run against each.
enum ObjectStoreContract {
  typealias Check = @Sendable (StoreFixture) async throws -> Void

  static let checks: [(name: String, check: Check)] = [
    ("small objects", smallObjects), ("missing objects", missingObjects), ("ranges", ranges), ("multipart", multipart),
    ("multipart with announced part size", multipartInPlace), ("replaced part", replacedPart),
    ("same part again", samePartAgain), ("failing body", failingBody),
    ("wrong sizes", wrongSizes), ("bad completion", badCompletion), ("abort", abort), ("parts at once", partsAtOnce),
    ("cancellation", cancellation), ("wrong key", wrongKey), ("refused arguments", refusedArguments), ("ready", ready),
  ]

  /// S3's own minimum, so that real services pass too.
  static let partBytes = Int(ObjectStoreLimits.partBytesMin)

  static func smallObjects(_ fixture: StoreFixture) async throws {
    let store = fixture.store
    let key = try ObjectKey("files/acc/usr/small.txt")
    let written = try await store.put(key: key, bytes: pattern(1, 1000), contentType: "text/plain")
    #expect(written.size == 1000)
    #expect(try await store.head(key: key) == written)
    #expect(try await store.bytes(of: key) == pattern(1, 1000))
    let replaced = try await store.put(key: key, bytes: pattern(2, 10), contentType: nil)
    #expect(replaced.etag != written.etag)
    #expect(try await store.bytes(of: key) == pattern(2, 10))
    let empty = try ObjectKey("files/acc/usr/empty")
    #expect(try await store.putEmpty(key: empty).size == 0)
    #expect(try await store.head(key: empty)?.size == 0)
    #expect(try await store.bytes(of: empty) == [])
    try await store.delete(key: key)
    #expect(try await store.head(key: key) == nil)
  }

  static func missingObjects(_ fixture: StoreFixture) async throws {
    let key = try ObjectKey("files/acc/usr/missing")
    #expect(try await fixture.store.head(key: key) == nil)
    await #expect(throws: ObjectStoreError.notFound(key.description)) { _ = try await fixture.store.bytes(of: key) }
    try await fixture.store.delete(key: key)
  }

  static func ranges(_ fixture: StoreFixture) async throws {
    let store = fixture.store
    let key = try ObjectKey("files/acc/usr/ranges")
    let bytes = pattern(3, 700_000)
    _ = try await store.put(key: key, bytes: bytes, contentType: nil)
    #expect(try await store.bytes(of: key, 0..<1) == Array(bytes[0..<1]))
    #expect(try await store.bytes(of: key, 300_000..<650_000) == Array(bytes[300_000..<650_000]))
    #expect(try await store.bytes(of: key, 699_990..<800_000) == Array(bytes[699_990...]))
    let info = try await store.read(key: key, range: 5..<10) { _ in }
    #expect(info.size == 700_000)
    await expect(.invalidRequest("")) { _ = try await store.bytes(of: key, 700_000..<700_001) }
    await expect(.invalidRequest("")) { _ = try await store.bytes(of: key, 5..<5) }
  }

  static func multipart(_ fixture: StoreFixture) async throws {
    try await roundTrip(fixture, key: ObjectKey("files/acc/usr/multipart"), partSize: nil)
  }

  static func multipartInPlace(_ fixture: StoreFixture) async throws {
    try await roundTrip(fixture, key: ObjectKey("files/acc/usr/in-place"), partSize: UInt64(partBytes))
  }

  private static func roundTrip(_ fixture: StoreFixture, key: ObjectKey, partSize: UInt64?) async throws {
    let store = fixture.store
    let upload = try await store.createMultipart(key: key, contentType: "video/mp4", partSize: partSize)
    #expect(try await store.listParts(key: key, upload: upload) == [])
    let pieces = [pattern(1, partBytes), pattern(2, partBytes), pattern(3, 12_345)]
    var parts: [CompletedPart] = []
    for number in [3, 1, 2] { parts.append(try await store.putPart(key, upload, number, pieces[number - 1])) }
    parts.sort { $0.number < $1.number }
    let listed = try await store.listParts(key: key, upload: upload)
    #expect(listed.map(\.number) == [1, 2, 3])
    #expect(listed.map(\.size) == pieces.map { UInt64($0.count) })
    #expect(listed.map(\.etag) == parts.map(\.etag))
    #expect(try await store.head(key: key) == nil, "nothing is to be seen before the upload is completed")
    let info = try await store.completeMultipart(key: key, upload: upload, parts: parts)
    #expect(info.size == UInt64(pieces.map(\.count).reduce(0, +)))
    #expect(try await store.head(key: key) == info)
    let stored = try await store.bytes(of: key)
    #expect(areSame(stored, joined(pieces)))
    do {
      #expect(try await store.completeMultipart(key: key, upload: upload, parts: parts) == info)
    } catch ObjectStoreError.noSuchUpload {}
    try await expectNoUpload(fixture, key, upload)
  }

  private static func expectNoUpload(_ fixture: StoreFixture, _ key: ObjectKey, _ upload: MultipartID) async throws {
    guard fixture.kind.refusesUnknownUploads else { return }
    await expect(.noSuchUpload) { _ = try await fixture.store.putPart(key, upload, 1, [1]) }
    let part = CompletedPart(number: 1, etag: try ETag("0123456789abcdef0123456789abcdef"))
    await expect(.noSuchUpload) { _ = try await fixture.store.completeMultipart(key: key, upload: upload, parts: [part]) }
  }

  static func replacedPart(_ fixture: StoreFixture) async throws {
    guard fixture.kind.replacesParts else { return }
    let store = fixture.store
    let key = try ObjectKey("files/acc/usr/replaced")
    let upload = try await store.createMultipart(key: key, contentType: nil, partSize: UInt64(partBytes))
    let old = try await store.putPart(key, upload, 1, pattern(1, partBytes))
    let last = try await store.putPart(key, upload, 2, pattern(2, 100))
    let new = try await store.putPart(key, upload, 1, pattern(9, partBytes))
    #expect(old.etag != new.etag)
    await expect(.invalidPart(number: nil)) { _ = try await store.completeMultipart(key: key, upload: upload, parts: [old, last]) }
    _ = try await store.completeMultipart(key: key, upload: upload, parts: [new, last])
    #expect(areSame(try await store.bytes(of: key), joined([pattern(9, partBytes), pattern(2, 100)])))
  }

  /// Whoever stores a part once more, after an answer was lost for instance, changes nothing.
  static func samePartAgain(_ fixture: StoreFixture) async throws {
    guard fixture.kind.replacesParts else { return }
    let store = fixture.store
    let key = try ObjectKey("files/acc/usr/same")
    let upload = try await store.createMultipart(key: key, contentType: nil, partSize: UInt64(partBytes))
    let first = try await store.putPart(key, upload, 1, pattern(1, partBytes))
    #expect(try await store.putPart(key, upload, 1, pattern(1, partBytes)) == first)
    let last = try await store.putPart(key, upload, 2, pattern(2, 100))
    #expect(try await store.putPart(key, upload, 2, pattern(2, 100)) == last)
    _ = try await store.completeMultipart(key: key, upload: upload, parts: [first, last])
    #expect(try await store.bytes(of: key) == pattern(1, partBytes) + pattern(2, 100))
    try await expectNoUpload(fixture, key, upload)
  }

  static func failingBody(_ fixture: StoreFixture) async throws {
    let store = fixture.store
    let key = try ObjectKey("files/acc/usr/failing")
    let upload = try await store.createMultipart(key: key, contentType: nil, partSize: UInt64(partBytes))
    let bad = FailingBody(pattern(fixture.kind.replacesParts ? 7 : 1, partBytes))
    await #expect(throws: FailingBody.WrongHash.self) {
      _ = try await store.putPart(key: key, upload: upload, number: 1, size: UInt64(partBytes), body: bad)
    }
    #expect(try await store.listParts(key: key, upload: upload) == [])
    let good = try await store.putPart(key, upload, 1, pattern(1, partBytes))
    await #expect(throws: FailingBody.WrongHash.self) {
      _ = try await store.putPart(key: key, upload: upload, number: 1, size: UInt64(partBytes), body: bad)
    }
    #expect(try await store.listParts(key: key, upload: upload).map(\.etag) == [good.etag])
    _ = try await store.completeMultipart(key: key, upload: upload, parts: [good])
    #expect(areSame(try await store.bytes(of: key), pattern(1, partBytes)))
  }

  static func wrongSizes(_ fixture: StoreFixture) async throws {
    let store = fixture.store
    let key = try ObjectKey("files/acc/usr/sizes")
    let upload = try await store.createMultipart(key: key, contentType: nil, partSize: 1 << 20)
    for (given, said) in [(999_999, 1_000_000), (1_000_001, 1_000_000), (0, 1), (2, 1)] {
      await expect(.sizeMismatch(expected: 0, received: 0)) {
        _ = try await store.putPart(key: key, upload: upload, number: 1, size: UInt64(said), body: ByteArrayBody(pattern(1, given)))
      }
    }
    #expect(try await store.listParts(key: key, upload: upload) == [])
    try await store.abortMultipart(key: key, upload: upload)
  }

  static func badCompletion(_ fixture: StoreFixture) async throws {
    let store = fixture.store
    let key = try ObjectKey("files/acc/usr/completion")
    let upload = try await store.createMultipart(key: key, contentType: nil, partSize: nil)
    let first = try await store.putPart(key, upload, 1, pattern(1, partBytes))
    let second = try await store.putPart(key, upload, 2, pattern(2, 10))
    let never = CompletedPart(number: 3, etag: second.etag)
    await expect(.invalidPart(number: nil)) { _ = try await store.completeMultipart(key: key, upload: upload, parts: [first, second, never]) }
    await expect(.invalidPart(number: nil)) { _ = try await store.completeMultipart(key: key, upload: upload, parts: [second, first]) }
    await expect(.invalidRequest("")) { _ = try await store.completeMultipart(key: key, upload: upload, parts: []) }
    #expect(try await store.head(key: key) == nil)
    guard fixture.kind.survivesBadCompletion else { return }
    let info = try await store.completeMultipart(key: key, upload: upload, parts: [first, second])
    #expect(info.size == UInt64(partBytes) + 10)
  }

  static func abort(_ fixture: StoreFixture) async throws {
    let store = fixture.store
    let key = try ObjectKey("files/acc/usr/abort")
    let upload = try await store.createMultipart(key: key, contentType: nil)
    _ = try await store.putPart(key, upload, 1, pattern(1, 100))
    try await store.abortMultipart(key: key, upload: upload)
    try await store.abortMultipart(key: key, upload: upload)
    try await expectNoUpload(fixture, key, upload)
    #expect(try await store.head(key: key) == nil)
  }

  static func partsAtOnce(_ fixture: StoreFixture) async throws {
    let store = fixture.store
    let key = try ObjectKey("files/acc/usr/at-once")
    let upload = try await store.createMultipart(key: key, contentType: nil, partSize: UInt64(partBytes))
    let parts = try await withThrowingTaskGroup(of: CompletedPart.self) { group in
      for number in 1...6 { group.addTask { try await store.putPart(key, upload, number, pattern(number, partBytes)) } }
      // The same part twice at the same moment: either may win, both are whole.
      if fixture.kind.takesPartsTwiceAtOnce { group.addTask { try await store.putPart(key, upload, 3, pattern(3, partBytes)) } }
      return try await group.reduce(into: [CompletedPart]()) { $0.append($1) }
    }
    #expect(parts.count >= 6)
    let stored = try await store.listParts(key: key, upload: upload).map { CompletedPart(number: $0.number, etag: $0.etag) }
    _ = try await store.completeMultipart(key: key, upload: upload, parts: stored)
    let bytes = try await store.bytes(of: key)
    #expect(areSame(bytes, joined((1...6).map { pattern($0, partBytes) })))
  }

  static func cancellation(_ fixture: StoreFixture) async throws {
    let store = fixture.store
    let loop = fixture.loop
    let key = try ObjectKey("files/acc/usr/cancelled")
    let upload = try await store.createMultipart(key: key, contentType: nil, partSize: 1 << 20)
    let task = Task(executorPreference: loop) {
      try await store.putPart(key: key, upload: upload, number: 1, size: 2000, body: StalledBody(loop: loop))
    }
    try await loop.sleep(milliseconds: 50)
    task.cancel()
    await #expect(throws: CancellationError.self) { _ = try await task.value }
    let part = try await store.putPart(key, upload, 1, pattern(4, 2000))
    _ = try await store.completeMultipart(key: key, upload: upload, parts: [part])
    #expect(try await store.bytes(of: key) == pattern(4, 2000))
  }

  static func wrongKey(_ fixture: StoreFixture) async throws {
    let store = fixture.store
    let key = try ObjectKey("files/acc/usr/right")
    let other = try ObjectKey("files/acc/usr/wrong")
    let upload = try await store.createMultipart(key: key, contentType: nil)
    try await expectNoUpload(fixture, other, upload)
    await expect(.noSuchUpload) { _ = try await store.listParts(key: key, upload: MultipartID("00000000000000000000000000000000")) }
    try await store.abortMultipart(key: key, upload: upload)
  }

  static func refusedArguments(_ fixture: StoreFixture) async throws {
    let store = fixture.store
    let key = try ObjectKey("files/acc/usr/arguments")
    let upload = try await store.createMultipart(key: key, contentType: nil)
    for number in [0, -1, 10_001] { await expect(.invalidRequest("")) { _ = try await store.putPart(key, upload, number, [1]) } }
    await expect(.invalidRequest("")) { _ = try await store.putPart(key, upload, 1, []) }
    await expect(.invalidRequest("")) {
      _ = try await store.put(key: key, bytes: [UInt8](repeating: 0, count: ObjectStoreLimits.smallObjectBytesMax + 1), contentType: nil)
    }
    try await store.abortMultipart(key: key, upload: upload)
  }

  static func ready(_ fixture: StoreFixture) async throws {
    try await fixture.store.check()
  }

  /// The same kind of error; what it carries differs between stores.
  static func expect(_ expected: ObjectStoreError, _ body: () async throws -> Void, _ location: SourceLocation = #_sourceLocation) async {
    do {
      try await body()
      Issue.record("no error, but \(expected) was expected", sourceLocation: location)
    } catch let error as ObjectStoreError {
      #expect(kind(error) == kind(expected), "\(error)", sourceLocation: location)
    } catch {
      Issue.record("\(error), but \(expected) was expected", sourceLocation: location)
    }
  }

  private static func kind(_ error: ObjectStoreError) -> String {
    Mirror(reflecting: error).children.first?.label ?? "\(error)"
  }
}
