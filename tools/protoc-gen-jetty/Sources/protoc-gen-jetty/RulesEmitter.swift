/// `validate()`: what options.proto says about a field beyond its type.
enum RulesEmitter {
  /// Nil where no message of the file is ever validated.
  static func emit(_ file: FileModel, header: String) -> String? {
    let messages = file.messages.filter { $0.isChecked }
    guard file.isMain, !messages.isEmpty else { return nil }
    var text = SourceText(header: header + "import RPC\n")
    for message in messages {
      text.line()
      text.block("extension \(message.swiftType) {") { text in
        text.block("public func validate() throws(RPCError) {") { text in
          text.line("do { try checkFields() } catch { throw RPCError(error) }")
        }
        text.line()
        text.block("func checkFields() throws(FieldError) {") { text in
          for field in message.fields { check(field, of: message, into: &text) }
        }
      }
    }
    return text.text
  }

  private static func check(_ field: FieldModel, of message: MessageModel, into text: inout SourceText) {
    switch field.place {
    case .single:
      if field.isMessage {
        if field.rules.isRequired { text.line("if \(field.escaped) == nil { throw FieldError(\"\(field.jsonName)\", \"is required\") }") }
        nested("if let value = \(field.escaped)", "value", field, into: &text)
      } else {
        for line in value(field, field.escaped) { text.line(line) }
      }
    case .alone:
      if field.isMessage { return nested("if let value = \(field.escaped)", "value", field, into: &text) }
      let lines = value(field, "value")
      if !lines.isEmpty { text.line("if let value = \(field.escaped) { \(lines.joined(separator: "; ")) }") }
    case .choice(let index):
      let choice = message.choices[index]
      let pattern = "if case .\(field.property)(let value)? = \(SwiftNames.escaped(choice.name))"
      if field.isMessage { return nested(pattern, "value", field, into: &text) }
      let lines = value(field, "value")
      if !lines.isEmpty { text.line("\(pattern) { \(lines.joined(separator: "; ")) }") }
    case .repeated:
      let minimum = field.rules.isRequired ? 1 : 0
      text.line("try Rules.items(\(field.escaped).count, \"\(field.jsonName)\", minimum: \(minimum), maximum: \(itemsMax(field)))")
      if field.isMessage {
        text.block("for (index, item) in \(field.escaped).enumerated() {") { text in
          text.line("do { try item.checkFields() } catch { throw error.inside(\"\(field.jsonName)\", index) }")
        }
      } else {
        let lines = value(field, "item", label: "")
        guard !lines.isEmpty else { return }
        text.block("for (index, item) in \(field.escaped).enumerated() {") { text in
          text.line("do { \(lines.joined(separator: "; ")) } catch { throw error.inside(\"\(field.jsonName)\", index) }")
        }
      }
    case .map: text.line("try Rules.items(\(field.escaped).count, \"\(field.jsonName)\", minimum: 0, maximum: \(itemsMax(field)))")
    }
  }

  private static func nested(_ condition: String, _ value: String, _ field: FieldModel, into text: inout SourceText) {
    text.block("\(condition) {") { text in
      text.line("do { try \(value).checkFields() } catch { throw error.inside(\"\(field.jsonName)\") }")
    }
  }

  static func itemsMax(_ field: FieldModel) -> UInt64 { field.rules.itemsMax == 0 ? 10_000 : field.rules.itemsMax }

  static func bytesMax(_ field: FieldModel) -> UInt64 {
    if field.rules.bytesMax != 0 { return field.rules.bytesMax }
    if case .scalar(.bytes) = field.type { return 4 << 20 }
    return 1024
  }

  /// `label` is what errors call the value: by default the field's name.
  private static func value(_ field: FieldModel, _ value: String, label: String? = nil) -> [String] {
    let label = "\"\(label ?? field.jsonName)\""
    let rules = field.rules
    var single = false
    if case .single = field.place { single = true }
    let required = rules.isRequired && single ? ", isRequired: true" : ""
    switch field.type {
    case .scalar(.string):
      let format = rules.text == .none ? "" : ", format: .\(rules.text)"
      return ["try Rules.text(\(value), \(label)\(format), bytesMax: \(bytesMax(field))\(required))"]
    case .scalar(.bytes):
      if rules.text == .sha256 { return ["try Rules.digest(\(value), \(label)\(required))"] }
      return ["try Rules.bytes(\(value), \(label), bytesMax: \(bytesMax(field))\(required))"]
    case .scalar(.double), .scalar(.float):
      var lines = ["try Rules.finite(\(value), \(label))"]
      if let minimum = rules.minimum { lines.append("try Rules.atLeast(\(minimum), \(value), \(label))") }
      if let maximum = rules.maximum { lines.append("try Rules.atMost(\(maximum), \(value), \(label))") }
      return lines
    case .scalar(.bool), .enumeration, .message: return []
    case .scalar(let kind):
      let isUnsigned = kind == .uint32 || kind == .uint64
      var lines: [String] = []
      if let minimum = rules.minimum, !(isUnsigned && minimum <= 0) { lines.append("try Rules.atLeast(\(Int64(minimum)), \(value), \(label))") }
      if let maximum = rules.maximum { lines.append("try Rules.atMost(\(UInt64(maximum)), \(value), \(label))") }
      return lines
    }
  }
}
