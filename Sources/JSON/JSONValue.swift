/// A JSON value. Numbers keep their text, so no integer and no decimal loses a digit on the way.
public enum JSONValue: Sendable, Equatable {
  case null
  case bool(Bool)
  case number(JSONNumber)
  case string(String)
  case array([JSONValue])
  case object(JSONObject)

  /// Reads one JSON text (RFC 8259, UTF-8). Anything after it but white space is an error, and so is a member name that occurs twice.
  public init(parsing bytes: UnsafeRawBufferPointer, limits: JSONLimits = .standard) throws(JSONError) {
    guard bytes.count <= limits.bytesMax else {
      throw JSONError(path: "", problem: "is longer than \(limits.bytesMax) bytes")
    }
    var parser = JSONParser(bytes: bytes, limits: limits)
    self = try parser.parseText()
  }

  public init(parsing bytes: [UInt8], limits: JSONLimits = .standard) throws(JSONError) {
    var result: Result<JSONValue, JSONError> = .success(.null)
    bytes.withUnsafeBytes { raw in
      result = Result { () throws(JSONError) in try JSONValue(parsing: raw, limits: limits) }
    }
    self = try result.get()
  }

  public init(parsing text: String, limits: JSONLimits = .standard) throws(JSONError) {
    try self.init(parsing: Array(text.utf8), limits: limits)
  }

  /// The member of that name where this is an object that has one.
  public subscript(_ name: String) -> JSONValue? {
    guard case .object(let object) = self else { return nil }
    return object[name]
  }

  public subscript(_ index: Int) -> JSONValue? {
    guard case .array(let items) = self, items.indices.contains(index) else { return nil }
    return items[index]
  }

  public var isNull: Bool { self == .null }

  public var stringValue: String? {
    guard case .string(let text) = self else { return nil }
    return text
  }

  public var boolValue: Bool? {
    guard case .bool(let value) = self else { return nil }
    return value
  }

  public var arrayValue: [JSONValue]? {
    guard case .array(let items) = self else { return nil }
    return items
  }

  public var objectValue: JSONObject? {
    guard case .object(let object) = self else { return nil }
    return object
  }

  public var doubleValue: Double? {
    guard case .number(let number) = self else { return nil }
    return number.double
  }

  /// The value where this is a whole number within `Int64`.
  public var int64Value: Int64? {
    guard case .number(let number) = self else { return nil }
    return number.int64
  }

  /// The value where this is a whole number within `UInt64`.
  public var uint64Value: UInt64? {
    guard case .number(let number) = self else { return nil }
    return number.uint64
  }

  /// What kind of value this is, for error sentences.
  var kind: String {
    switch self {
    case .null: "null"
    case .bool: "a boolean"
    case .number: "a number"
    case .string: "text"
    case .array: "an array"
    case .object: "an object"
    }
  }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral,
  ExpressibleByIntegerLiteral, ExpressibleByNilLiteral
{
  public init(stringLiteral value: String) { self = .string(value) }
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  public init(dictionaryLiteral elements: (String, JSONValue)...) {
    var object = JSONObject()
    for (name, value) in elements { object[name] = value }
    self = .object(object)
  }
  public init(integerLiteral value: Int64) { self = .number(JSONNumber(value)) }
  public init(nilLiteral: ()) { self = .null }
}
