import EventLoops
import Foundation
import JSON
import RPC

/// What the RPC servers and channels of one loop do at one moment.
struct RPCLoopSnapshot: Sendable {
  var servers: [ServerSnapshot] = []
  var channels: [ChannelSnapshot] = []
}

/// The servers and channels of all loops, for `/debug/rpc` on the admin port. Any thread.
final class RPCDebug: @unchecked Sendable {
  private struct Source: Sendable {
    let loop: EventLoop
    let snapshot: @Sendable () -> RPCLoopSnapshot
  }

  private let lock = NSLock()
  private var sources: [Source] = []

  /// - Parameter snapshot: run on `loop`.
  func add(_ loop: EventLoop, snapshot: @escaping @Sendable () -> RPCLoopSnapshot) {
    lock.withLock { sources.append(Source(loop: loop, snapshot: snapshot)) }
  }

  /// `{"loops": [{"loop": "loop-0", "servers": […], "channels": […]}]}`; nil if the asking task was cancelled.
  func json() async -> [UInt8]? {
    let sources = lock.withLock { self.sources }
    var json = JSONWriter(reservingCapacity: 4_096)
    json.beginObject()
    json.key("loops")
    json.beginArray()
    for source in sources {
      guard let snapshot = try? await source.loop.run({ source.snapshot() }) else { return nil }
      let now = source.loop.nowNanoseconds
      json.beginObject()
      json.key("loop")
      json.string(source.loop.name)
      json.key("servers")
      json.array(snapshot.servers) { $0.write($1, now) }
      json.key("channels")
      json.array(snapshot.channels) { $0.write($1, now) }
      json.endObject()
    }
    json.endArray()
    json.endObject()
    return json.bytes
  }
}
