import CLinux

/// Where a socket listens or connects to: IPv4, IPv6 or a Unix path.
public enum SocketAddress: Sendable, Hashable, CustomStringConvertible {
  /// The four address bytes in network order as a big-endian number, and the port.
  case ipv4(UInt32, port: UInt16)
  /// The sixteen address bytes, and the port.
  case ipv6([UInt8], port: UInt16)
  case unix(path: String)

  /// From the text of an IPv4 or IPv6 address (without brackets); nil for anything else, host names included.
  public init?(ip: String, port: UInt16) {
    var v4 = in_addr()
    if inet_pton(AF_INET, ip, &v4) == 1 {
      self = .ipv4(UInt32(bigEndian: v4.s_addr), port: port)
      return
    }
    var v6 = in6_addr()
    guard inet_pton(AF_INET6, ip, &v6) == 1 else { return nil }
    self = .ipv6(withUnsafeBytes(of: &v6) { Array($0) }, port: port)
  }

  /// From `1.2.3.4:80`, `[::1]:80` or `unix:///path`; nil where it is neither.
  public init?(_ text: String) {
    if text.hasPrefix("unix://") {
      self = .unix(path: String(text.dropFirst(7)))
      return
    }
    guard let (host, port) = Self.splitHostPort(text) else { return nil }
    self.init(ip: host, port: port)
  }

  /// Splits `host:port` or `[v6]:port`.
  public static func splitHostPort(_ text: String) -> (host: String, port: UInt16)? {
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else { return nil }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
    } else if host.contains(":") {
      return nil
    }
    return host.isEmpty ? nil : (String(host), port)
  }

  public static func loopback(port: UInt16) -> SocketAddress { .ipv4(0x7f00_0001, port: port) }

  public var port: UInt16? {
    switch self {
    case .ipv4(_, let port), .ipv6(_, let port): port
    case .unix: nil
    }
  }

  /// The address without its port: `1.2.3.4`, `::1` or the path.
  public var host: String {
    var text = [CChar](repeating: 0, count: 64)
    switch self {
    case .ipv4(let address, _):
      var raw = in_addr(s_addr: address.bigEndian)
      inet_ntop(AF_INET, &raw, &text, 64)
    case .ipv6(let bytes, _):
      var raw = in6_addr()
      withUnsafeMutableBytes(of: &raw) { $0.copyBytes(from: bytes.prefix(16)) }
      inet_ntop(AF_INET6, &raw, &text, 64)
    case .unix(let path):
      return path
    }
    return text.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
  }

  public var description: String {
    switch self {
    case .ipv4(_, let port): "\(host):\(port)"
    case .ipv6(_, let port): "[\(host)]:\(port)"
    case .unix(let path): "unix://\(path)"
    }
  }

  var family: Int32 {
    switch self {
    case .ipv4: AF_INET
    case .ipv6: AF_INET6
    case .unix: AF_UNIX
    }
  }

  /// Calls `body` with the address in the kernel's form.
  /// - Throws: `SystemError` (ENAMETOOLONG) for a Unix path over 107 bytes.
  func withSockaddr<R>(_ body: (UnsafePointer<sockaddr>, socklen_t) throws -> R) throws -> R {
    var storage = sockaddr_storage()
    let length: Int
    switch self {
    case .ipv4(let address, let port):
      length = fill(&storage, sockaddr_in(sin_family: sa_family_t(AF_INET), sin_port: port.bigEndian,
                                          sin_addr: in_addr(s_addr: address.bigEndian), sin_zero: (0, 0, 0, 0, 0, 0, 0, 0)))
    case .ipv6(let bytes, let port):
      var raw = sockaddr_in6()
      raw.sin6_family = sa_family_t(AF_INET6)
      raw.sin6_port = port.bigEndian
      withUnsafeMutableBytes(of: &raw.sin6_addr) { $0.copyBytes(from: bytes.prefix(16)) }
      length = fill(&storage, raw)
    case .unix(let path):
      var raw = sockaddr_un()
      raw.sun_family = sa_family_t(AF_UNIX)
      let capacity = MemoryLayout.size(ofValue: raw.sun_path)
      guard path.utf8.count < capacity else { throw SystemError(errno: ENAMETOOLONG, doing: "use the socket path \(path)") }
      withUnsafeMutableBytes(of: &raw.sun_path) { $0.copyBytes(from: path.utf8) }
      length = fill(&storage, raw)
    }
    return try withUnsafePointer(to: &storage) { pointer in
      try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { try body($0, socklen_t(length)) }
    }
  }

  private func fill<T>(_ storage: inout sockaddr_storage, _ value: T) -> Int {
    withUnsafeMutableBytes(of: &storage) { target in
      withUnsafeBytes(of: value) { target.copyMemory(from: $0) }
    }
    return MemoryLayout<T>.size
  }

  /// From what the kernel filled in; nil for families other than the three.
  init?(_ storage: sockaddr_storage, length: socklen_t) {
    var storage = storage
    switch Int32(storage.ss_family) {
    case AF_INET:
      let raw = withUnsafeBytes(of: &storage) { $0.loadUnaligned(as: sockaddr_in.self) }
      self = .ipv4(UInt32(bigEndian: raw.sin_addr.s_addr), port: UInt16(bigEndian: raw.sin_port))
    case AF_INET6:
      let raw = withUnsafeBytes(of: &storage) { $0.loadUnaligned(as: sockaddr_in6.self) }
      self = .ipv6(withUnsafeBytes(of: raw.sin6_addr) { Array($0) }, port: UInt16(bigEndian: raw.sin6_port))
    case AF_UNIX:
      let offset = MemoryLayout<sa_family_t>.size
      let path = withUnsafeBytes(of: &storage) { raw in
        String(decoding: raw[offset..<max(offset, Int(length))].prefix { $0 != 0 }, as: UTF8.self)
      }
      self = .unix(path: path)
    default:
      return nil
    }
  }
}
