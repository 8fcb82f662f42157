/// How far the story of an upload has come. It is the `id` of an event, and what a client that comes back has seen (`Last-Event-ID`).
///
/// Chunks are never taken back while an upload is open, and nothing follows its end: the number of stored chunks orders what can be
/// told, whichever process tells it and however often a stream began anew.
struct WatchVersion: Comparable, Sendable {
  var chunksStored: UInt32
  var hasEnded: Bool

  private static let ended = "end"

  init(chunksStored: UInt32, hasEnded: Bool) {
    self.chunksStored = chunksStored
    self.hasEnded = hasEnded
  }

  /// Nil for what this gateway never sent: then the client has seen nothing.
  init?(_ text: String) {
    if text == Self.ended {
      self.init(chunksStored: 0, hasEnded: true)
    } else {
      guard text.utf8.count <= 10, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let count = UInt32(text) else { return nil }
      self.init(chunksStored: count, hasEnded: false)
    }
  }

  var text: String { hasEnded ? Self.ended : "\(chunksStored)" }

  static func < (left: WatchVersion, right: WatchVersion) -> Bool {
    left.hasEnded == right.hasEnded ? !left.hasEnded && left.chunksStored < right.chunksStored : right.hasEnded
  }

  /// All ends are the same: nothing follows any of them.
  static func == (left: WatchVersion, right: WatchVersion) -> Bool { !(left < right) && !(right < left) }
}
