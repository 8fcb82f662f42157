import Model

/// The picture of all edges that one loop selects from. Read on every selection, so it lives in memory and is replaced as a whole
/// from the registry every other second; what this loop hears itself goes in at once.
public final class EdgeDirectory {
  public private(set) var records: [EdgeRecord] = []
  private var positions: [EdgeID: Int] = [:]

  public init() {}

  public subscript(id: EdgeID) -> EdgeRecord? { positions[id].map { records[$0] } }

  /// Takes over what the registry says. Where this loop has heard an edge more recently, its word stands.
  public func replaceAll(with loaded: [EdgeRecord]) {
    var merged = loaded
    for index in merged.indices {
      guard let own = self[merged[index].site.id]?.status, own.heardAt > (merged[index].status?.heardAt ?? .min) else { continue }
      merged[index].status = own
    }
    records = merged
    positions = Dictionary(merged.indices.map { (merged[$0].site.id, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// An edge spoke. Its last probe is kept, it says nothing about that.
  public func heard(_ status: EdgeStatus, from site: EdgeSite) {
    guard let position = positions[site.id] else {
      positions[site.id] = records.count
      records.append(EdgeRecord(site: site, status: status))
      return
    }
    var status = status
    status.probeMilliseconds = status.probeMilliseconds ?? records[position].status?.probeMilliseconds
    records[position].status = status
  }

  /// A probe of an edge came back.
  public func probed(_ id: EdgeID, milliseconds: Double) {
    guard let position = positions[id] else { return }
    records[position].status?.probeMilliseconds = milliseconds
  }

  public func live(at now: Int64) -> [EdgeRecord] { records.filter { $0.isLive(at: now) } }
}
