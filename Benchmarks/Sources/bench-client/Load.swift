import BenchContracts
import EventLoops
import RPC

/// Calls over one connection, `depth` of them at a time. Loop thread only.
final class Load: @unchecked Sendable {
  private let client: JettyBenchV1.ChunkMetadataClient
  private let channel: RPCChannel
  private let loop: EventLoop
  private let request: JettyBenchV1.RecordChunkRequest
  private var left = 0
  private var latencies: [UInt64] = []

  struct WrongAnswer: Error {}

  init(loop: EventLoop, port: UInt16) throws {
    self.loop = loop
    channel = RPCChannel(target: RPCTarget(.loopback(port: port)), loop: loop)
    client = JettyBenchV1.ChunkMetadataClient(channel)
    request = JettyBenchV1.RecordChunkRequest(
      fileId: "file_0123456789abcdef", chunkIndex: 5, hash: "sha256:" + String(repeating: "0b305af7", count: 8), edgeId: "sfo-1", size: 52_428_800)
  }

  /// Makes `calls` calls and returns how long each took, in nanoseconds.
  func run(calls: Int, depth: Int) async throws -> [UInt64] {
    left = calls
    latencies = []
    latencies.reserveCapacity(calls)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<depth {
        group.addTask(executorPreference: loop) { try await self.work() }
      }
      try await group.waitForAll()
    }
    return latencies
  }

  private func work() async throws {
    while left > 0 {
      left -= 1
      let started = loop.nowNanoseconds
      let answer = try await client.recordChunk(request, options: CallOptions(timeoutMilliseconds: 60_000))
      latencies.append(loop.nowNanoseconds - started)
      guard answer.ok, answer.ttlSeconds == 3600, answer.echoFileId == request.fileId else { throw WrongAnswer() }
    }
  }

  func close() { channel.close() }
}
