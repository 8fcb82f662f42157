/// What reading one message may cost.
///
/// protobuf-c allocates for what a message claims to hold: 4 MiB of two-byte items can ask for more than 200 MiB. So every message has
/// a budget for all the memory that protobuf-c takes while reading it, in proportion to its size.
enum WireLimits {
  /// Every message may take this much, in bytes.
  static let allocationBase = 256 << 10
  /// ... and this much more for each of its own bytes. A message of ours takes 4 to 25 (structs, pointers, the parser's notes).
  static let allocationPerByte = 32
  /// ... but never more than this, in bytes.
  static let allocationMax = 64 << 20

  static func budget(messageBytes: Int) -> Int {
    let (scaled, overflow) = messageBytes.multipliedReportingOverflow(by: allocationPerByte)
    return overflow ? allocationMax : min(allocationBase + min(scaled, allocationMax), allocationMax)
  }
}
