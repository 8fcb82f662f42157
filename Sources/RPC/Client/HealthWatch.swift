import Bytes
import EventLoops
import HTTP2

/// Asks one server over its connection whether a service takes calls there, for as long as the connection lasts
/// (grpc.health.v1.Health/Watch; gRPC's client-side health checking). Loop thread only.
///
/// A server without that method counts as well: it cannot say otherwise.
final class HealthWatch: @unchecked Sendable {
  private enum Status {
    /// It has not said anything yet.
    case unknown
    case serving
    /// To be read after the address.
    case notServing(String)
  }

  private static let method = MethodDescriptor(service: "grpc.health.v1.Health", method: "Watch", type: .serverStreaming)

  private let service: String
  private let connection: ClientConnection
  private weak var channel: RPCChannel?
  private let loop: EventLoop
  private var status = Status.unknown
  private var task: Task<Void, Never>?
  var onChange: () -> Void = {}

  init(service: String, connection: ClientConnection, channel: RPCChannel) {
    self.service = service
    self.connection = connection
    self.channel = channel
    loop = channel.loop
  }

  var allowsCalls: Bool {
    if case .serving = status { true } else { false }
  }

  var refusal: String? {
    if case .notServing(let reason) = status { reason } else { nil }
  }

  func start() {
    task = loop.spawn { [self] in
      // Nothing of the call that happened to open the connection goes with it: neither its deadline nor its metadata.
      await RPCContext.$current.withValue(nil) { await watch() }
    }
  }

  func stop() { task?.cancel() }

  private func watch() async {
    var backoff = ReconnectBackoff(initialMilliseconds: 500, maximumMilliseconds: 30_000)
    while !Task.isCancelled, connection.isUsable {
      do {
        let (call, fields) = try prepare()
        defer { call.cancel() }
        try await follow(call, fields) { backoff.reset() }
        note(.notServing("has ended its health watch"))
      } catch let error as RPCError where error.code == .unimplemented {
        return note(.serving)
      } catch {
        if Task.isCancelled { return }
        note(.notServing("does not say whether it serves: \(error)"))
      }
      do {
        try await loop.sleep(milliseconds: backoff.nextDelayMilliseconds(chance: .random(in: 0..<1)))
      } catch { return }
    }
  }

  /// The channel is not kept while the call runs: it may be let go of meanwhile.
  private func prepare() throws(RPCError) -> (ClientCall, HTTP2Fields) {
    guard let channel else { throw RPCError(.unavailable, "the channel is gone") }
    let plan = try CallPlan(Self.method, CallOptions(), channel, isBound: false)
    let call = ClientCall(loop: loop, limits: channel.configuration.limits)
    call.begin(Self.method.type, deadlineNanoseconds: nil)
    try call.appendMessage(Question(service: service))
    call.finishWriting()
    return (call, plan.fields(channel, previousAttempts: 0, forLater: true))
  }

  /// One call of Watch, to its end.
  private func follow(_ call: ClientCall, _ fields: HTTP2Fields, _ answered: () -> Void) async throws {
    try call.open(on: connection, fields, now: loop.nowNanoseconds)
    let answers = RPCReader<Answer>(call)
    while let answer = try await answers.next() {
      answered()
      note(answer.isServing ? .serving : .notServing("says that it does not serve \(service.isEmpty ? "calls" : service)"))
    }
  }

  private func note(_ new: Status) {
    status = new
    onChange()
  }

  /// grpc.health.v1.HealthCheckRequest. Written by hand: Contracts stands above this module.
  private struct Question: RPCMessage {
    var service = ""
    init() {}
    init(service: String) { self.service = service }
    init(wire: UnsafeRawBufferPointer) throws(RPCError) { throw RPCError(.unimplemented, "only sent") }
    func encode(into buffer: inout ByteBuffer) throws(RPCError) { WireWriter.string(service, field: 1, into: &buffer) }
  }

  /// grpc.health.v1.HealthCheckResponse.
  private struct Answer: RPCMessage {
    private static let serving: UInt64 = 1
    var isServing = false
    init() {}
    init(wire: UnsafeRawBufferPointer) throws(RPCError) {
      do throws(WireReader.Malformed) {
        var reader = WireReader(wire)
        while let field = try reader.next() {
          if field.number == 1, let status = field.varint { isServing = status == Self.serving }
        }
      } catch { throw RPCError(.internalError, "the answer about health is malformed") }
    }
    func encode(into buffer: inout ByteBuffer) throws(RPCError) {}
  }
}
