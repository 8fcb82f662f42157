import Contracts
import Doors
import EventLoops
import Model
import RPC

/// Sends a chunk on to an edge, by RPC. Loop thread only.
final class ChunkForwarder: @unchecked Sendable {
  private let channel: (String) throws -> RPCChannel
  private let loop: EventLoop
  private let limits: GatewayLimits
  /// Edges that failed lately.
  private var resting: [String: UInt64] = [:]

  private static let messageBytes = 256 << 10

  /// - Parameter channel: makes (or finds) the channel to an address.
  init(channel: @escaping (String) throws -> RPCChannel, loop: EventLoop, limits: GatewayLimits) {
    self.channel = channel
    self.loop = loop
    self.limits = limits
  }

  /// Tries edges in turn for as long as none of the chunk's bytes are spent: those that an edge took and lost cannot be sent again.
  /// - Throws: `RPCError` with what the edge said, or UNAVAILABLE.
  func send(_ chunk: IncomingChunk, along route: UploadRoutes.Route) async throws -> UploadChunkResponse {
    let edges = route.rota.order(draw: .random(in: 0..<1), resting: restingNow()).prefix(limits.edgesPerChunkMax)
    let counted = CountedSource(chunk.source)
    var failure = RPCError.problem(
      .unavailable, reason: "NO_LIVE_EDGE", message: "No edge can take this chunk for a moment. Send it again.", retryAfterSeconds: 1)
    for edge in edges {
      do {
        return try await send(chunk.announcement, counted, to: edge.address, route.token)
      } catch let error as RPCError where error.code == .unavailable {
        resting[edge.id] = loop.nowNanoseconds + limits.edgeRestMilliseconds * 1_000_000
        failure = error.problem == nil ? failure : error
        guard counted.count == 0 else { break }
      }
    }
    throw failure
  }

  private func send(
    _ announcement: ChunkAnnouncement, _ source: CountedSource, to address: String, _ token: String
  ) async throws -> UploadChunkResponse {
    var metadata = Metadata()
    metadata["authorization"] = "Bearer \(token)"
    let options = CallOptions(timeoutMilliseconds: limits.chunkMilliseconds, metadata: metadata)
    let header = ChunkHeader(fileId: announcement.fileID.text, chunkIndex: announcement.index.rawValue, hash: announcement.hash.text)
    return try await EdgeWorkerClient(channel(address)).uploadChunk(options: options) { writer in
      try await writer.write(UploadChunkRequest(part: .header(header)))
      let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.messageBytes, alignment: 16)
      defer { piece.deallocate() }
      while true {
        let count = try await source.read(into: piece)
        guard count > 0 else { return }
        try await writer.write(UploadChunkRequest(part: .data(Array(piece[..<count]))))
      }
    }
  }

  private func restingNow() -> Set<String> {
    let now = loop.nowNanoseconds
    resting = resting.filter { $0.value > now }
    return Set(resting.keys)
  }

  /// Knows whether anything has been taken from it.
  private final class CountedSource {
    private let source: any ByteSource
    private(set) var count: UInt64 = 0

    init(_ source: any ByteSource) { self.source = source }

    func read(into target: UnsafeMutableRawBufferPointer) async throws -> Int {
      let received = try await source.read(into: target)
      count += UInt64(received)
      return received
    }
  }
}
