import Contracts
import EventLoops
import RPC

/// Where the events of one upload come from: WatchState of UploadState. Loop thread only.
struct WatchSource: Sendable {
  let channels: WatchChannels
  let request: WatchStateRequest
  let options: CallOptions
  let loop: EventLoop

  /// Output leaves at the end of a turn of the loop: after so many events at once, clients get theirs before more is made.
  private static let eventsPerTurn = 100

  /// Gives each event to `hear` until the stream ends: well, when the upload has ended.
  /// - Throws: `RPCError`.
  func follow(_ hear: (StateEvent) -> Void) async throws {
    try await channels.withChannel { channel in
      try await UploadStateClient(channel).watchState(request, options: options) { events in
        var count = 0
        while let event = try await events.next() {
          hear(event)
          count += 1
          if count % Self.eventsPerTurn == 0 { try await loop.sleep(milliseconds: 1) }
        }
      }
    }
  }
}
