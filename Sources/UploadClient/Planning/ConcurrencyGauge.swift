/// How many chunks to have under way. Starts low and grows while growing pays: on a long line many connections are needed to
/// fill it, on a short one more of them only mean that less is finished when the upload is interrupted.
public struct ConcurrencyGauge: Sendable {
  /// Chunks under way at one time.
  public private(set) var width: Int
  public let widthMax: Int
  private let step: Int
  private var bestRate = 0.0
  private var disappointments = 0

  /// A tenth more makes a wider window worth keeping.
  static let gainMin = 1.1
  /// After this many rounds without gain the window stays.
  static let disappointmentsMax = 3

  /// Starts with one chunk per edge and never goes past `widthMax`.
  public init(edges: Int, widthMax: Int) {
    self.widthMax = max(1, widthMax)
    step = max(1, edges)
    width = min(step, self.widthMax)
  }

  /// Always this many.
  public init(fixed width: Int) {
    self.width = max(1, width)
    widthMax = self.width
    step = 0
  }

  /// Call about once a second with the rate of that second.
  public mutating func measured(bytesPerSecond rate: Double) {
    guard step > 0, width < widthMax, rate > 0, disappointments < Self.disappointmentsMax else { return }
    if rate >= bestRate * Self.gainMin {
      bestRate = rate
      disappointments = 0
      width = min(widthMax, width + step)
    } else {
      disappointments += 1
    }
  }
}
