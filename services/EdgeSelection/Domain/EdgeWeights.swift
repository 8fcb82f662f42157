/// Shares of an upload in whole hundredths.
public enum EdgeWeights {
  /// Hundredths proportional to `amounts`, adding up to exactly 100, each at least 1.
  ///
  /// Largest remainder, ties to the earlier. `amounts` are finite, above 0, and at most 100 of them.
  public static func hundredths(for amounts: [Double]) -> [Int] {
    precondition(amounts.count <= 100, "hundredths cannot be shared among more than a hundred")
    let total = amounts.reduce(0, +)
    guard total > 0, total.isFinite else { return [] }
    // One for each first, so that no edge is chosen only to be given nothing.
    let free = Double(100 - amounts.count)
    let exact = amounts.map { $0 / total * free }
    var shares = exact.map { Int($0) + 1 }
    let left = 100 - shares.reduce(0, +)
    let byRemainder = exact.indices.sorted { (exact[$0] - exact[$0].rounded(.down), $1) > (exact[$1] - exact[$1].rounded(.down), $0) }
    for index in byRemainder.prefix(max(0, left)) { shares[index] += 1 }
    return shares
  }
}
