/// What is generated: the descriptors in the words of the generated Swift.
struct ContractModel {
  var files: [FileModel]

  /// Full names of the messages that have `bytes` fields, or have messages that do.
  var messagesWithBytes: Set<String> {
    let messages = files.flatMap(\.messages)
    var found: Set<String> = []
    var before = -1
    while found.count != before {
      before = found.count
      for message in messages where !found.contains(message.fullName) {
        let reaches = message.fields.contains { field in
          switch field.type {
          case .scalar(let kind): kind == .bytes
          case .message(_, let name): found.contains(name)
          case .enumeration: false
          }
        }
        if reaches { found.insert(message.fullName) }
      }
    }
    return found
  }
}

struct FileModel {
  /// `jetty/v1/edge_selection.proto`
  let name: String
  let package: String
  let documentation: String
  var messages: [MessageModel]
  var enums: [EnumModel]
  var services: [ServiceModel]

  /// `EdgeSelection`, the first part of the names of the generated files.
  var stem: String {
    let parts = name.dropLast(".proto".count).split(separator: "/")
    let base = parts.last.map { SwiftNames.upperFirst(SwiftNames.property(String($0))) } ?? ""
    return package == SwiftNames.mainPackage ? base : SwiftNames.namespace(ofPackage: package) ?? base
  }

  var namespace: String? { SwiftNames.namespace(ofPackage: package) }
  /// JSON and rules belong to our own contracts only.
  var isMain: Bool { package == SwiftNames.mainPackage }
}

struct MessageModel {
  let fullName: String
  let name: String
  /// The Swift type, with its namespace.
  let swiftType: String
  let documentation: String
  var fields: [FieldModel]
  /// Oneofs of more than one field.
  var choices: [ChoiceModel]
  /// A request or part of one, and so to be validated.
  var isChecked = false
}

struct ChoiceModel {
  let name: String
  let swiftType: String
  let cName: String
  let documentation: String
}

enum ScalarKind: String {
  case double = "Double"
  case float = "Float"
  case int32 = "Int32"
  case int64 = "Int64"
  case uint32 = "UInt32"
  case uint64 = "UInt64"
  case bool = "Bool"
  case string = "String"
  case bytes = "[UInt8]"

  var zero: String {
    switch self {
    case .bool: "false"
    case .string: "\"\""
    case .bytes: "[]"
    default: "0"
    }
  }
}

enum FieldType {
  case scalar(ScalarKind)
  case enumeration(String)
  /// Swift type and full proto name.
  case message(String, String)

  var swift: String {
    switch self {
    case .scalar(let kind): kind.rawValue
    case .enumeration(let name): name
    case .message(let name, _): name
    }
  }
}

struct FieldModel {
  enum Place {
    case single
    case repeated
    /// The only field of its oneof; the C name of the oneof.
    case alone(oneof: String)
    /// One of several in a oneof: index into `choices`.
    case choice(Int)
    /// A map from text; the C type of its entries.
    case map(entry: String)
  }

  let name: String
  let property: String
  let jsonName: String
  let number: Int
  let type: FieldType
  let place: Place
  let rules: FieldRules
  let documentation: String

  var escaped: String { SwiftNames.escaped(property) }

  var isMessage: Bool {
    if case .message = type { return true }
    return false
  }

  /// The type of the stored property.
  var swiftType: String {
    switch place {
    case .repeated: "[\(type.swift)]"
    case .map: "[String: \(type.swift)]"
    case .alone: "\(type.swift)?"
    case .single, .choice: isMessage ? "\(type.swift)?" : type.swift
    }
  }

  var defaultValue: String {
    switch place {
    case .repeated: return "[]"
    case .map: return "[:]"
    case .alone: return "nil"
    case .single, .choice: break
    }
    switch type {
    case .scalar(let kind): return kind.zero
    case .enumeration(let name): return "\(name)(rawValue: 0)"
    case .message: return "nil"
    }
  }
}

struct EnumModel {
  struct Value {
    let number: Int32
    /// The Swift case, without back-ticks.
    let caseName: String
    /// The word in JSON; nil for the unspecified value.
    let word: String?
    let documentation: String
  }

  let name: String
  let swiftType: String
  let documentation: String
  let values: [Value]
}

struct ServiceModel {
  let fullName: String
  let name: String
  let documentation: String
  let methods: [MethodModel]
}

struct MethodModel {
  enum Kind: String { case unary, clientStreaming, serverStreaming, bidirectional }

  let name: String
  let kind: Kind
  let request: String
  let requestFullName: String
  let response: String
  let responseFullName: String
  let http: HTTPRule?
  let documentation: String

  var function: String { SwiftNames.escaped(SwiftNames.lowerFirst(name)) }
}
