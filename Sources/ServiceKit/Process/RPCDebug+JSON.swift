import JSON
import RPC

extension JSONWriter {
  mutating func array<Element>(_ elements: [Element], _ write: (inout JSONWriter, Element) -> Void) {
    beginArray()
    for element in elements { write(&self, element) }
    endArray()
  }

  private mutating func member(_ name: StaticString, _ value: UInt64) {
    key(name)
    integer(value)
  }

  private mutating func member(_ name: StaticString, _ value: Int) { member(name, UInt64(clamping: value)) }

  private mutating func member(_ name: StaticString, _ value: String) {
    key(name)
    string(value)
  }

  private mutating func member(_ name: StaticString, _ value: Bool) {
    key(name)
    bool(value)
  }

  /// - Parameter now: CLOCK_MONOTONIC.
  private mutating func member(_ name: StaticString, _ calls: CallCounters, _ now: UInt64) {
    key(name)
    beginObject()
    member("started", calls.started)
    member("succeeded", calls.succeeded)
    member("failed", calls.failed)
    member("running", calls.running)
    key("millisecondsSinceLastStart")
    if calls.lastStartedNanoseconds == 0 { null() } else { integer((now &- calls.lastStartedNanoseconds) / 1_000_000) }
    endObject()
  }

  mutating func write(_ server: ServerSnapshot, _ now: UInt64) {
    beginObject()
    key("listening")
    array(server.listening) { $0.string("\($1)") }
    member("draining", server.isDraining)
    member("calls", server.calls, now)
    member("runningHandlers", server.runningHandlers)
    member("acceptedConnections", server.acceptedConnections)
    member("openConnections", server.openConnections)
    key("connections")
    array(server.connections) { $0.write($1, now) }
    endObject()
  }

  mutating func write(_ channel: ChannelSnapshot, _ now: UInt64) {
    beginObject()
    member("target", channel.target)
    member("state", channel.state.rawValue)
    member("policy", "\(channel.policy)")
    member("calls", channel.calls, now)
    member("waitingCalls", channel.waitingCalls)
    member("lookUps", channel.lookUps)
    key("retryTokens")
    if let tokens = channel.retryTokens { double(tokens) } else { null() }
    member("keepaliveMilliseconds", channel.keepaliveMilliseconds)
    key("servers")
    array(channel.servers) { $0.write($1, now) }
    endObject()
  }

  private mutating func write(_ server: ChannelSnapshot.Server, _ now: UInt64) {
    beginObject()
    member("address", "\(server.address)")
    member("state", server.state.rawValue)
    key("problem")
    if let problem = server.problem { string(problem) } else { null() }
    member("ejected", server.isEjected)
    member("calls", server.calls, now)
    member("connectionsMade", server.connectionsMade)
    member("connectionsFailed", server.connectionsFailed)
    key("connection")
    if let connection = server.connection { write(connection, now) } else { null() }
    endObject()
  }

  private mutating func write(_ connection: ConnectionSnapshot, _ now: UInt64) {
    beginObject()
    member("peer", "\(connection.peer)")
    member("tls", connection.isTLS)
    member("ageMilliseconds", connection.ageMilliseconds)
    member("openStreams", connection.openStreams)
    member("calls", connection.calls, now)
    member("messagesSent", connection.messagesSent)
    member("messagesReceived", connection.messagesReceived)
    member("keepalivesSent", connection.keepalivesSent)
    member("millisecondsSinceLastRead", connection.millisecondsSinceLastRead)
    endObject()
  }
}
