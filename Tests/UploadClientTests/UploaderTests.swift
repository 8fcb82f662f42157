import EventLoops
import Foundation
import HTTPClient
import Model
import TestSupport
import Testing

@testable import UploadClient

@Suite(.timeLimit(.minutes(2)))
struct UploaderTests {
  let scratch: Scratch
  /// 23 MiB: five chunks of 5 MiB, the last one shorter.
  let bytes: [UInt8]
  let path: String

  init() throws {
    scratch = try Scratch()
    var random = SeededRandom(seed: 11)
    var bytes = [UInt8](repeating: 0, count: 23 << 20)
    for index in stride(from: 0, to: bytes.count, by: 977) { bytes[index] = UInt8.random(in: 0...255, using: &random) }
    self.bytes = bytes
    path = try scratch.file("data.bin", bytes)
  }

  /// Runs one upload (or what `body` makes of the uploader) against a service that `prepare` has spoilt.
  func run(
    patienceMilliseconds: UInt64 = 20_000, threads: Int? = nil, prepare: (@Sendable (FakeService) -> Void)? = nil,
    doing body: (@Sendable (Uploader, FakeService) async throws -> UploadResult)? = nil
  ) async throws -> (result: UploadResult, service: FakeService) {
    let (path, journals) = (path, JournalStore(directory: scratch.path + "/journals"))
    return try await withEventLoop(seconds: 90) { loop in
      let service = FakeService()
      try service.start(on: loop)
      prepare?(service)
      var options = UploadOptions(user: try #require(UserID("u")))
      options.patienceMilliseconds = patienceMilliseconds
      options.threads = threads
      let http = HTTPClient(loop: loop)
      let uploader = Uploader(
        gateway: GatewayClient(http: http, baseURL: service.url, apiKey: "key"), http: http, journals: journals, options: options, onEvent: { _ in })
      defer { http.close() }
      let result = if let body { try await body(uploader, service) } else { try await uploader.upload(path: path) }
      await service.stop()
      return (result, service)
    }
  }

  @Test func everyChunkArrivesOverSeveralEdges() async throws {
    let (result, service) = try await run()
    #expect(service.content == bytes)
    #expect(service.finalized == 1)
    #expect(service.requests.count == 3)
    #expect(result.chunksSent == 5 && result.chunksTotal == 5 && result.bytesSent == UInt64(bytes.count))
    #expect(result.cost == Price.transfer(of: ByteCount(UInt64(bytes.count))))
    #expect(JournalStore(directory: scratch.path + "/journals").all().isEmpty)
  }

  @Test func aDuplicateIsNotSent() async throws {
    let (result, service) = try await run(prepare: { $0.isDuplicate = true })
    #expect(result.isDuplicate && result.bytesSent == 0 && result.savedCost == MicroDollars(7))
    #expect(service.requests.isEmpty && service.finalized == 0)
  }

  @Test func anEmptyFileNeedsNoChunk() async throws {
    let empty = try scratch.file("empty", [])
    let (result, service) = try await run(doing: { uploader, _ in try await uploader.upload(path: empty) })
    #expect(result.chunksTotal == 0 && service.requests.isEmpty && service.finalized == 1)
  }

  @Test func aDeadEdgeIsWorkedAround() async throws {
    let (result, service) = try await run(prepare: { $0.verdict = { edge, _, _ in edge == "a" ? 503 : 200 } })
    #expect(service.content == bytes)
    #expect(result.edges.first { $0.id.text == "a" }?.failures ?? 0 > 0)
    #expect(result.edges.first { $0.id.text == "a" }?.chunks == 0)
  }

  @Test func everyChunkMayFailOnce() async throws {
    let (_, service) = try await run(prepare: { service in
      var seen: Set<UInt32> = []
      service.verdict = { _, index, _ in seen.insert(index).inserted ? 500 : 200 }
    })
    #expect(service.content == bytes)
  }

  @Test func anExpiredTokenIsRenewed() async throws {
    let (_, service) = try await run(prepare: { service in service.verdict = { _, _, token in token == "token-1" ? 401 : 200 } })
    #expect(service.content == bytes)
    #expect(service.plans == 2)
  }

  @Test func aTokenThatIsNeverGoodEndsTheUpload() async throws {
    await #expect {
      _ = try await run(prepare: { $0.verdict = { _, _, _ in 401 } })
    } throws: {
      ($0 as? UploadFailure)?.kind == .unauthorized
    }
  }

