/// The value types: structs and enums.
enum TypesEmitter {
  static func emit(_ file: FileModel, header: String) -> String {
    var text = SourceText(header: header + "import RPC\n\n")
    func body(_ text: inout SourceText) {
      for (index, enumeration) in file.enums.enumerated() {
        if index > 0 { text.line() }
        emit(enumeration, into: &text)
      }
      for (index, message) in file.messages.enumerated() {
        if index > 0 || !file.enums.isEmpty { text.line() }
        emit(message, into: &text)
      }
    }
    if let namespace = file.namespace {
      text.documentation("The package `\(file.package)`.")
      text.block("public enum \(namespace) {") { body(&$0) }
    } else {
      body(&text)
    }
    return text.text
  }

  private static func emit(_ enumeration: EnumModel, into text: inout SourceText) {
    if !enumeration.documentation.isEmpty { text.documentation(enumeration.documentation) }
    text.block("public enum \(enumeration.name): RawRepresentable, Hashable, Sendable {") { text in
      for value in enumeration.values {
        if !value.documentation.isEmpty { text.documentation(value.documentation) }
        text.line("case \(SwiftNames.escaped(value.caseName))")
      }
      text.documentation("A value that this build does not know.")
      text.line("case unrecognized(Int32)")
      text.line()
      text.block("public init(rawValue: Int32) {") { text in
        text.line("switch rawValue {")
        for value in enumeration.values { text.line("case \(value.number): self = .\(value.caseName)") }
        text.line("default: self = .unrecognized(rawValue)")
        text.line("}")
      }
      text.line()
      text.block("public var rawValue: Int32 {") { text in
        text.line("switch self {")
        for value in enumeration.values { text.line("case .\(value.caseName): \(value.number)") }
        text.line("case .unrecognized(let value): value")
        text.line("}")
      }
    }
  }

  private static func emit(_ message: MessageModel, into text: inout SourceText) {
    if !message.documentation.isEmpty { text.documentation(message.documentation) }
    text.block("public struct \(SwiftNames.type(message.name)): RPCMessage, Equatable {") { text in
      for (index, choice) in message.choices.enumerated() {
        if !choice.documentation.isEmpty { text.documentation(choice.documentation) }
        text.block("public enum \(choice.swiftType): Equatable, Sendable {") { text in
          for field in message.fields where field.isChoice(index) {
            if !field.documentation.isEmpty { text.documentation(field.documentation) }
            text.line("case \(field.escaped)(\(field.type.swift))")
          }
        }
        text.line()
      }
      let properties = properties(of: message)
      for property in properties {
        if !property.documentation.isEmpty { text.documentation(property.documentation) }
        let isImplicit = property.type.hasSuffix("?")
        text.line("public var \(property.name): \(property.type)\(isImplicit ? "" : " = \(property.defaultValue)")")
      }
      if !properties.isEmpty { text.line() }
      text.line("public init() {}")
      guard !properties.isEmpty else { return }
      text.line()
      text.list("public init(", properties.map { "\($0.name): \($0.type) = \($0.defaultValue)" }, ") {")
      for property in properties { text.line("  self.\(property.name) = \(property.name)") }
      text.line("}")
    }
  }

  private struct Property {
    var name: String
    var type: String
    var defaultValue: String
    var documentation: String
  }

  /// A choice stands where its first field stands.
  private static func properties(of message: MessageModel) -> [Property] {
    var seen: Set<Int> = []
    return message.fields.compactMap { field in
      if case .choice(let index) = field.place {
        guard seen.insert(index).inserted else { return nil }
        let choice = message.choices[index]
        return Property(name: SwiftNames.escaped(choice.name), type: "\(choice.swiftType)?", defaultValue: "nil", documentation: choice.documentation)
      }
      return Property(name: field.escaped, type: field.swiftType, defaultValue: field.defaultValue, documentation: field.documentation)
    }
  }
}

extension FieldModel {
  func isChoice(_ index: Int) -> Bool {
    if case .choice(index) = place { return true }
    return false
  }
}
