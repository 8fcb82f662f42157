import HTTPClient
import Logging
import Model
import TestSupport
import Testing

@testable import EdgeWorker

/// What an edge does when the core or its own limits stand in the way.
@Suite(.timeLimit(.minutes(2))) struct EdgeFailureTests {
  private let last = Fixture.last

  @Test func aDeadCoreIsAnHonest503() async throws {
    try await EdgeHarness.run { [last] edge in
      let file = Fixture.file()
      edge.core.isDown = true
      let reply = try await edge.put(file, 1, last)
      #expect(reply.status == 503 && reply.head["retry-after"] != nil && !reply.error.isEmpty, "\(reply)")
      edge.core.isDown = false
      #expect(try await edge.put(file, 1, last).status == 200)
    }
  }

  @Test func aRecordIsRepeatedUntilItSucceeds() async throws {
    try await EdgeHarness.run { [last] (edge: EdgeHarness) async throws -> Void in
      let file = Fixture.file()
      edge.core.recordFailures = 2
      #expect(try await edge.put(file, 1, last).status == 200)
      edge.core.recordFailures = 1_000
      let other = Fixture.file()
      #expect(try await edge.put(other, 1, last).status == 503)
      edge.core.recordFailures = 0
      // The claim was kept, and the same bytes may come again.
      let kept = edge.record(other, 1)
      #expect(kept != nil && kept?.etag == nil)
      #expect(try await edge.put(other, 1, last).status == 200)
    }
  }

  @Test func anEndedUploadIsAConflict() async throws {
    try await EdgeHarness.run { [last] edge in
      edge.core.uploadStatus = .completed
      let reply = try await edge.put(Fixture.file(), 1, last)
      #expect(reply.status == 409 && reply.reason == "UPLOAD_ENDED")
    }
  }

  @Test func anUploadThatTheStoreForgotIsAskedAboutAgain() async throws {
    try await EdgeHarness.run { [last] edge in
      let file = Fixture.file()
      #expect(try await edge.put(file, 1, last).status == 200)
      guard let upload = edge.core.uploads.removeValue(forKey: file.text) else { return }
      try await edge.store.abortMultipart(key: upload.key, upload: upload.id)
      edge.core.chunks = [:]
      #expect(try await edge.put(file, 1, last).status == 503)
      #expect(try await edge.put(file, 1, last).status == 200)
    }
  }

  @Test func aBusyEdgeTurnsChunksAway() async throws {
    try await EdgeHarness.run(chunksMax: 2) { [last] edge in
      let file = Fixture.file()
      #expect(edge.activity.begin(Fixture.chunk(0)))
      #expect(edge.activity.begin(Fixture.chunk(0)))
      let reply = try await edge.put(file, 1, last)
      #expect(reply.status == 503 && reply.reason == "BUSY" && reply.head["retry-after"] == "1")
      edge.activity.end(Fixture.chunk(0))
      #expect(try await edge.put(file, 1, last).status == 200)
      edge.activity.end(Fixture.chunk(0))
    }
  }

  @Test func aClientThatGivesUpLeavesNothing() async throws {
    struct GaveUp: Error {}
    try await EdgeHarness.run { edge in
      let file = Fixture.file()
      let bytes = Fixture.first
      let request = HTTPClientRequest(
        .put, edge.base + "/api/edge/files/\(file)/chunks/0",
        headers: [("Authorization", "Bearer \(Fixture.token(for: file))"), ("Content-Digest", Fixture.digestField(bytes))])
      let sent = Counter()
      let body = HTTPClientBody(size: UInt64(bytes.count)) { buffer in
        guard sent.count < bytes.count / 2 else { throw GaveUp() }
        let count = min(buffer.count, 65_536)
        bytes.withUnsafeBytes { buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[sent.count..<sent.count + count])) }
        sent.count += count
        return count
      }
      await #expect(throws: GaveUp.self) { try await edge.client.send(request, body: body) }
      try await eventually(on: edge.loop) { edge.activity.activeChunks == 0 && edge.core.chunks.isEmpty }
      #expect(try await edge.put(file, 0, bytes).status == 200)
    }
  }

  private final class Counter { var count = 0 }

  @Test func manyChunksAtOnce() async throws {
    try await EdgeHarness.run(chunksMax: 40) { [last] edge in
      let files = (0..<40).map { _ in Fixture.file() }
      try await withThrowingTaskGroup(of: Int.self) { group in
        for file in files { group.addTask { try await edge.put(file, 1, last).status } }
        for try await status in group { #expect(status == 200) }
      }
      #expect(edge.core.getUploadCalls == 40 && edge.activity.activeChunks == 0)
    }
  }

  @Test func warmUpAndHealth() async throws {
    try await EdgeHarness.run { edge in
      #expect(try await edge.send(.post, "/api/warmup").json["ok"]?.boolValue == true)
      #expect(edge.coreChannel.readyConnections == 1)
      let health = try await edge.send(.get, "/healthz")
      #expect(health.status == 200 && health.json["edgeId"]?.stringValue == "sfo-1" && health.json["load"]?.uint64Value == 0)
    }
  }

  @Test func webPagesMayCall() async throws {
    try await EdgeHarness.run { edge in
      let reply = try await edge.send(.get, "/healthz", [(name: "Origin", value: "https://app.example")])
      #expect(reply.head["access-control-allow-origin"] == "*")
    }
  }

  @Test func heartbeats() async throws {
    try await EdgeHarness.run { edge in
      let heartbeat = Heartbeat(
        channel: edge.coreChannel, description: edge.description, activity: edge.activity, loop: edge.loop, log: Logger(label: "heartbeat-test"))
      let task = edge.loop.spawn { await heartbeat.run() }
      try await eventually(on: edge.loop) { edge.core.heartbeats.count >= 2 }
      task.cancel()
      try await eventually(on: edge.loop) { edge.core.heartbeats.last?.draining == true }
      #expect(edge.core.heartbeats[0].edgeId == "sfo-1" && edge.core.heartbeats[0].bandwidthMbps == 1000 && !edge.core.heartbeats[0].draining)
    }
  }
}
