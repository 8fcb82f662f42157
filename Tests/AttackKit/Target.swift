import Bytes
import Contracts
import EventLoops
import HTTPServer
import RPC

/// The servers that are attacked, with everything at its default unless told otherwise. Loop thread only.
public final class Target: @unchecked Sendable {
  public let rpc: RPCServer
  public let http: HTTPServer
  public let rpcPort: UInt16
  public let httpPort: UInt16

  /// Answers what it was sent.
  public static let echoPath = "/target.Target/Echo"
  /// Answers 64 KiB.
  static let fetchPath = "/target.Target/Fetch"
  /// Reads until the client ends, then answers.
  static let holdPath = "/target.Target/Hold"
  /// Decodes a message of many small objects.
  static let decodePath = "/target.Target/Decode"
  static let echo = MethodDescriptor(service: "target.Target", method: "Echo")
  private static let fetchBytes = 64 << 10

  public init(
    loop: EventLoop, rpc configuration: RPCServerConfiguration = RPCServerConfiguration(), httpLimits: HTTPServerLimits = HTTPServerLimits()
  ) throws {
    let router = RPCRouter()
    router.unary(Self.echo) { (request: Blob, _) in request }
    router.unary(MethodDescriptor(service: "target.Target", method: "Fetch")) { (_: Blob, _) in Blob(size: Self.fetchBytes) }
    router.unary(MethodDescriptor(service: "target.Target", method: "Decode")) { (_: ListChunksResponse, _) in Blob() }
    router.clientStreaming(MethodDescriptor(service: "target.Target", method: "Hold", type: .clientStreaming)) { (requests: RPCReader<Blob>, _) in
      while try await requests.next() != nil {}
      return Blob()
    }
    rpc = RPCServer(loop: loop, router: router, configuration: configuration)
    rpcPort = try rpc.listen(.loopback(port: 0)).port ?? 0
    http = HTTPServer(loop: loop, configuration: HTTPServerConfiguration(limits: httpLimits)) { await Self.answer($0) }
    httpPort = try http.listen(.loopback(port: 0)).port ?? 0
  }

  public func port(_ door: Attack.Door) -> UInt16 { door == .rpc ? rpcPort : httpPort }

  public func close() async {
    rpc.close()
    await http.shutdown(graceMilliseconds: 0)
  }

  private static func answer(_ request: HTTPRequest) async -> HTTPResponse {
    do {
      switch request.path {
      case echoPath: return HTTPResponse(contentType: "application/octet-stream", try await request.body.collect(bytesMax: 1 << 20))
      case fetchPath: return HTTPResponse(contentType: "application/octet-stream", [UInt8](repeating: 1, count: fetchBytes))
      case holdPath: return .text("\(try await request.body.drain(bytesMax: 1 << 20))")
      default: return .problem(404, "There is nothing here.")
      }
    } catch let error as HTTPBodyError {
      return .problem(error)
    } catch {
      return .problem(500, "\(error)")
    }
  }
}

/// A message that is its bytes.
struct Blob: RPCMessage {
  var bytes: [UInt8] = []

  init() {}
  init(size: Int) { bytes = [UInt8](repeating: 1, count: size) }
  init(wire: UnsafeRawBufferPointer) throws(RPCError) { bytes = [UInt8](wire) }
  func encode(into buffer: inout ByteBuffer) throws(RPCError) { buffer.append(contentsOf: bytes) }
}
