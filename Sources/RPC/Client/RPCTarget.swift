import EventLoops

/// Where the servers of a channel are.
public struct RPCTarget: Sendable, Equatable, CustomStringConvertible {
  struct Host: Sendable, Equatable {
    let name: String
    let port: UInt16
  }

  enum Place: Sendable, Equatable {
    case hosts([Host])
    case unix(String)
  }

  public let description: String
  let place: Place

  /// `host:port`, several of them with commas, `dns:///host:port`, or `unix:///path`. A host name stands for all of its addresses.
  /// - Throws: INVALID_ARGUMENT that says what is wrong.
  public init(_ text: String) throws(RPCError) {
    description = text
    for prefix in ["unix://", "unix:"] where text.hasPrefix(prefix) {
      place = .unix(String(text.dropFirst(prefix.count)))
      return
    }
    var list = Substring(text)
    for prefix in ["dns:///", "ipv4:", "ipv6:"] where list.hasPrefix(prefix) {
      list = list.dropFirst(prefix.count)
      break
    }
    var hosts: [Host] = []
    for part in list.split(separator: ",", omittingEmptySubsequences: false) {
      guard let (name, port) = SocketAddress.splitHostPort(String(part)), port > 0 else {
        throw RPCError(.invalidArgument, "\"\(part)\" is no server address: host:port is expected")
      }
      hosts.append(Host(name: name, port: port))
    }
    place = .hosts(hosts)
  }

  public init(_ address: SocketAddress) {
    description = address.description
    switch address {
    case .unix(let path): place = .unix(path)
    case .ipv4(_, let port), .ipv6(_, let port): place = .hosts([Host(name: address.host, port: port)])
    }
  }

  /// The name that a certificate must carry, unless the configuration says otherwise.
  var serverName: String {
    switch place {
    case .hosts(let hosts): hosts.first?.name ?? ""
    case .unix: "localhost"
    }
  }

  /// Names that may stand for other addresses later.
  var hasNames: Bool {
    switch place {
    case .hosts(let hosts): hosts.contains { SocketAddress(ip: $0.name, port: $0.port) == nil }
    case .unix: false
    }
  }

  var authority: String {
    switch place {
    case .hosts(let hosts):
      guard let first = hosts.first else { return "localhost" }
      return first.name.contains(":") ? "[\(first.name)]:\(first.port)" : "\(first.name):\(first.port)"
    case .unix: return "localhost"
    }
  }
}
