/// A number of bytes: a size or an offset, never both in one sum by accident of `Int`.
public struct ByteCount: Sendable, Hashable, Comparable, CustomStringConvertible {
  public var rawValue: UInt64

  public init(_ rawValue: UInt64) { self.rawValue = rawValue }

  public static let zero = ByteCount(0)
  /// `count` times 2^20 bytes.
  public static func mebibytes(_ count: UInt64) -> ByteCount { ByteCount(count << 20) }
  /// `count` times 2^30 bytes.
  public static func gibibytes(_ count: UInt64) -> ByteCount { ByteCount(count << 30) }
  /// `count` times 2^40 bytes.
  public static func tebibytes(_ count: UInt64) -> ByteCount { ByteCount(count << 40) }

  public static func < (left: ByteCount, right: ByteCount) -> Bool { left.rawValue < right.rawValue }
  public var description: String { "\(rawValue) bytes" }
}

/// The place of a chunk in its file, counted from 0; always below 10,000 because a chunk is a part of an S3 multipart upload.
public struct ChunkIndex: Sendable, Hashable, Comparable, CustomStringConvertible {
  public let rawValue: UInt32
  /// Exclusive.
  public static let limit: UInt32 = 10_000

  /// nil from 10,000 on.
  public init?(_ rawValue: UInt32) {
    guard rawValue < Self.limit else { return nil }
    self.rawValue = rawValue
  }

  /// The number of the same bytes as an S3 part, counted from 1.
  public var partNumber: Int { Int(rawValue) + 1 }

  public static func < (left: ChunkIndex, right: ChunkIndex) -> Bool { left.rawValue < right.rawValue }
  public var description: String { "\(rawValue)" }
}

/// Money in millionths of a US dollar. Whole numbers only: sums of prices are exact.
public struct MicroDollars: Sendable, Hashable, Comparable, CustomStringConvertible {
  public var rawValue: Int64

  public init(_ rawValue: Int64) { self.rawValue = rawValue }

  public static let zero = MicroDollars(0)

  /// For JSON and people; `rawValue` is the truth.
  public var dollars: Double { Double(rawValue) / 1_000_000 }

  public static func + (left: MicroDollars, right: MicroDollars) -> MicroDollars {
    let (sum, overflows) = left.rawValue.addingReportingOverflow(right.rawValue)
    return MicroDollars(overflows ? (right.rawValue < 0 ? .min : .max) : sum)
  }

  public static func < (left: MicroDollars, right: MicroDollars) -> Bool { left.rawValue < right.rawValue }

  /// `$0.107374`: all six places, so that nothing is hidden by rounding.
  public var description: String {
    let magnitude = rawValue.magnitude
    let fraction = String(magnitude % 1_000_000)
    return "\(rawValue < 0 ? "-" : "")$\(magnitude / 1_000_000).\(String(repeating: "0", count: 6 - fraction.utf8.count))\(fraction)"
  }
}
