import Bytes
import Contracts
import EventLoops
import Model
import RPC
import TestSupport
import Testing

@testable import UploadState

/// Collects what a watcher is told.
final class Watcher: @unchecked Sendable {
  private(set) var events: [StateEvent] = []
  private var task: Task<RPCError?, any Error>?

  init(_ session: TestSession, user: String? = nil) {
    task = Task.immediate(executorPreference: session.stack.loop) { [self] in
      try await failure {
        let request = WatchStateRequest(userId: user ?? session.user, fileId: session.file.text)
        try await session.stack.client.watchState(request, options: session.options) { reader in
          while let event = try await reader.next() { self.events.append(event) }
        }
      }
    }
  }

  /// What the stream ended with; nil for a good end.
  func end() async throws -> RPCError? { try await task?.value }

  func cancel() { task?.cancel() }
}

extension TestSession {
  /// As ChunkMetadata does when a chunk was recorded.
  func announce(_ index: UInt32, edge: String = "sfo-1") async throws {
    stored(index, edge: edge)
    let chunks = stack.chunks.stored[file.text] ?? [:]
    let event = StateEvent(
      chunksStored: UInt32(chunks.count), progress: chunks.values.reduce(0) { $0 + $1.size }, chunkIndex: index, hasChunk: true,
      edgeId: edge, at: stack.now)
    var buffer = ByteBuffer()
    try event.encode(into: &buffer)
    try await stack.redis.publish("progress:{\(file)}", .bytes(buffer.array))
  }
}

@Suite("Watching", .timeLimit(.minutes(4)))
struct WatchTests {
  @Test("one event at once, one for each chunk, and one for the end")
  func wholeStream() async throws {
    try await withState { stack in
      let session = TestSession(stack, chunks: 3)
      try await session.open()
      session.stored(0)
      let watcher = Watcher(session)
      try await eventually(on: stack.loop) { watcher.events.count == 1 }
      try await session.announce(2, edge: "lax-1")
      try await eventually(on: stack.loop) { watcher.events.count == 2 }
      try await session.announce(1)
      try await eventually(on: stack.loop) { watcher.events.count == 3 }
      try await session.close()
      #expect(try await watcher.end() == nil)

      #expect(watcher.events.map(\.chunksStored) == [1, 2, 3, 3])
      let bytes: [UInt64] = [5_242_880, 5_243_880, 10_486_760, 10_486_760]
      #expect(watcher.events.map(\.progress) == bytes)
      #expect(watcher.events.map(\.status) == [.inProgress, .inProgress, .inProgress, .completed])
      #expect(watcher.events.map(\.hasChunk) == [false, true, true, false])
      #expect(watcher.events[1].chunkIndex == 2)
      #expect(watcher.events[1].edgeId == "lax-1")
      #expect(watcher.events.allSatisfy { $0.chunksTotal == 3 && $0.total == session.plan.fileSize.rawValue && abs($0.at - stack.now) < 60_000 })
      #expect(stack.watch.watchers == 0)
    }
  }

  @Test("an upload that has ended has one event")
  func ended() async throws {
    try await withState { stack in
      let session = TestSession(stack)
      try await session.open()
      try await session.close(.aborted)
      let watcher = Watcher(session)
      #expect(try await watcher.end() == nil)
      #expect(watcher.events.map(\.status) == [.aborted])
    }
  }

  @Test("strangers watch nothing")
  func strangers() async throws {
    try await withState { stack in
      let session = TestSession(stack)
      #expect(try await Watcher(session).end()?.code == .notFound)
      try await session.open()
      #expect(try await Watcher(session, user: "usr_2").end()?.code == .notFound)
    }
  }

  @Test("a watcher that goes leaves nothing behind")
  func cancelled() async throws {
    try await withState { stack in
      let session = TestSession(stack)
      try await session.open()
      let watcher = Watcher(session)
      try await eventually(on: stack.loop) { watcher.events.count == 1 }
      #expect(stack.watch.watchers == 1)
      watcher.cancel()
      try await eventually(on: stack.loop) { stack.watch.watchers == 0 }
      try await eventually(on: stack.loop) {
        try await stack.redis.send(["PUBSUB", "NUMSUB", .string("progress:{\(session.file)}")]).array.last == .integer(0)
      }
    }
  }

