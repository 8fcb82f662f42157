import Contracts
import EventLoops
import Logging
import Model
import RPC

/// Tells the core every few seconds that this edge lives, where, and how busy it is. One per process. Loop thread only.
public final class Heartbeat: @unchecked Sendable {
  private let client: EdgeSelectionClient
  private let description: EdgeDescription
  private let activity: EdgeActivity
  private let loop: EventLoop
  private let log: Logger
  private var throughput = Throughput()
  private var failures = 0

  private static let intervalSeconds: UInt64 = 10
  private static let retrySeconds: UInt64 = 2
  private static let timeoutMilliseconds: UInt64 = 3_000

  public init(channel: RPCChannel, description: EdgeDescription, activity: EdgeActivity, loop: EventLoop, log: Logger) {
    client = EdgeSelectionClient(channel)
    self.description = description
    self.activity = activity
    self.loop = loop
    self.log = log
  }

  /// Beats until the task is cancelled; then once more, to say that this edge takes no more.
  public func run() async {
    while !Task.isCancelled {
      let pause = await beat(draining: false)
      guard (try? await loop.sleep(milliseconds: pause * 1000)) != nil else { break }
    }
    // The cancelled task cannot call any more.
    loop.spawn { [self] in _ = await beat(draining: true) }
  }

  /// Seconds until the next.
  private func beat(draining: Bool) async -> UInt64 {
    let used = throughput.look(bytes: activity.bytesReceived, nowMilliseconds: loop.nowNanoseconds / 1_000_000)
    var location: Location?
    if let latitude = description.latitude, let longitude = description.longitude {
      location = Location(lat: latitude, lng: longitude, city: description.city)
    }
    let request = HeartbeatRequest(
      edgeId: description.id.text, url: description.url, rpcAddress: description.rpcAddress, loadPercent: activity.loadPercent,
      activeUploads: UInt32(clamping: activity.activeChunks), bandwidthMbps: description.capacityMbps - min(used, description.capacityMbps),
      draining: draining, city: description.city, country: description.country, location: location)
    do {
      let answer = try await client.heartbeat(request, options: CallOptions(timeoutMilliseconds: Self.timeoutMilliseconds))
      if failures > 0 { log.notice("the core hears this edge again") }
      failures = 0
      return answer.nextInSeconds == 0 ? Self.intervalSeconds : UInt64(min(max(answer.nextInSeconds, 1), 60))
    } catch {
      // Said once for each outage: the next attempts are soon and many.
      failures += 1
      if failures == 1 { log.warning("the core does not hear this edge", metadata: ["error": "\(error)"]) }
      return Self.retrySeconds
    }
  }
}
