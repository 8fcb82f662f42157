/// The one price function. Estimates, savings, usage records and invoices all call it, so they cannot disagree.
public enum Price {
  /// Bytes that one micro-dollar buys: $0.10 per 10^9 bytes.
  public static let bytesPerMicroDollar: UInt64 = 10_000

  /// What transferring `size` costs, to the nearest micro-dollar, halves up. Each transfer is rounded once, on its own.
  public static func transfer(of size: ByteCount) -> MicroDollars {
    let whole = size.rawValue / bytesPerMicroDollar
    let remainder = size.rawValue % bytesPerMicroDollar
    // At most 2^64 / 10^4 + 1, which fits.
    return MicroDollars(Int64(whole) + (remainder * 2 >= bytesPerMicroDollar ? 1 : 0))
  }
}
