import Contracts
import Doors
import RPC

/// The bytes of a chunk that came over HTTP.
final class SourceBytes: ChunkBytes {
  private let source: any ByteSource

  init(_ source: any ByteSource) { self.source = source }

  func read(into target: UnsafeMutableRawBufferPointer) async throws -> Int { try await source.read(into: target) }
}

/// The bytes of a chunk that come as messages of a client stream, after its header.
final class StreamedBytes: ChunkBytes {
  private let requests: RPCReader<UploadChunkRequest>
  private var message: [UInt8] = []
  private var position = 0

  init(_ requests: RPCReader<UploadChunkRequest>) { self.requests = requests }

  func read(into target: UnsafeMutableRawBufferPointer) async throws -> Int {
    while position == message.count {
      guard let next = try await requests.next() else { return 0 }
      guard case .data(let bytes)? = next.part else {
        throw RPCError.problem(.invalidArgument, reason: "INVALID_FIELD", field: "data", message: "data must follow the header, and nothing else")
      }
      message = bytes
      position = 0
    }
    let count = min(target.count, message.count - position)
    message.withUnsafeBytes { target.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[position..<position + count])) }
    position += count
    return count
  }
}
