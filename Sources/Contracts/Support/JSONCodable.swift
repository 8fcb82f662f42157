import JSON

/// A message that has the JSON form of our REST API.
public protocol JSONCodable: Sendable {
  /// Reads the members it knows and ignores the rest. Errors name the member by its path.
  init(json reader: JSONReader) throws(JSONError)
  /// Writes one object with every member: zeros, empty arrays, and null for a message that is absent.
  func write(json writer: inout JSONWriter)
}

extension JSONCodable {
  public init(json value: JSONValue) throws(JSONError) { try self.init(json: try JSONReader(value)) }

  public init(json bytes: [UInt8], limits: JSONLimits = .standard) throws(JSONError) {
    try self.init(json: try JSONValue(parsing: bytes, limits: limits))
  }

  /// This message as compact JSON.
  public var json: [UInt8] {
    var writer = JSONWriter()
    write(json: &writer)
    return writer.bytes
  }
}

/// An enum with a word for each value in JSON.
public protocol JSONWord: RawRepresentable, Sendable where RawValue == Int32 {
  /// Nil for the unspecified value and for values that this build does not know; null in JSON.
  var jsonWord: String? { get }
  /// Every value that has a word.
  static var jsonWords: [Self] { get }
  init(rawValue: Int32)
}
