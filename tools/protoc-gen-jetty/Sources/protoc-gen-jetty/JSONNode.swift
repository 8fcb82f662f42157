/// A JSON document with its members in the order they were written.
enum JSONNode: Sendable {
  struct Member: Sendable {
    let name: String
    let value: JSONNode
  }

  case null
  case bool(Bool)
  /// A number as it shall stand in the text.
  case number(String)
  case string(String)
  case array([JSONNode])
  case members([Member])

  static func object(_ members: [(String, JSONNode)]) -> JSONNode { .members(members.map { Member(name: $0.0, value: $0.1) }) }

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
    case .members(let members):
      if members.isEmpty { return "{}" }
      let rows = members.map { "\(inner)\(JSONNode.quoted($0.name)): \($0.value.rendered(indent: inner))" }
      return "{\n" + rows.joined(separator: ",\n") + "\n\(indent)}"
    }
  }

  private var isPlain: Bool {
    switch self {
    case .array, .members: false
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
