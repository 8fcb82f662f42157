/// What a wanted range of an object's bytes means.
enum RangeChecks {
  /// The range cut to the object; the whole object where there is none.
  static func clamp(_ range: Range<UInt64>?, size: UInt64) throws(ObjectStoreError) -> Range<UInt64> {
    guard let range else { return 0..<size }
    guard !range.isEmpty, range.lowerBound < size else {
      throw .invalidRequest("the range \(range.lowerBound)..<\(range.upperBound) is not in the object's \(size) bytes")
    }
    return range.lowerBound..<min(range.upperBound, size)
  }
}
