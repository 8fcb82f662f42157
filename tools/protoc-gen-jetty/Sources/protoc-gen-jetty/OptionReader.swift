import Foundation
import SwiftProtobuf

/// The rules of a field, as `(jetty.v1.rules)` states them in options.proto.
struct FieldRules {
  enum Text: UInt64 { case none, userID, fileID, sha256, edgeID, fileName, mediaType }
  enum JSON: UInt64 { case plain, dollars, timestamp, hidden }

  var isRequired = false
  var text = Text.none
  var json = JSON.plain
  var minimum: Double?
  var maximum: Double?
  var bytesMax: UInt64 = 0
  var itemsMax: UInt64 = 0

  /// The extension number of `rules`.
  static let fieldNumber = 50101

  init() {}

  init(_ options: Google_Protobuf_FieldOptions) throws {
    for case (FieldRules.fieldNumber, .bytes(let bytes)) in try OptionReader.fields(of: options.unknownFields.data) {
      var hasMinimum = false
      var hasMaximum = false
      for field in try OptionReader.fields(of: bytes) {
        switch field {
        case (1, .integer(let value)): isRequired = value != 0
        case (2, .integer(let value)): text = try known(Text(rawValue: value))
        case (3, .integer(let value)): json = try known(JSON(rawValue: value))
        case (4, .fixed64(let bits)): minimum = Double(bitPattern: bits)
        case (5, .fixed64(let bits)): maximum = Double(bitPattern: bits)
        case (6, .integer(let value)): bytesMax = value
        case (7, .integer(let value)): itemsMax = value
        case (8, .integer(let value)): hasMinimum = value != 0
        case (9, .integer(let value)): hasMaximum = value != 0
        default: throw GeneratorError("options.proto has a rule that the generator does not know (field \(field.0))")
        }
      }
      minimum = hasMinimum ? minimum ?? 0 : nil
      maximum = hasMaximum ? maximum ?? 0 : nil
    }
  }
}

private func known<T>(_ value: T?) throws -> T {
  guard let value else { throw GeneratorError("options.proto has an enum word that the generator does not know") }
  return value
}

/// `google.api.http` of a method, as far as it is used here: one verb, one template, and a body of `*` or none.
struct HTTPRule {
  var verb: String
  var template: String
  var hasBody: Bool

  /// The extension number of `google.api.http`.
  static let fieldNumber = 72_295_728
  private static let verbs = [2: "GET", 3: "PUT", 4: "POST", 5: "DELETE", 6: "PATCH"]

  init?(_ options: Google_Protobuf_MethodOptions, method: String) throws {
    var found: HTTPRule?
    for case (HTTPRule.fieldNumber, .bytes(let bytes)) in try OptionReader.fields(of: options.unknownFields.data) {
      var verb: String?
      var template = ""
      var body = ""
      for field in try OptionReader.fields(of: bytes) {
        switch field {
        case (2...6, .bytes(let text)):
          verb = HTTPRule.verbs[field.0]
          template = String(decoding: text, as: UTF8.self)
        case (7, .bytes(let text)): body = String(decoding: text, as: UTF8.self)
        default: throw GeneratorError("\(method): only get, put, post, delete, patch and body are supported in google.api.http")
        }
      }
      guard let verb, body.isEmpty || body == "*" else { throw GeneratorError("\(method): google.api.http needs a verb, and a body of * or none") }
      found = HTTPRule(verb: verb, template: template, hasBody: body == "*")
    }
    guard let found else { return nil }
    self = found
  }

  private init(verb: String, template: String, hasBody: Bool) {
    self.verb = verb
    self.template = template
    self.hasBody = hasBody
  }
}

/// Reads the wire format of options whose extension this program has no generated code for.
enum OptionReader {
  enum Value {
    case integer(UInt64)
    case fixed64(UInt64)
    case fixed32(UInt32)
    case bytes(Data)
  }

  static func fields(of data: Data) throws -> [(Int, Value)] {
    let bytes = [UInt8](data)
    var index = 0
    var result: [(Int, Value)] = []

    func byte() throws -> UInt8 {
      guard index < bytes.count else { throw GeneratorError("an option is cut short") }
      defer { index += 1 }
      return bytes[index]
    }
    func varint() throws -> UInt64 {
      var value: UInt64 = 0
      for shift in stride(from: UInt64(0), to: 70, by: 7) {
        let next = try byte()
        value |= UInt64(next & 0x7F) << shift
        if next < 0x80 { return value }
      }
      throw GeneratorError("an option has a number of more than ten bytes")
    }
    func fixed(_ count: Int) throws -> UInt64 {
      var value: UInt64 = 0
      for place in 0..<count { value |= UInt64(try byte()) << UInt64(8 * place) }
      return value
    }

    while index < bytes.count {
      let tag = try varint()
      let number = Int(tag >> 3)
      switch tag & 7 {
      case 0: result.append((number, .integer(try varint())))
      case 1: result.append((number, .fixed64(try fixed(8))))
      case 5: result.append((number, .fixed32(UInt32(try fixed(4)))))
      case 2:
        let length = Int(try varint())
        guard length <= bytes.count - index else { throw GeneratorError("an option is cut short") }
        result.append((number, .bytes(Data(bytes[index..<index + length]))))
        index += length
      default: throw GeneratorError("an option has an unknown wire type")
      }
    }
    return result
  }
}

/// Why nothing was generated. protoc prints it.
struct GeneratorError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
