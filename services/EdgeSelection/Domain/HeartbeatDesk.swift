import Model

/// Takes heartbeats: into the picture of this loop at once, into the registry for everybody else.
public final class HeartbeatDesk {
  private let directory: EdgeDirectory
  private let registry: any EdgeRegistry

  public init(directory: EdgeDirectory, registry: any EdgeRegistry) {
    self.directory = directory
    self.registry = registry
  }

  public enum Refusal: Error, Sendable, Hashable {
    /// An edge that the registry does not know must say where it stands.
    case placeMissing
    /// The registry has as many sites as it may have.
    case registryFull
  }

  /// `place` and the rest of `site` count only for an edge that is not registered yet.
  ///
  /// A registered edge is believed to live as soon as this has been called, whether or not the registry could be written.
  public func take(_ status: EdgeStatus, from edge: EdgeID, city: String, country: String, place: GeoPoint?) async throws {
    if let known = directory[edge] {
      directory.heard(status, from: known.site)
    } else {
      guard let place else { throw Refusal.placeMissing }
      guard directory.records.count < EdgeLimits.sitesMax else { throw Refusal.registryFull }
      let site = EdgeSite(id: edge, url: status.url, city: city, country: country, point: place)
      try await registry.add(site)
      directory.heard(status, from: site)
    }
    try await registry.heard(status, from: edge)
  }
}