  @Test("without Redis progress is still seen, and nothing is missed while it was away")
  func withoutRedis() async throws {
    let redis = try TestRedis()
    try await withState(redis: redis, seconds: 90) { stack in
      let session = TestSession(stack, chunks: 6)
      try await session.open()
      let watcher = Watcher(session)
      try await eventually(on: stack.loop) { watcher.events.count == 1 }
      redis.kill9()
      session.stored(0)
      session.stored(1)
      try await eventually(on: stack.loop, seconds: 20) { watcher.events.last?.chunksStored == 2 }
      // A watcher that comes now does without from its start.
      let late = Watcher(session)
      try await eventually(on: stack.loop, seconds: 20) { late.events.last?.chunksStored == 2 }
      try redis.restart()
      session.stored(2)
      try await eventually(on: stack.loop, seconds: 20) { watcher.events.last?.chunksStored == 3 && late.events.last?.chunksStored == 3 }
      // Recorded while nobody listened, and never announced.
      redis.kill9()
      for index in UInt32(3)..<6 { session.stored(index) }
      try await session.close()
      #expect(try await watcher.end() == nil)
      #expect(try await late.end() == nil)
      #expect(watcher.events.last?.status == .completed)
      #expect(watcher.events.map(\.chunksStored) == watcher.events.map(\.chunksStored).sorted())
    }
    redis.stop()
  }

  @Test("garbage on the channel harms nobody")
  func garbage() async throws {
    try await withState { stack in
      let session = TestSession(stack)
      try await session.open()
      let watcher = Watcher(session)
      try await eventually(on: stack.loop) { watcher.events.count == 1 }
      for junk in ["", "junk", "\u{8}\u{ff}"] { try await stack.redis.publish("progress:{\(session.file)}", .string(junk)) }
      try await session.announce(0)
      try await eventually(on: stack.loop) { watcher.events.last?.chunksStored == 1 }
      try await session.close()
      #expect(try await watcher.end() == nil)
    }
  }
}

@Suite("What is worth telling a watcher")
struct WatchedUploadTests {
  private let plan = UploadPlan(fileSize: .mebibytes(20), chunkSize: .mebibytes(5))!

  private func event(_ chunks: UInt32, chunk: UInt32? = nil, status: SessionStatus = .inProgress) -> ProgressEvent {
    ProgressEvent(
      status: status, chunksStored: chunks, bytesStored: .mebibytes(5 * UInt64(chunks)),
      chunk: chunk.map { ProgressEvent.Chunk(index: $0, edge: "sfo-1") }, at: 1)
  }

  @Test("the first truth is always told, the same one again never")
  func truth() {
    var watched = WatchedUpload(plan: plan)
    #expect(watched.heard(event(1, chunk: 0)) == nil, "before the truth was read nothing is told")
    #expect(watched.read(event(1)) == event(1))
    #expect(watched.read(event(1)) == nil)
    #expect(watched.read(event(2)) == event(2))
  }

  @Test("numbers never go back, and an overtaken chunk is still news")
  func overtaken() {
    var watched = WatchedUpload(plan: plan)
    _ = watched.read(event(0))
    _ = watched.heard(event(3, chunk: 2))
    let told = watched.heard(event(1, chunk: 0))
    #expect(told?.chunk?.index == 0)
    #expect(told?.chunksStored == 3)
    #expect(told?.bytesStored == .mebibytes(15))
    #expect(watched.read(event(2)) == nil)
  }

  @Test("nothing follows the end")
  func end() {
    var watched = WatchedUpload(plan: plan)
    _ = watched.read(event(4))
    #expect(watched.read(event(4, status: .completed))?.status == .completed)
    #expect(watched.isEnded)
    #expect(watched.heard(event(4, chunk: 1)) == nil)
    #expect(watched.read(event(4, status: .aborted)) == nil)
  }
}
