// The grpc-swift-2 peer: PORT. One event loop, and Swift's own pool for the handlers, which is how the library comes.
import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import GRPCProtobuf
import NIOPosix
import SwiftProtobuf

struct Chunks: Jetty_Bench_V1_ChunkMetadata.SimpleServiceProtocol {
  func recordChunk(
    request: Jetty_Bench_V1_RecordChunkRequest, context: ServerContext
  ) async throws -> Jetty_Bench_V1_RecordChunkResponse {
    recorded(request.fileID)
  }

  func putChunk(request: Jetty_Bench_V1_Chunk, context: ServerContext) async throws -> Jetty_Bench_V1_ChunkReceipt {
    .with { $0.byteCount = UInt64(request.content.count) }
  }

  func getChunk(request: Jetty_Bench_V1_ChunkRequest, context: ServerContext) async throws -> Jetty_Bench_V1_Chunk {
    .with { $0.content = Data(repeating: 0x6A, count: Int(request.byteCount)) }
  }

  func listChunks(
    request: Jetty_Bench_V1_ListChunksRequest, response: RPCWriter<Jetty_Bench_V1_RecordChunkResponse>, context: ServerContext
  ) async throws {
    for _ in 0..<request.count { try await response.write(recorded(request.fileID)) }
  }

  private func recorded(_ fileID: String) -> Jetty_Bench_V1_RecordChunkResponse {
    .with {
      $0.ok = true
      $0.ttlSeconds = 3600
      $0.echoFileID = fileID
    }
  }
}

guard CommandLine.arguments.count > 1, let port = UInt16(CommandLine.arguments[1]) else {
  print("usage: bench-server PORT")
  exit(64)
}
let server = GRPCServer(
  transport: .http2NIOPosix(
    address: .ipv4(host: "127.0.0.1", port: Int(port)), transportSecurity: .plaintext,
    eventLoopGroup: MultiThreadedEventLoopGroup(numberOfThreads: 1)),
  services: [Chunks()])
try await server.serve()
