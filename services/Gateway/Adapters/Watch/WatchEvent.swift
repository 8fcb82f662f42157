import Contracts

/// One event as the wire has it (WHATWG HTML, section 9.2: server-sent events).
struct WatchEvent: Sendable {
  let version: WatchVersion
  /// It says which chunk was stored: worth telling even to those who have heard of as many chunks already.
  let hasChunk: Bool
  let bytes: [UInt8]

  init(_ state: StateEvent) {
    let isOpen = state.status == .inProgress || state.status == .paused
    version = WatchVersion(chunksStored: state.chunksStored, hasEnded: !isOpen)
    hasChunk = state.hasChunk
    // Our JSON has no line breaks, so it is one line of data.
    bytes = Array("id: \(version.text)\nevent: \(isOpen ? "progress" : "end")\ndata: ".utf8) + state.json + Array("\n\n".utf8)
  }
}
