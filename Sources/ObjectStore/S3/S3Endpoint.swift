/// Where an S3 service answers: `http` or `https`, a host, a port where it is not the scheme's own.
public struct S3Endpoint: Sendable, Hashable {
  public let scheme: String
  /// As the Host header says it: with the port where that is not the default.
  public let authority: String

  /// Takes `https://host`, `http://host:9000`; no path, no user, no query.
  public init(_ url: String) throws(ObjectStoreError) {
    guard let separator = url.firstRange(of: "://"), ["http", "https"].contains(url[..<separator.lowerBound].lowercased()) else {
      throw .invalidRequest("an S3 endpoint begins with http:// or https://, not \(url)")
    }
    scheme = url[..<separator.lowerBound].lowercased()
    var rest = url[separator.upperBound...]
    if rest.hasSuffix("/") { rest.removeLast() }
    let allowed = rest.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
      case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: ":"), UInt8(ascii: "["), UInt8(ascii: "]"): true
      default: false
      }
    }
    guard !rest.isEmpty, rest.utf8.count <= 255, allowed else { throw .invalidRequest("an S3 endpoint is a scheme, a host and a port, not \(url)") }
    let standardPort = scheme == "https" ? ":443" : ":80"
    if rest.hasSuffix(standardPort) { rest = rest.dropLast(standardPort.count) }
    authority = rest.lowercased()
  }
}
