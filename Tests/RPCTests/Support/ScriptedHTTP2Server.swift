import EventLoops
import HTTP2
import TLS

/// An HTTP/2 server that answers each request as a test says, right or wrong. Use it on the loop.
final class ScriptedHTTP2Server: @unchecked Sendable {
  let address: SocketAddress
  private let loop: EventLoop
  private var listener: Listener?
  private(set) var connections: [Connection] = []

  /// - Parameter answer: called with each request's headers; `number` counts the requests from 1.
  init(_ loop: EventLoop, answer: @escaping (_ stream: Stream, _ number: Int) -> Void) throws {
    self.loop = loop
    var requests = 0
    var accept: ((Int32) -> Void)?
    let listener = try Listener(address: .loopback(port: 0), loop: loop) { descriptor, _ in accept?(descriptor) }
    address = listener.boundAddress
    self.listener = listener
    accept = { [weak self] descriptor in
      guard let self, let session = try? Session(role: .server) else { return }
      session.onRequest = { stream in
        requests += 1
        answer(stream, requests)
      }
      let connection = Connection(loop: loop, transport: Transport(plain: descriptor), session: session)
      connections.append(connection)
      connection.begin()
    }
  }

  func close() {
    listener?.close()
    listener = nil
    for connection in connections { connection.close() }
  }

  final class Stream: HTTP2Stream {
    weak var owner: Session?
    override func handle(_ events: HTTP2StreamEvents) {
      if events.contains(.headers) { owner?.onRequest(self) }
    }

    /// Headers, and trailers where given; without them the headers end the stream.
    func answer(_ fields: [(String, String)], trailers: [(String, String)]? = nil, body: [UInt8] = []) {
      output.append(contentsOf: body)
      respond(Self.fields(fields), endStream: trailers == nil)
      if let trailers { finish(trailers: Self.fields(trailers)) }
    }

    /// A proper answer with `body` as its one message.
    func succeed(_ body: [UInt8] = []) {
      answer(
        [(":status", "200"), ("content-type", "application/grpc")], trailers: [("grpc-status", "0")],
        body: [0, 0, 0, 0, UInt8(body.count)] + body)
    }

    private static func fields(_ pairs: [(String, String)]) -> HTTP2Fields {
      let fields = HTTP2Fields()
      for (name, value) in pairs { fields.add(name, value) }
      return fields
    }
  }

  final class Session: HTTP2Session {
    var onRequest: (Stream) -> Void = { _ in }
    weak var connection: Connection?

    override func makeStream() -> HTTP2Stream {
      let stream = Stream()
      stream.owner = self
      return stream
    }

    override func outputPending() { connection?.markDirty() }
  }

  final class Connection: Pollable {
    let session: Session
    private var transport: Transport?
    private(set) var isClosed = false

    init(loop: EventLoop, transport: consuming Transport, session: Session) {
      let descriptor = transport.descriptor
      self.transport = consume transport
      self.session = session
      super.init(loop: loop, descriptor: descriptor)
      session.connection = self
    }

    func begin() {
      setInterest(read: true, write: false)
      markDirty()
    }

    override func onReady(readable: Bool, writable: Bool) {
      var buffer = [UInt8](repeating: 0, count: 65_536)
      while !isClosed {
        let result = buffer.withUnsafeMutableBytes { raw -> IOResult in
          guard let base = raw.baseAddress else { return .closed }
          return transport?.read(into: base, count: raw.count) ?? .closed
        }
        switch result {
        case .bytes(let count):
          let isFine = buffer[..<count].withUnsafeBytes { raw in
            do {
              try session.receive(raw)
              return true
            } catch { return false }
          }
          if !isFine { return close() }
        case .wouldBlock: return
        case .closed, .failed: return close()
        }
      }
    }

    override func flush() {
      guard !isClosed, (try? session.produce(upTo: 1 << 20)) != nil else { return }
      send()
    }

    /// Bytes of the test's own, after what HTTP/2 has to say.
    func send(raw bytes: [UInt8]) {
      session.outbound.append(contentsOf: bytes)
      send()
    }

    private func send() {
      while !session.outbound.isEmpty {
        let result = session.outbound.withUnsafeBytes { raw -> IOResult in
          guard let base = raw.baseAddress else { return .closed }
          return transport?.write(from: base, count: raw.count) ?? .closed
        }
        guard case .bytes(let count) = result else { return }
        session.outbound.discardFirst(count)
      }
    }

    func close() {
      guard !isClosed else { return }
      isClosed = true
      stopWatching()
      session.close()
      transport = nil
    }
  }
}
