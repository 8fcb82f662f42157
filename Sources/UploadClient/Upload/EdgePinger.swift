import Contracts
import EventLoops
import HTTPClient
import Model

/// Takes the round trip to each edge and tells the service, which then knows better than by the map. Loop thread only.
///
/// A courtesy: whatever goes wrong is left at that.
struct EdgePinger: Sendable {
  let http: HTTPClient
  let gateway: GatewayClient
  let user: UserID

  static let timeoutMilliseconds: UInt64 = 5_000

  func run(_ edges: [(id: EdgeID, url: String, weight: Double)]) async {
    var probes: [EdgeProbe] = []
    for edge in edges {
      guard !Task.isCancelled else { return }
      guard let milliseconds = await roundTrip(to: edge.url) else { continue }
      probes.append(EdgeProbe(edgeId: edge.id.text, rttMilliseconds: milliseconds))
    }
    guard !probes.isEmpty else { return }
    _ = try? await gateway.reportProbe(ReportProbeRequest(userId: user.text, probes: probes))
  }

  /// The first request may have to connect; the second one is a round trip.
  private func roundTrip(to url: String) async -> Double? {
    let base = url.last == "/" ? String(url.dropLast()) : url
    let request = HTTPClientRequest(.get, base + "/healthz", timeoutMilliseconds: Self.timeoutMilliseconds)
    var taken: UInt64 = 0
    for _ in 0..<2 {
      let start = http.loop.nowNanoseconds
      guard let reply = try? await http.send(request, responseBytesMax: 64 << 10), reply.status < 500 else { return nil }
      taken = http.loop.nowNanoseconds - start
    }
    return Double(taken) / 1e6
  }
}
