import RPC

/// The connections that watching uses: its own, because streams that stay for hours would take the place of calls, and as many as
/// the streams need, because a server bounds the streams of a connection. Loop thread only.
final class WatchChannels: @unchecked Sendable {
  private final class Slot {
    let channel: RPCChannel
    var streams = 0

    init(_ channel: RPCChannel) { self.channel = channel }
  }

  private let make: () throws -> RPCChannel
  private var slots: [Slot] = []

  /// Well below the bound of our own servers (256).
  private static let streamsPerChannelMax = 100

  init(make: @escaping () throws -> RPCChannel) { self.make = make }

  func withChannel(_ body: (RPCChannel) async throws -> Void) async throws {
    let slot = try freeSlot()
    slot.streams += 1
    defer { slot.streams -= 1 }
    try await body(slot.channel)
  }

  private func freeSlot() throws -> Slot {
    if let known = slots.first(where: { $0.streams < Self.streamsPerChannelMax }) { return known }
    let made = Slot(try make())
    slots.append(made)
    return made
  }

  func close() {
    for slot in slots { slot.channel.close() }
    slots = []
  }
}
