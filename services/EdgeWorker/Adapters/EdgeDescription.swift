import Model

/// What this edge says about itself when it reports to the core.
public struct EdgeDescription: Sendable {
  public var id: EdgeID
  /// Where clients reach it, such as "https://sfo.example.org".
  public var url: String
  /// Where the gateway reaches it by RPC: host:port.
  public var rpcAddress: String
  /// What its line carries, megabits per second (10^6 bits).
  public var capacityMbps: UInt32
  /// For a site that the registry does not know yet; empty and nil else.
  public var city: String
  public var country: String
  public var latitude: Double?
  public var longitude: Double?

  public init(
    id: EdgeID, url: String, rpcAddress: String, capacityMbps: UInt32 = 1000, city: String = "", country: String = "",
    latitude: Double? = nil, longitude: Double? = nil
  ) {
    self.id = id
    self.url = url
    self.rpcAddress = rpcAddress
    self.capacityMbps = capacityMbps
    self.city = city
    self.country = country
    self.latitude = latitude
    self.longitude = longitude
  }
}
