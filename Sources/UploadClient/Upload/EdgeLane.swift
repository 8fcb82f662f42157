import Model

/// One edge as a sender sees it: where it is, and whether it is worth asking now.
struct EdgeLane {
  let id: EdgeID
  /// Base URL without a trailing slash.
  let url: String
  let weight: Double
  var backoff = Backoff()
  /// Not before this, on the loop's clock.
  var restsUntil: UInt64 = 0
  var report: EdgeReport

  init(id: EdgeID, url: String, weight: Double) {
    self.id = id
    self.url = url.last == "/" ? String(url.dropLast()) : url
    self.weight = weight
    report = EdgeReport(id: id)
  }
}
