import Glibc

/// The methods of a router by the bytes of their path: a hash table without strings. Paths come from the server's own contracts, so
/// nobody outside can choose them to collide.
struct RouteTable {
  private var slots: [RPCRouter.Route?] = Array(repeating: nil, count: 16)
  private var count = 0

  mutating func insert(_ route: RPCRouter.Route) {
    if count * 2 >= slots.count { grow() }
    slots[free(for: route)] = route
    count += 1
  }

  @inline(__always)
  func find(_ path: UnsafeRawBufferPointer) -> RPCRouter.Route? {
    var index = Self.hash(path) & (slots.count - 1)
    while let route = slots[index] {
      if route.matches(path) { return route }
      index = (index + 1) & (slots.count - 1)
    }
    return nil
  }

  private func free(for route: RPCRouter.Route) -> Int {
    var index = route.path.withUnsafeBytes { Self.hash($0) } & (slots.count - 1)
    while slots[index] != nil { index = (index + 1) & (slots.count - 1) }
    return index
  }

  private mutating func grow() {
    let routes = slots.compactMap { $0 }
    slots = Array(repeating: nil, count: slots.count * 2)
    for route in routes { slots[free(for: route)] = route }
  }

  /// Multiplies eight bytes at a time into the state.
  @inline(__always)
  private static func hash(_ bytes: UnsafeRawBufferPointer) -> Int {
    var state = UInt64(truncatingIfNeeded: bytes.count)
    var offset = 0
    while offset + 8 <= bytes.count {
      state = (state ^ bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) &* 0x9E37_79B9_7F4A_7C15
      state ^= state >> 32
      offset += 8
    }
    while offset < bytes.count {
      state = (state ^ UInt64(bytes[offset])) &* 0x9E37_79B9_7F4A_7C15
      offset += 1
    }
    return Int(truncatingIfNeeded: (state ^ state >> 32) & 0x7FFF_FFFF_FFFF_FFFF)
  }
}
