/// Typed access to the members of one JSON object. Errors name the member by its path.
///
/// A member that is absent and one that is null are the same: nil. Members that nobody asks for are ignored, so that a newer
/// client can talk to an older server.
public struct JSONReader: Sendable {
  public let object: JSONObject
  /// Where this object is in the whole text; empty for the root.
  public let path: String
  /// The values come from a URL, where numbers and booleans are text.
  private let isTextual: Bool

  public init(_ object: JSONObject, path: String = "", isTextual: Bool = false) {
    self.object = object
    self.path = path
    self.isTextual = isTextual
  }

  public init(_ value: JSONValue, path: String = "") throws(JSONError) {
    guard case .object(let object) = value else { throw JSONError(path: path, problem: "must be an object") }
    self.init(object, path: path)
  }

  public func path(of name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

  /// The member, nil where it is absent or null.
  public func value(_ name: String) -> JSONValue? {
    guard let value = object[name], value != .null else { return nil }
    return value
  }

  /// Throws where the member is absent or null.
  public func require(_ name: String) throws(JSONError) {
    if value(name) == nil { throw JSONError(path: path(of: name), problem: "is required") }
  }

  // MARK: Scalars

  public func string(_ name: String) throws(JSONError) -> String? {
    guard let value = value(name) else { return nil }
    return try JSONReader.string(value, at: path(of: name))
  }

  public func bool(_ name: String) throws(JSONError) -> Bool? {
    guard let value = value(name) else { return nil }
    switch value {
    case .bool(let flag): return flag
    case .string("true") where isTextual: return true
    case .string("false") where isTextual: return false
    default: throw JSONError(path: path(of: name), problem: "must be true or false")
    }
  }

  public func double(_ name: String) throws(JSONError) -> Double? {
    guard let value = value(name) else { return nil }
    return try JSONReader.double(value, at: path(of: name), isTextual: isTextual)
  }

  public func uint32(_ name: String, maximum: UInt64 = UInt64(UInt32.max)) throws(JSONError) -> UInt32? {
    guard let value = value(name) else { return nil }
    let whole = try JSONReader.unsigned(value, at: path(of: name), maximum: min(maximum, UInt64(UInt32.max)), acceptsText: isTextual)
    return UInt32(truncatingIfNeeded: whole)
  }

  /// Accepts digits in a string too, because JavaScript cannot hold every 64-bit integer in a number.
  public func uint64(_ name: String, maximum: UInt64 = .max) throws(JSONError) -> UInt64? {
    guard let value = value(name) else { return nil }
    return try JSONReader.unsigned(value, at: path(of: name), maximum: maximum, acceptsText: true)
  }

  public func int32(_ name: String) throws(JSONError) -> Int32? {
    guard let value = value(name) else { return nil }
    let range = Int64(Int32.min)...Int64(Int32.max)
    return Int32(truncatingIfNeeded: try JSONReader.signed(value, at: path(of: name), range: range, acceptsText: isTextual))
  }

  /// Accepts digits in a string too.
  public func int64(_ name: String) throws(JSONError) -> Int64? {
    guard let value = value(name) else { return nil }
    return try JSONReader.signed(value, at: path(of: name), range: Int64.min...Int64.max, acceptsText: true)
  }

  /// Dollars as micro-dollars. What lies beyond the sixth place is rounded.
  public func microDollars(_ name: String) throws(JSONError) -> Int64? {
    guard let value = value(name) else { return nil }
    guard let number = JSONReader.number(value, acceptsText: true) else {
      throw JSONError(path: path(of: name), problem: "must be a number of dollars")
    }
    switch number.scaled(places: 6, rounding: true) {
    case .value(false, let magnitude) where magnitude <= UInt64(Int64.max): return Int64(magnitude)
    case .value(true, let magnitude) where magnitude <= UInt64(Int64.max): return -Int64(magnitude)
    default: throw JSONError(path: path(of: name), problem: "must be between -9223372036854 and 9223372036854 dollars")
    }
  }

  /// An RFC 3339 moment as Unix milliseconds.
  public func timestampMilliseconds(_ name: String) throws(JSONError) -> Int64? {
    guard let text = try string(name) else { return nil }
    guard let moment = RFC3339.unixMilliseconds(text) else {
      throw JSONError(path: path(of: name), problem: "must be a time such as 2025-01-26T10:00:00Z")
    }
    return moment
  }

  // MARK: Nested

  public func reader(_ name: String) throws(JSONError) -> JSONReader? {
    guard let value = value(name) else { return nil }
    return try JSONReader(value, path: path(of: name))
  }

  /// The items of an array, each through `convert` with its path. A single text from a URL counts as an array of one.
  public func items<Item>(
    _ name: String, maximum: Int, _ convert: (JSONValue, String) throws(JSONError) -> Item
  ) throws(JSONError) -> [Item]? {
    guard let value = value(name) else { return nil }
    let path = path(of: name)
    var values: [JSONValue]
    switch value {
    case .array(let items): values = items
    case .string where isTextual: values = [value]
    default: throw JSONError(path: path, problem: "must be an array")
    }
    guard values.count <= maximum else { throw JSONError(path: path, problem: "must have at most \(maximum) items") }
    var result: [Item] = []
    result.reserveCapacity(values.count)
    for (index, item) in values.enumerated() { result.append(try convert(item, "\(path)[\(index)]")) }
    return result
  }

  // MARK: Values

  public static func string(_ value: JSONValue, at path: String) throws(JSONError) -> String {
    guard case .string(let text) = value else { throw JSONError(path: path, problem: "must be text") }
    guard !text.utf8.contains(0) else { throw JSONError(path: path, problem: "must not contain the NUL character") }
    return text
  }

  public static func double(_ value: JSONValue, at path: String, isTextual: Bool = false) throws(JSONError) -> Double {
    guard let number = number(value, acceptsText: isTextual) else { throw JSONError(path: path, problem: "must be a number") }
    let double = number.double
    guard double.isFinite else { throw JSONError(path: path, problem: "must be a number that fits a double") }
    return double
  }

  public static func unsigned(_ value: JSONValue, at path: String, maximum: UInt64, acceptsText: Bool) throws(JSONError) -> UInt64 {
    guard let number = number(value, acceptsText: acceptsText) else { throw JSONError(path: path, problem: "must be a whole number") }
    switch number.scaled(places: 0) {
    case .value(true, _), .tooLarge(true): throw JSONError(path: path, problem: "must be at least 0")
    case .value(false, let magnitude) where magnitude <= maximum: return magnitude
    case .value, .tooLarge: throw JSONError(path: path, problem: "must be at most \(maximum)")
    case .fraction: throw JSONError(path: path, problem: number.text.hasPrefix("-") ? "must be at least 0" : "must be a whole number")
    }
  }

  public static func signed(_ value: JSONValue, at path: String, range: ClosedRange<Int64>, acceptsText: Bool) throws(JSONError) -> Int64 {
    guard let number = number(value, acceptsText: acceptsText), number.scaled(places: 0) != .fraction else {
      throw JSONError(path: path, problem: "must be a whole number")
    }
    guard let whole = number.int64, range.contains(whole) else {
      throw JSONError(path: path, problem: "must be between \(range.lowerBound) and \(range.upperBound)")
    }
    return whole
  }

  private static func number(_ value: JSONValue, acceptsText: Bool) -> JSONNumber? {
    switch value {
    case .number(let number): number
    case .string(let text) where acceptsText: JSONNumber(text: text)
    default: nil
    }
  }
}
