import CLinux
import CUV

extension EventLoop {
  /// The addresses of a host, in the resolver's order (RFC 6724). An IP address is not looked up.
  /// - Throws: `SystemError` where the name does not resolve.
  public func resolve(host: String, port: UInt16) async throws -> [SocketAddress] {
    if let literal = SocketAddress(ip: host, port: port) { return [literal] }
    guard isCurrent else { return try await run { try await self.resolve(host: host, port: port) } }
    guard !host.isEmpty, host.utf8.count <= 253, !host.utf8.contains(0) else {
      throw SystemError(errno: EINVAL, doing: "resolve a host name of \(host.utf8.count) bytes")
    }
    return try await withUnsafeThrowingContinuation { continuation in
      let lookup = Lookup(host: host, port: port, continuation: continuation)
      let request = UnsafeMutablePointer<uv_getaddrinfo_t>.allocate(capacity: 1)
      request.pointee.data = Unmanaged.passRetained(lookup).toOpaque()
      var hints = addrinfo()
      hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
      let status = uv_getaddrinfo(uv, request, { request, status, found in
        guard let request, let data = request.pointee.data else { return }
        let lookup = Unmanaged<Lookup>.fromOpaque(data).takeRetainedValue()
        lookup.finish(status: status, found: found)
        uv_freeaddrinfo(found)
        request.deallocate()
      }, host, nil, &hints)
      if status != 0 {
        Unmanaged.passUnretained(lookup).release()
        request.deallocate()
        continuation.resume(throwing: SystemError(uv: status, doing: "resolve \(host)"))
      }
    }
  }
}

private final class Lookup {
  private let host: String
  private let port: UInt16
  private let continuation: UnsafeContinuation<[SocketAddress], any Error>

  init(host: String, port: UInt16, continuation: UnsafeContinuation<[SocketAddress], any Error>) {
    self.host = host
    self.port = port
    self.continuation = continuation
  }

  func finish(status: Int32, found: UnsafeMutablePointer<addrinfo>?) {
    guard status == 0 else {
      continuation.resume(throwing: SystemError(uv: status, doing: "resolve \(host)"))
      return
    }
    var addresses: [SocketAddress] = []
    var next = found
    while let entry = next {
      next = entry.pointee.ai_next
      guard let raw = entry.pointee.ai_addr else { continue }
      var storage = sockaddr_storage()
      let length = min(Int(entry.pointee.ai_addrlen), MemoryLayout<sockaddr_storage>.size)
      withUnsafeMutableBytes(of: &storage) { $0.copyMemory(from: UnsafeRawBufferPointer(start: raw, count: length)) }
      switch SocketAddress(storage, length: socklen_t(length)) {
      case .ipv4(let address, _): addresses.append(.ipv4(address, port: port))
      case .ipv6(let bytes, _): addresses.append(.ipv6(bytes, port: port))
      default: continue
      }
    }
    if addresses.isEmpty {
      continuation.resume(throwing: SystemError(errno: ENOENT, doing: "find an address of \(host)"))
    } else {
      continuation.resume(returning: addresses)
    }
  }
}
