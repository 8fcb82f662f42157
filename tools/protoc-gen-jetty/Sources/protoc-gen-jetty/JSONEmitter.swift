/// JSON coding, as docs of the API show it (options.proto has the exceptions).
enum JSONEmitter {
  static func emit(_ file: FileModel, header: String) -> String? {
    guard file.isMain, !(file.messages.isEmpty && file.enums.isEmpty) else { return nil }
    var text = SourceText(header: header + "import JSON\n")
    for enumeration in file.enums {
      text.line()
      emit(enumeration, into: &text)
    }
    for message in file.messages {
      text.line()
      text.block("extension \(message.swiftType): JSONCodable {") { text in
        text.block("public init(json reader: JSONReader) throws(JSONError) {") { text in
          text.line("self.init()")
          for (index, _) in message.choices.enumerated() {
            let names = message.fields.filter { $0.isChoice(index) }.map { "\"\($0.jsonName)\"" }
            text.line("try reader.requireAtMostOne([\(names.joined(separator: ", "))])")
          }
          for field in message.fields where field.rules.json != .hidden { read(field, of: message, into: &text) }
        }
        text.line()
        text.block("public func write(json writer: inout JSONWriter) {") { text in
          text.line("writer.beginObject()")
          for field in message.fields where field.rules.json != .hidden { write(field, of: message, into: &text) }
          text.line("writer.endObject()")
        }
      }
    }
    return text.text
  }

  private static func emit(_ enumeration: EnumModel, into text: inout SourceText) {
    text.block("extension \(enumeration.swiftType): JSONWord {") { text in
      text.block("public var jsonWord: String? {") { text in
        text.line("switch self {")
        for value in enumeration.values {
          if let word = value.word { text.line("case .\(value.caseName): \"\(word)\"") }
        }
        text.line("default: nil")
        text.line("}")
      }
      text.line()
      let words = enumeration.values.filter { $0.word != nil }
      text.list("public static let jsonWords: [\(enumeration.name)] = [", words.map { ".\($0.caseName)" }, "]")
    }
  }

  // MARK: Reading

  private static func read(_ field: FieldModel, of message: MessageModel, into text: inout SourceText) {
    let label = "\"\(field.jsonName)\""
    switch field.place {
    case .single:
      if field.rules.isRequired { text.line("try reader.require(\(label))") }
      if case .message(let type, _) = field.type {
        text.line("if let nested = try reader.reader(\(label)) { \(field.escaped) = try \(type)(json: nested) }")
      } else {
        text.line("\(field.escaped) = try \(scalar(field)) ?? \(field.defaultValue)")
      }
    case .alone:
      if case .message(let type, _) = field.type {
        text.line("if let nested = try reader.reader(\(label)) { \(field.escaped) = try \(type)(json: nested) }")
      } else {
        text.line("\(field.escaped) = try \(scalar(field))")
      }
    case .choice(let index):
      let target = SwiftNames.escaped(message.choices[index].name)
      if case .message(let type, _) = field.type {
        text.line("if let nested = try reader.reader(\(label)) { \(target) = .\(field.property)(try \(type)(json: nested)) }")
      } else {
        text.line("if let value = try \(scalar(field)) { \(target) = .\(field.property)(value) }")
      }
    case .repeated:
      if field.rules.isRequired { text.line("try reader.require(\(label))") }
      text.line("\(field.escaped) = try \(list(field)) ?? []")
    case .map: break
    }
  }

  private static func scalar(_ field: FieldModel) -> String {
    let label = "\"\(field.jsonName)\""
    let maximum = field.rules.maximum.map { ", maximum: \(UInt64($0))" } ?? ""
    switch (field.type, field.rules.json) {
    case (.scalar(.int64), .dollars): return "reader.microDollars(\(label))"
    case (.scalar(.int64), .timestamp): return "reader.timestampMilliseconds(\(label))"
    case (.scalar(.string), _): return "reader.string(\(label))"
    case (.scalar(.bytes), _): return field.rules.text == .sha256 ? "reader.digest(\(label))" : "reader.base64(\(label))"
    case (.scalar(.bool), _): return "reader.bool(\(label))"
    case (.scalar(.double), _): return "reader.double(\(label))"
    case (.scalar(.float), _): return "reader.double(\(label)).map { Float($0) }"
    case (.scalar(.int32), _): return "reader.int32(\(label))"
    case (.scalar(.int64), _): return "reader.int64(\(label))"
    case (.scalar(.uint32), _): return "reader.uint32(\(label)\(maximum))"
    case (.scalar(.uint64), _): return "reader.uint64(\(label)\(maximum))"
    case (.enumeration, _): return "reader.word(\(label))"
    case (.message, _): return ""
    }
  }

  private static func list(_ field: FieldModel) -> String {
    let label = "\"\(field.jsonName)\", maximum: \(RulesEmitter.itemsMax(field))"
    switch field.type {
    case .scalar(.string): return "reader.strings(\(label))"
    case .scalar(.uint32): return "reader.uint32s(\(label))"
    case .scalar(.uint64): return "reader.uint64s(\(label))"
    case .scalar(.double): return "reader.doubles(\(label))"
    case .message(let type, _): return "reader.messages(\(label), \(type).self)"
    // ModelBuilder refuses these.
    case .scalar, .enumeration: return ""
    }
  }

  // MARK: Writing

  private static func write(_ field: FieldModel, of message: MessageModel, into text: inout SourceText) {
    text.line("writer.key(\"\(field.jsonName)\")")
    switch field.place {
    case .single:
      text.line(field.isMessage ? "writer.message(\(field.escaped))" : written(field.escaped, field))
    case .alone:
      if field.isMessage { return text.line("writer.message(\(field.escaped))") }
      text.line("if let value = \(field.escaped) { \(written("value", field)) } else { writer.null() }")
    case .choice(let index):
      let choice = SwiftNames.escaped(message.choices[index].name)
      let value = field.isMessage ? "value.write(json: &writer)" : written("value", field)
      text.line("if case .\(field.property)(let value)? = \(choice) { \(value) } else { writer.null() }")
    case .repeated:
      text.line("writer.beginArray()")
      text.line("for item in \(field.escaped) { \(field.isMessage ? "item.write(json: &writer)" : written("item", field)) }")
      text.line("writer.endArray()")
    case .map: text.line("writer.null()")
    }
  }

  private static func written(_ value: String, _ field: FieldModel) -> String {
    switch (field.type, field.rules.json) {
    case (.scalar(.int64), .dollars): "writer.dollars(microDollars: \(value))"
    case (.scalar(.int64), .timestamp): "writer.timestamp(\(value))"
    case (.scalar(.string), _): "writer.string(\(value))"
    case (.scalar(.bytes), _): field.rules.text == .sha256 ? "writer.digest(\(value))" : "writer.base64(\(value))"
    case (.scalar(.bool), _): "writer.bool(\(value))"
    case (.scalar(.double), _): "writer.double(\(value))"
    case (.scalar(.float), _): "writer.double(Double(\(value)))"
    case (.scalar(.int64), _): "writer.integer(\(value))"
    case (.scalar(.int32), _): "writer.integer(Int64(\(value)))"
    case (.scalar(.uint64), _): "writer.integer(\(value))"
    case (.scalar(.uint32), _): "writer.integer(UInt64(\(value)))"
    case (.enumeration, _): "writer.word(\(value))"
    case (.message, _): ""
    }
  }
}
