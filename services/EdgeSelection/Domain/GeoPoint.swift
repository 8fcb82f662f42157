import Glibc

/// A point on the earth in degrees (WGS 84).
public struct GeoPoint: Sendable, Hashable {
  public var latitude: Double
  public var longitude: Double

  public init(latitude: Double, longitude: Double) {
    self.latitude = latitude
    self.longitude = longitude
  }

  /// The mean radius of the earth (IUGG), kilometres.
  static let earthRadiusKilometers = 6_371.0088

  /// The great-circle distance in kilometres, by the haversine formula: within 0.6% of the true one, the earth being no sphere.
  public func distanceKilometers(to other: GeoPoint) -> Double {
    let radians = Double.pi / 180
    let latitudeSine = sin((other.latitude - latitude) * radians / 2)
    let longitudeSine = sin((other.longitude - longitude) * radians / 2)
    let haversine = latitudeSine * latitudeSine + cos(latitude * radians) * cos(other.latitude * radians) * longitudeSine * longitudeSine
    // Rounding may carry antipodes past 1, where the arc sine has no value.
    return 2 * Self.earthRadiusKilometers * asin(min(1, haversine.squareRoot()))
  }
}
