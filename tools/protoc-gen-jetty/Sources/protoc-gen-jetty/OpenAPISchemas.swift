/// JSON Schemas (draft 2020-12, as OpenAPI 3.1 uses it) of the messages and enums.
struct OpenAPISchemas {
  private let messages: [String: MessageModel]
  private let enums: [String: EnumModel]

  init(_ model: ContractModel) {
    let files = model.files.filter(\.isMain)
    messages = Dictionary(files.flatMap(\.messages).map { ($0.fullName, $0) }, uniquingKeysWith: { first, _ in first })
    enums = Dictionary(files.flatMap(\.enums).map { ($0.swiftType, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The schemas of these messages and of everything in them, by name.
  func schemas(reachableFrom names: [String]) -> [(String, JSONNode)] {
    var seen: Set<String> = []
    var result: [(String, JSONNode)] = []
    func visit(_ fullName: String) {
      guard let message = messages[fullName], seen.insert(fullName).inserted else { return }
      result.append((message.name, schema(of: message)))
      for field in message.fields {
        if case .message(_, let name) = field.type { visit(name) }
      }
    }
    names.forEach(visit)
    return result.sorted { $0.0 < $1.0 }
  }

  func name(_ fullName: String) -> String { messages[fullName]?.name ?? fullName }

  static func reference(_ name: String) -> JSONNode { ["$ref": .string("#/components/schemas/\(name)")] }

  /// A parameter of a path or a query.
  func parameters(of fullName: String, inPath: Set<String>, inQuery: Bool) -> [JSONNode] {
    guard let message = messages[fullName] else { return [] }
    return message.fields.compactMap { field in
      let isInPath = inPath.contains(field.name)
      guard isInPath || inQuery, !field.isMessage, field.rules.json != .hidden else { return nil }
      var members: [(String, JSONNode)] = [
        ("name", .string(field.jsonName)), ("in", isInPath ? "path" : "query"), ("required", .bool(isInPath || field.rules.isRequired)),
      ]
      if !field.documentation.isEmpty { members.append(("description", .string(field.documentation))) }
      members.append(("schema", schema(of: field, documented: false)))
      return .object(members)
    }
  }

  private func schema(of message: MessageModel) -> JSONNode {
    let fields = message.fields.filter { $0.rules.json != .hidden }
    // A response always has every member; of a request only what its rules ask for is needed.
    let required = fields.filter { message.isChecked ? $0.rules.isRequired : true }
    var members: [(String, JSONNode)] = [("type", "object")]
    if !message.documentation.isEmpty { members.append(("description", .string(message.documentation))) }
    members.append(("properties", .object(fields.map { ($0.jsonName, schema(of: $0, documented: true)) })))
    if !required.isEmpty { members.append(("required", .array(required.map { .string($0.jsonName) }))) }
    return .object(members)
  }

  private func schema(of field: FieldModel, documented: Bool) -> JSONNode {
    var members = plainSchema(of: field)
    switch field.place {
    case .repeated:
      var list: [(String, JSONNode)] = [("type", "array"), ("items", .object(members)), ("maxItems", .number("\(RulesEmitter.itemsMax(field))"))]
      if field.rules.isRequired { list.append(("minItems", 1)) }
      members = list
    case .alone, .choice: members = nullable(members)
    case .single where field.isMessage && !field.rules.isRequired: members = nullable(members)
    case .single, .map: break
    }
    if documented, !field.documentation.isEmpty { members.append(("description", .string(field.documentation))) }
    return .object(members)
  }

  private func nullable(_ members: [(String, JSONNode)]) -> [(String, JSONNode)] {
    if members.first?.0 == "type", case .string(let type)? = members.first?.1 {
      return [("type", .array([.string(type), "null"]))] + members.dropFirst()
    }
    return [("anyOf", .array([.object(members), ["type": "null"]]))]
  }

  private func plainSchema(of field: FieldModel) -> [(String, JSONNode)] {
    switch (field.type, field.rules.json) {
    case (.scalar(.int64), .dollars): return [("type", "number"), ("format", "dollars")] + range(field)
    case (.scalar(.int64), .timestamp): return [("type", .array(["string", "null"])), ("format", "date-time")]
    case (.scalar(.string), _): return [("type", "string")] + text(field)
    case (.scalar(.bytes), _):
      if field.rules.text == .sha256 { return [("type", "string")] + text(field) }
      return [("type", "string"), ("contentEncoding", "base64")]
    case (.scalar(.bool), _): return [("type", "boolean")]
    case (.scalar(.double), _), (.scalar(.float), _): return [("type", "number"), ("format", "double")] + range(field)
    case (.scalar(let kind), _):
      let isUnsigned = kind == .uint32 || kind == .uint64
      let isLong = kind == .int64 || kind == .uint64
      let zero: [(String, JSONNode)] = isUnsigned && field.rules.minimum == nil ? [("minimum", 0)] : []
      return [("type", "integer"), ("format", isLong ? "int64" : "int32")] + zero + range(field)
    case (.enumeration(let name), _):
      let words = enums[name]?.values.compactMap { $0.word.map { JSONNode.string($0) } } ?? []
      return [("type", .array(["string", "null"])), ("enum", .array(words + [.null]))]
    case (.message(_, let fullName), _): return [("$ref", .string("#/components/schemas/\(name(fullName))"))]
    }
  }

  private func range(_ field: FieldModel) -> [(String, JSONNode)] {
    let scale = field.rules.json == .dollars ? 1_000_000.0 : 1
    var members: [(String, JSONNode)] = []
    if let minimum = field.rules.minimum { members.append(("minimum", .number(shown(minimum / scale)))) }
    if let maximum = field.rules.maximum { members.append(("maximum", .number(shown(maximum / scale)))) }
    return members
  }

  private func shown(_ value: Double) -> String { Int64(exactly: value).map { "\($0)" } ?? "\(value)" }

  private func text(_ field: FieldModel) -> [(String, JSONNode)] {
    // The empty text stands for an absent one where the field is not required.
    let orEmpty = field.rules.isRequired ? "" : "|^$"
    switch field.rules.text {
    case .none: return field.rules.bytesMax > 0 ? [("maxLength", .number("\(field.rules.bytesMax)"))] : []
    case .userID: return [("pattern", .string("^[A-Za-z0-9_-]{1,64}$\(orEmpty)"))]
    case .fileID: return [("pattern", .string("^file_[a-z2-7]{26}$\(orEmpty)"))]
    case .sha256: return [("pattern", .string("^sha256:[0-9A-Fa-f]{64}$\(orEmpty)"))]
    case .edgeID: return [("pattern", .string("^[a-z0-9-]{1,50}$\(orEmpty)"))]
    case .fileName: return [("maxLength", 1024)]
    case .mediaType: return [("maxLength", 255)]
    }
  }
}
