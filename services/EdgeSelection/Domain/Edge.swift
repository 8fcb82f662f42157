import Model

/// A place where an edge can stand. The registry holds a few hundred; most of them sleep.
public struct EdgeSite: Sendable, Hashable {
  public var id: EdgeID
  /// Where clients reach it unless its heartbeat says otherwise.
  public var url: String
  public var city: String
  /// ISO 3166-1 alpha-2, or empty where nobody said.
  public var country: String
  public var point: GeoPoint

  public init(id: EdgeID, url: String, city: String, country: String, point: GeoPoint) {
    self.id = id
    self.url = url
    self.city = city
    self.country = country
    self.point = point
  }
}

/// What an edge last said about itself, and how long the last probe of it took.
public struct EdgeStatus: Sendable, Hashable {
  /// Base URL for clients, without a trailing slash.
  public var url: String
  /// `host:port` for RPC.
  public var rpcAddress: String
  public var loadPercent: UInt32
  /// Chunks in flight.
  public var activeUploads: UInt32
  /// Free megabits per second; 0 where the edge does not know.
  public var bandwidthMegabits: UInt32
  /// It finishes what it has and wants nothing new.
  public var isDraining: Bool
  /// Unix milliseconds.
  public var heardAt: Int64
  /// Round trip from here, milliseconds; nil before the first probe.
  public var probeMilliseconds: Double?

  public init(
    url: String, rpcAddress: String, loadPercent: UInt32 = 0, activeUploads: UInt32 = 0, bandwidthMegabits: UInt32 = 0,
    isDraining: Bool = false, heardAt: Int64, probeMilliseconds: Double? = nil
  ) {
    self.url = url
    self.rpcAddress = rpcAddress
    self.loadPercent = min(loadPercent, 100)
    self.activeUploads = activeUploads
    self.bandwidthMegabits = bandwidthMegabits
    self.isDraining = isDraining
    self.heardAt = heardAt
    self.probeMilliseconds = probeMilliseconds
  }
}

extension EdgeStatus {
  /// Whether the last probe came back; true before the first one.
  public var hasAnswered: Bool { (probeMilliseconds ?? 0) < Double(EdgeLimits.probeTimeoutMilliseconds) }
}

/// A site and, where an edge has ever spoken from it, its status.
public struct EdgeRecord: Sendable, Hashable {
  public var site: EdgeSite
  public var status: EdgeStatus?

  public init(site: EdgeSite, status: EdgeStatus? = nil) {
    self.site = site
    self.status = status
  }

  /// Heard from within the last 30 s.
  public func isLive(at now: Int64) -> Bool {
    guard let status else { return false }
    return now - status.heardAt <= EdgeLimits.silenceMillisecondsMax
  }
}
