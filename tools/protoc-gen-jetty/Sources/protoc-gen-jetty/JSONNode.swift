/// A JSON document with its members in the order they were written.
indirect enum JSONNode {
  case null
  case bool(Bool)
  /// A number as it shall stand in the text.
  case number(String)
  case string(String)
  case array([JSONNode])
  case object([(String, JSONNode)])

  /// Indented text that ends in a line feed.
  var pretty: String { rendered(indent: "") + "\n" }

  private func rendered(indent: String) -> String {
    let inner = indent + "  "
    switch self {
    case .null: return "null"
    case .bool(let value): return value ? "true" : "false"
    case .number(let text): return text
    case .string(let text): return JSONNode.quoted(text)
    case .array(let items):
      if items.isEmpty { return "[]" }
      if items.allSatisfy(\.isPlain) { return "[" + items.map { $0.rendered(indent: "") }.joined(separator: ", ") + "]" }
      return "[\n" + items.map { inner + $0.rendered(indent: inner) }.joined(separator: ",\n") + "\n\(indent)]"
    case .object(let members):
      if members.isEmpty { return "{}" }
      let rows = members.map { "\(inner)\(JSONNode.quoted($0.0)): \($0.1.rendered(indent: inner))" }
      return "{\n" + rows.joined(separator: ",\n") + "\n\(indent)}"
    }
  }

  private var isPlain: Bool {
    switch self {
    case .array, .object: false
    default: true
    }
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}

extension JSONNode: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral {
  init(stringLiteral value: String) { self = .string(value) }
  init(booleanLiteral value: Bool) { self = .bool(value) }
  init(integerLiteral value: Int) { self = .number("\(value)") }
}

extension JSONNode: ExpressibleByArrayLiteral {
  typealias ArrayLiteralElement = JSONNode
  init(arrayLiteral elements: JSONNode...) { self = .array(elements) }
}

extension JSONNode: ExpressibleByDictionaryLiteral {
  typealias Key = String
  typealias Value = JSONNode
  init(dictionaryLiteral elements: (String, JSONNode)...) { self = .object(elements) }
}