  @Test func patienceEnds() async throws {
    await #expect {
      _ = try await run(patienceMilliseconds: 1_500, prepare: { $0.verdict = { _, _, _ in 503 } })
    } throws: {
      ($0 as? UploadFailure)?.kind == .unavailable
    }
  }

  @Test func whatTheServiceForgotIsSentAgain() async throws {
    let (result, service) = try await run(prepare: { $0.forgettings = 1 })
    #expect(service.content == bytes)
    #expect(result.chunksSent == 6)
  }

  @Test func aFileChangedWhileItIsSentIsNoticed() async throws {
    let path = path
    await #expect {
      _ = try await run(threads: 1, doing: { uploader, service in
        service.verdict = { _, index, _ in
          if index == 2, let handle = FileHandle(forWritingAtPath: path) {
            try? handle.seek(toOffset: 22 << 20)
            try? handle.write(contentsOf: Data([1, 2, 3]))
            try? handle.close()
          }
          return 200
        }
        return try await uploader.upload(path: path)
      })
    } throws: {
      ($0 as? UploadFailure)?.kind == .fileChanged
    }
  }

  /// Stopped half-way: state is saved, the journal stays, and going on sends only what is missing.
  @Test func anInterruptedUploadGoesOn() async throws {
    let path = path
    let (result, service) = try await run(threads: 1, doing: { uploader, service in
      let running = SendableBox<Task<Void, Never>?>(nil)
      service.verdict = { _, _, _ in
        if service.chunks.count == 2 { running.value?.cancel() }
        return 200
      }
      let stopped = SendableBox<(any Error)?>(nil)
      let task = EventLoop.current?.spawn {
        do {
          _ = try await uploader.upload(path: path)
        } catch {
          stopped.value = error
        }
      }
      running.value = task
      await task?.value
      #expect(stopped.value is CancellationError)
      #expect(service.savedStates == 1)
      let sentBefore = service.chunks.count
      #expect((2...3).contains(sentBefore))
      service.verdict = { _, _, _ in 200 }
      let result = try await uploader.resume(path: path, id: nil)
      #expect(result.chunksSent == 5 - sentBefore)
      return result
    })
    #expect(service.content == bytes)
    #expect(result.hashSeconds < 1)
    await #expect {
      _ = try await run(doing: { uploader, _ in try await uploader.resume(path: path, id: nil) })
    } throws: {
      ($0 as? UploadFailure)?.kind == .notFound
    }
  }

  /// An upload that ended is known by its id only, which says nothing of the file at hand.
  @Test func goingOnWithAnEndedUploadTakesOnlyItsOwnFile() async throws {
    let path = path
    let id = FileID(unixMilliseconds: 1_732_000_000_000)
    let own = try await run(prepare: { $0.isEnded = true }, doing: { uploader, service in
      service.storedHash = try await FileHasher.digest(
        SourceFile(path: path), plan: try #require(UploadPlan(fileSize: SourceFile(path: path).size)), on: uploaderLoop()).fileHash.text
      return try await uploader.resume(path: path, id: id)
    })
    #expect(own.result.url == "http://file" && own.result.bytesSent == 0)
    await #expect {
      _ = try await run(
        prepare: { service in
          service.isEnded = true
          service.storedHash = "sha256:" + String(repeating: "0", count: 64)
        }, doing: { uploader, _ in try await uploader.resume(path: path, id: id) })
    } throws: {
      ($0 as? UploadFailure)?.kind == .fileChanged
    }
  }

  @Test func anUploadThatWasGivenUpIsForgotten() async throws {
    await #expect {
      _ = try await run(prepare: { service in
        service.isGivenUp = true
        service.verdict = { _, _, _ in
          service.isEnded = service.chunks.count == 2
          return 200
        }
      })
    } throws: {
      ($0 as? UploadFailure)?.reason == "UPLOAD_ENDED"
    }
    #expect(JournalStore(directory: scratch.path + "/journals").all().isEmpty)
  }

  /// Two send one upload; the other one finalizes first.
  @Test func anUploadThatSomebodyElseFinishesIsFinished() async throws {
    let (result, service) = try await run(threads: 1, prepare: { service in
      service.verdict = { _, _, _ in
        service.isEnded = service.chunks.count == 2
        return 200
      }
    })
    #expect(result.url == "http://file" && result.chunksSent == 2)
    #expect(service.finalized == 1)
  }

  @Test func roundTripsAreReported() async throws {
    try await withEventLoop { loop in
      let service = FakeService()
      try service.start(on: loop)
      let http = HTTPClient(loop: loop)
      defer { http.close() }
      let pinger = EdgePinger(
        http: http, gateway: GatewayClient(http: http, baseURL: service.url, apiKey: "key"), user: try #require(UserID("u")))
      // Nobody listens on port 1.
      let dead = (id: try #require(EdgeID("dead")), url: "http://127.0.0.1:1", weight: 0.5)
      await pinger.run([(id: try #require(EdgeID("a")), url: service.url + "/a/", weight: 0.5), dead])
      #expect(service.probes.map(\.edgeId) == ["a"])
      #expect(service.probes.allSatisfy { $0.rttMilliseconds > 0 && $0.rttMilliseconds < 5_000 })
      await service.stop()
    }
  }

  @Test func aWrongKeyIsSaidSo() async throws {
    let path = path
    await #expect {
      _ = try await run(doing: { uploader, service in
        let http = HTTPClient(loop: try #require(EventLoop.current))
        let other = Uploader(
          gateway: GatewayClient(http: http, baseURL: service.url + "/", apiKey: "wrong"), http: http, journals: nil,
          options: UploadOptions(user: try #require(UserID("u"))), onEvent: { _ in })
        return try await other.upload(path: path)
      })
    } throws: {
      ($0 as? UploadFailure)?.kind == .unauthorized && ($0 as? UploadFailure)?.message == "no such key"
    }
  }
}

private func uploaderLoop() throws -> EventLoop { try #require(EventLoop.current) }

final class SendableBox<Value>: @unchecked Sendable {
  var value: Value
  init(_ value: Value) { self.value = value }
}
