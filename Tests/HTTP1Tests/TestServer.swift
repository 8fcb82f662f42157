import EventLoops
import Glibc
import HTTP1
import HTTPServer
import TLS

/// A server on a loop of its own, on a free port, with handlers for each thing that is tested.
struct TestServer {
  let loop: EventLoop
  let port: UInt16
  private let server: HTTPServer

  static func start(limits: HTTPServerLimits = HTTPServerLimits(), tls: TLSContext? = nil) async throws -> TestServer {
    let loop = try EventLoop(name: "http-test")
    try loop.start()
    let (server, port) = try await loop.run {
      let server = HTTPServer(loop: loop, configuration: HTTPServerConfiguration(limits: limits, tls: tls), handler: handle)
      return (server, try server.listen(.loopback(port: 0)).port ?? 0)
    }
    return TestServer(loop: loop, port: port, server: server)
  }

  func statistics() async throws -> HTTPServerStatistics {
    let server = server
    return try await loop.run { server.statistics }
  }

  func beginGracefulShutdown() async throws {
    let server = server
    try await loop.run { server.beginGracefulShutdown() }
  }

  func discourageReuse() async throws {
    let server = server
    try await loop.run { server.discourageReuse() }
  }

  /// Runs `body` in one turn of the loop: the server sees all that it has sent at once.
  func inOneTurn(_ body: @escaping @Sendable () throws -> Void) async throws {
    try await loop.run { try body() }
  }

  /// Begins the shutdown in the same turn of the loop in which `body` has run: what it sent lies in the kernel, unread.
  func beginGracefulShutdown(after body: @escaping @Sendable () throws -> Void) async throws {
    let server = server
    try await loop.run {
      try body()
      server.beginGracefulShutdown()
    }
  }

  func stop() async throws {
    let server = server
    try await loop.run { await server.shutdown(graceMilliseconds: 100) }
    loop.stop()
  }

  private static func handle(_ request: HTTPRequest) async -> HTTPResponse {
    do {
      return try await route(request)
    } catch let error as HTTPBodyError {
      return .problem(error)
    } catch {
      return .problem(500, "\(error)")
    }
  }

  private static func route(_ request: HTTPRequest) async throws -> HTTPResponse {
    switch request.path {
    case "/echo":
      let body = try await request.body.collect(bytesMax: 64 << 20)
      return HTTPResponse(contentType: request.fields["content-type"] ?? "application/octet-stream", body)
    case "/count":
      // A slow reader with a small buffer: the client must be held back.
      let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 32 * 1024, alignment: 16)
      defer { piece.deallocate() }
      var total = 0
      while true {
        let count = try await request.body.read(into: piece)
        guard count > 0 else { return .text("\(total)") }
        total += count
        if request.query == "slow" { try await request.loop.sleep(milliseconds: 1) }
      }
    case "/limit":
      return .text("\(try await request.body.collect(bytesMax: 10).count)")
    case "/ignore":
      return .text("ignored")
    case "/sleep":
      try await request.loop.sleep(milliseconds: UInt64(request.query) ?? 300)
      return .text("slept")
    case "/stream":
      let pieces = Int(request.query) ?? 10
      return HTTPResponse(
        status: 200,
        body: .stream(length: nil) { writer in
          for index in 0..<pieces { try await writer.write([UInt8](repeating: UInt8(truncatingIfNeeded: index), count: 65_536)) }
        })
    case "/broken":
      return HTTPResponse(
        status: 200,
        body: .stream(length: nil) { writer in
          try await writer.write("half of it")
          throw HTTPBodyError.clientGone
        })
    case "/file":
      return HTTPResponse(status: 200, body: .file(HTTPFileSlice(owning: open(request.query, O_RDONLY), offset: 10, count: 300_000)))
    case "/nothing":
      return HTTPResponse(status: 204)
    default:
      return .text("\(request.method) \(request.path) \(request.query) \(request.version.rawValue) \(request.authority)")
    }
  }
}
