/// The checks that `validate()` is made of. `field` is the JSON name.
enum Rules {
  /// The formats of options.proto.
  enum Format { case userID, fileID, sha256, edgeID, fileName, mediaType }

  static func text(
    _ value: String, _ field: StaticString, format: Format? = nil, bytesMax: Int, isRequired: Bool = false
  ) throws(FieldError) {
    let utf8 = value.utf8
    if utf8.isEmpty {
      if isRequired { throw FieldError("\(field)", "is required") }
      return
    }
    guard utf8.count <= bytesMax else { throw FieldError("\(field)", "must be at most \(bytesMax) bytes") }
    guard let format else { return }
    let matches = utf8.withContiguousStorageIfAvailable { format.matches($0) } ?? Array(utf8).withUnsafeBufferPointer { format.matches($0) }
    guard matches else { throw FieldError("\(field)", format.problem) }
  }

  static func bytes(_ value: [UInt8], _ field: StaticString, bytesMax: Int, isRequired: Bool = false) throws(FieldError) {
    if isRequired, value.isEmpty { throw FieldError("\(field)", "is required") }
    guard value.count <= bytesMax else { throw FieldError("\(field)", "must be at most \(bytesMax) bytes") }
  }

  /// A raw SHA-256 digest.
  static func digest(_ value: [UInt8], _ field: StaticString, isRequired: Bool = false) throws(FieldError) {
    if value.isEmpty, !isRequired { return }
    guard value.count == 32 else { throw FieldError("\(field)", value.isEmpty ? "is required" : "must be a SHA-256 digest of 32 bytes") }
  }

  static func items(_ count: Int, _ field: StaticString, minimum: Int, maximum: Int) throws(FieldError) {
    guard count >= minimum else { throw FieldError("\(field)", "must have at least \(minimum) item\(minimum == 1 ? "" : "s")") }
    guard count <= maximum else { throw FieldError("\(field)", "must have at most \(maximum) items") }
  }

  static func finite(_ value: Double, _ field: StaticString) throws(FieldError) {
    guard value.isFinite else { throw FieldError("\(field)", "must be a finite number") }
  }

  static func atLeast(_ minimum: Double, _ value: Double, _ field: StaticString) throws(FieldError) {
    guard value >= minimum else { throw FieldError("\(field)", "must be at least \(shown(minimum))") }
  }

  static func atMost(_ maximum: Double, _ value: Double, _ field: StaticString) throws(FieldError) {
    guard value <= maximum else { throw FieldError("\(field)", "must be at most \(shown(maximum))") }
  }

  static func atLeast(_ minimum: Int64, _ value: Int64, _ field: StaticString) throws(FieldError) {
    guard value >= minimum else { throw FieldError("\(field)", "must be at least \(minimum)") }
  }

  static func atMost(_ maximum: UInt64, _ value: UInt64, _ field: StaticString) throws(FieldError) {
    guard value <= maximum else { throw FieldError("\(field)", "must be at most \(maximum)") }
  }

  static func atMost(_ maximum: UInt64, _ value: UInt32, _ field: StaticString) throws(FieldError) {
    try atMost(maximum, UInt64(value), field)
  }

  static func atMost(_ maximum: UInt64, _ value: Int64, _ field: StaticString) throws(FieldError) {
    guard value <= 0 || UInt64(value) <= maximum else { throw FieldError("\(field)", "must be at most \(maximum)") }
  }

  private static func shown(_ limit: Double) -> String { Int64(exactly: limit).map { "\($0)" } ?? "\(limit)" }
}
