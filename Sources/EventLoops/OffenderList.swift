/// Addresses whose connections had to be ended for what they did, for as long as it matters. Loop thread only.
///
/// Who opens a new connection for each one that is ended gets less on the next: strikes halve what it may do there, and double the time that it
/// waits at first. They fade one by one. A client that does its work notices no more than that a new connection takes up to a second, so
/// that many may share an address with one offender (behind a proxy, say).
public struct OffenderList {
  private struct Entry {
    var strikes: Int
    var lastNanoseconds: UInt64
  }

  private var entries: [SocketAddress: Entry] = [:]

  /// More than this many addresses at once are not remembered: the list must not become what fills memory.
  private static let addressesMax = 1_024
  private static let strikesMax = 5
  private static let fadeNanoseconds: UInt64 = 10_000_000_000
  /// Doubled with each strike: a second after five.
  private static let pauseMilliseconds: UInt64 = 32

  public init() {}

  /// Notes that a connection from `peer` was ended.
  public mutating func strike(_ peer: SocketAddress, now: UInt64) {
    let address = peer.withoutPort
    let strikes = min(current(address, now) + 1, Self.strikesMax)
    if entries[address] == nil, entries.count >= Self.addressesMax {
      entries = entries.filter { $0.value.strikes > Self.faded(since: $0.value.lastNanoseconds, now) }
      guard entries.count < Self.addressesMax else { return }
    }
    entries[address] = Entry(strikes: strikes, lastNanoseconds: now)
  }

  /// How often to halve what a new connection from `peer` may do.
  public mutating func strikes(_ peer: SocketAddress, now: UInt64) -> Int {
    if entries.isEmpty { return 0 }
    let address = peer.withoutPort
    let left = current(address, now)
    if left == 0 { entries[address] = nil }
    return left
  }

  /// How long to let a new connection from `peer` wait before it is read from; 0 for those without strikes. Who comes back at once after each
  /// end can do so only a few times a second.
  public mutating func pauseMilliseconds(_ peer: SocketAddress, now: UInt64) -> UInt64 {
    let strikes = strikes(peer, now: now)
    return strikes == 0 ? 0 : Self.pauseMilliseconds << UInt64(strikes)
  }

  private func current(_ address: SocketAddress, _ now: UInt64) -> Int {
    guard let entry = entries[address] else { return 0 }
    return max(0, entry.strikes - Self.faded(since: entry.lastNanoseconds, now))
  }

  private static func faded(since: UInt64, _ now: UInt64) -> Int { Int(clamping: (now &- min(since, now)) / fadeNanoseconds) }
}

extension SocketAddress {
  /// Who, not through which port.
  fileprivate var withoutPort: SocketAddress {
    switch self {
    case .ipv4(let address, _): .ipv4(address, port: 0)
    case .ipv6(let bytes, _): .ipv6(bytes, port: 0)
    case .unix: self
    }
  }
}
