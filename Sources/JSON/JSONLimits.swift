/// What a JSON text may cost to read. Every text comes from a peer or a file, so each dimension has an end.
public struct JSONLimits: Sendable {
  /// Longest text, in bytes.
  public var bytesMax: Int
  /// Deepest nesting of objects and arrays. The parser recurses once per level.
  public var depthMax: Int
  /// Most values of all kinds in one text, members and items included.
  public var valuesMax: Int
  /// Longest number, in bytes: 64 hold every 64-bit integer and every double at full precision.
  public var numberBytesMax: Int

  public init(bytesMax: Int = 4 << 20, depthMax: Int = 32, valuesMax: Int = 200_000, numberBytesMax: Int = 64) {
    self.bytesMax = bytesMax
    self.depthMax = depthMax
    self.valuesMax = valuesMax
    self.numberBytesMax = numberBytesMax
  }

  public static let standard = JSONLimits()
}
