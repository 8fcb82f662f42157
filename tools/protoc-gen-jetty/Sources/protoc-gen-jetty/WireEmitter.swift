/// The way to the wire and back, by way of protobuf-c's structs.
struct WireEmitter {
  /// Full names of the messages that are read and written with large `bytes` left where they are.
  private let withBytes: Set<String>

  /// - Parameter cModule: where protoc-c's structs are.
  /// - Parameter withBytes: `ContractModel.messagesWithBytes`.
  static func emit(_ file: FileModel, withBytes: Set<String>, cModule: String, header: String) -> String {
    let emitter = WireEmitter(withBytes: withBytes)
    var text = SourceText(header: header + "import Bytes\ninternal import \(cModule)\nimport RPC\n")
    for message in file.messages {
      text.line()
      text.block("extension \(message.swiftType) {") { emitter.emit(message, into: &$0) }
    }
    return text.text
  }

  private func emit(_ message: MessageModel, into text: inout SourceText) {
    let type = CNames.type(message.fullName)
    let function = CNames.function(message.fullName)
    let hasBytes = withBytes.contains(message.fullName)
    text.block("public init(wire bytes: UnsafeRawBufferPointer) throws(RPCError) {") { text in
      let parameters = hasBytes ? "c, arena" : "c"
      let decode = "self = try WireDecoder.decode(bytes, \"\(message.fullName)\", \(function)__unpack) { \(parameters) throws(RPCError) in"
      text.block(decode, closing: "}") { text in
        text.line("try \(made(message.swiftType, message.fullName, "c"))")
      }
    }
    text.line()
    let coding = "size: \(function)__get_packed_size, pack: \(function)__pack) { makeC(in: $0) }"
    text.block("public func encode(into buffer: inout ByteBuffer) throws(RPCError) {") { text in
      text.line("try WireEncoder.encode(into: &buffer, \(coding)")
    }
    if hasBytes {
      text.line()
      text.line("public static var lendsBytes: Bool { true }")
      text.line()
      text.block("public func encode(into buffer: inout ByteBuffer, lending lent: inout LentBytes) throws(RPCError) {") { text in
        text.line("try WireEncoder.encode(into: &buffer, lending: &lent, \(coding)")
      }
    }
    text.line()
    text.block("init(c: UnsafeMutablePointer<\(type)>\(hasBytes ? ", from arena: WireArena" : "")) throws(RPCError) {") { text in
      if let values = values(of: message) {
        text.list("self.init(", values, ")")
      } else {
        text.line("self.init()")
        for field in message.fields { read(field, of: message, into: &text) }
      }
    }
    text.line()
    text.block("func makeC(in arena: WireArena) -> UnsafeMutablePointer<\(type)> {") { text in
      text.line("let c = arena.allocate(\(type).self)")
      text.line("\(function)__init(c)")
      for field in message.fields {
        if case .choice = field.place { continue }
        write(field, of: message, into: &text)
      }
      for (index, choice) in message.choices.enumerated() { write(choice, index, of: message, into: &text) }
      text.line("return c")
    }
  }

  // MARK: Reading

  /// The arguments of the initializer that takes all fields: a value made by one of its own needs no second copy. Nil for messages with fields that
  /// take more than an expression.
  private func values(of message: MessageModel) -> [String]? {
    var values: [String] = []
    for field in message.fields {
      let member = "c.pointee.\(field.name)"
      let label = "\"\(field.jsonName)\""
      let value: String
      switch field.place {
      case .single:
        if case .message(let type, let name) = field.type {
          value = "try \(member).map { value throws(RPCError) in try \(made(type, name, "value")) }"
        } else {
          value = converted(member, field.type, label)
        }
      case .repeated: value = list(field, member, label)
      case .alone, .choice, .map: return nil
      }
      values.append("\(field.property): \(value)")
    }
    return values.isEmpty ? nil : values
  }

  private func read(_ field: FieldModel, of message: MessageModel, into text: inout SourceText) {
    let member = "c.pointee.\(field.name)"
    let label = "\"\(field.jsonName)\""
    switch field.place {
    case .single:
      if case .message(let type, let name) = field.type {
        text.line("if let value = \(member) { \(field.escaped) = try \(made(type, name, "value")) }")
      } else {
        text.line("\(field.escaped) = \(converted(member, field.type, label))")
      }
    case .alone(let oneof):
      text.line("if c.pointee.\(oneof)_case.rawValue == \(field.number) { \(assignment(field, member, label)) }")
    case .choice(let index):
      let choice = message.choices[index]
      let target = SwiftNames.escaped(choice.name)
      let isChosen = "c.pointee.\(choice.cName)_case.rawValue == \(field.number)"
      if case .message(let type, let name) = field.type {
        text.line("if \(isChosen), let value = \(member) { \(target) = .\(field.property)(try \(made(type, name, "value"))) }")
      } else {
        text.line("if \(isChosen) { \(target) = .\(field.property)(\(converted(member, field.type, label))) }")
      }
    case .repeated: text.line("\(field.escaped) = \(list(field, member, label))")
    case .map(let entry):
      guard case .message(let type, let name) = field.type else { return }
      text.block("for index in 0..<c.pointee.n_\(field.name) {") { text in
        text.line("guard let entry: UnsafeMutablePointer<\(entry)> = \(member)?[index] else { continue }")
        text.line("let value = try entry.pointee.value.map { value throws(RPCError) in try \(made(type, name, "value")) } ?? \(type)()")
        text.line("\(field.escaped)[try WireText.string(entry.pointee.key, \(label))] = value")
      }
    }
  }

  /// The Swift value of a C message.
  private func made(_ type: String, _ fullName: String, _ c: String) -> String {
    "\(type)(c: \(c)\(withBytes.contains(fullName) ? ", from: arena" : ""))"
  }

  private func assignment(_ field: FieldModel, _ member: String, _ label: String) -> String {
    if case .message(let type, let name) = field.type {
      return "\(field.escaped) = try \(member).map { value throws(RPCError) in try \(made(type, name, "value")) }"
    }
    return "\(field.escaped) = \(converted(member, field.type, label))"
  }

  private func converted(_ member: String, _ type: FieldType, _ label: String) -> String {
    switch type {
    case .scalar(.string): "try WireText.string(\(member), \(label))"
    case .scalar(.bytes): "WireText.bytes(\(member), from: arena)"
    case .scalar(.bool): "\(member) != 0"
    case .scalar: member
    case .enumeration(let name): "\(name)(rawValue: \(member))"
    case .message: member
    }
  }

  private func list(_ field: FieldModel, _ member: String, _ label: String) -> String {
    let count = "c.pointee.n_\(field.name)"
    switch field.type {
    case .scalar(.string): return "try WireText.strings(\(member), \(count), \(label))"
    case .scalar(.bytes): return "WireText.blobs(\(member), \(count), from: arena)"
    case .scalar(.bool): return "UnsafeBufferPointer(start: \(member), count: \(count)).map { $0 != 0 }"
    case .scalar: return "Array(UnsafeBufferPointer(start: \(member), count: \(count)))"
    case .enumeration(let name): return "UnsafeBufferPointer(start: \(member), count: \(count)).map { \(name)(rawValue: $0) }"
    case .message(let type, let name):
      return "try WireDecoder.list(\(member), \(count)) { c throws(RPCError) in try \(made(type, name, "c")) }"
    }
  }

  // MARK: Writing

  private func write(_ field: FieldModel, of message: MessageModel, into text: inout SourceText) {
    let member = "c.pointee.\(field.name)"
    switch field.place {
    case .single:
      if field.isMessage {
        text.line("if let value = \(field.escaped) { \(member) = value.makeC(in: arena) }")
      } else {
        text.line("\(member) = \(packed(field.escaped, field.type))")
      }
    case .alone(let oneof):
      let caseType = "\(CNames.type(message.fullName))__\(SwiftNames.upperFirst(SwiftNames.property(oneof)))Case"
      text.block("if let value = \(field.escaped) {") { text in
        text.line("c.pointee.\(oneof)_case = \(caseType)(rawValue: \(field.number))")
        text.line("\(member) = \(packed("value", field.type))")
      }
    case .repeated:
      text.line("c.pointee.n_\(field.name) = \(field.escaped).count")
      text.line("\(member) = \(packedList(field))")
    case .map(let entry):
      text.line("let \(field.property)Keys = \(field.property).keys.sorted()")
      text.line("c.pointee.n_\(field.name) = \(field.property)Keys.count")
      text.block("\(member) = arena.pointers(\(field.property)Keys) { key in") { text in
        text.line("let entry = arena.allocate(\(entry).self)")
        text.line("\(entryFunction(entry, message))__init(entry)")
        text.line("entry.pointee.key = arena.bytes(of: key)")
        text.line("entry.pointee.value = \(field.property)[key]?.makeC(in: arena)")
        text.line("return entry")
      }
    case .choice: break
    }
  }

  private func entryFunction(_ entry: String, _ message: MessageModel) -> String {
    let name = entry.split(separator: "_").last.map(String.init) ?? ""
    return CNames.function(message.fullName + "." + name)
  }

  private func write(_ choice: ChoiceModel, _ index: Int, of message: MessageModel, into text: inout SourceText) {
    let caseType = "\(CNames.type(message.fullName))__\(choice.swiftType)Case"
    text.line("switch \(SwiftNames.escaped(choice.name)) {")
    for field in message.fields where field.isChoice(index) {
      text.line("case .\(field.property)(let value):")
      text.line("  c.pointee.\(choice.cName)_case = \(caseType)(rawValue: \(field.number))")
      text.line("  c.pointee.\(field.name) = \(packed("value", field.type))")
    }
    text.line("case nil: break")
    text.line("}")
  }

  private func packed(_ value: String, _ type: FieldType) -> String {
    switch type {
    case .scalar(.string), .scalar(.bytes): "arena.bytes(of: \(value))"
    case .scalar(.bool): "\(value) ? 1 : 0"
    case .scalar: value
    case .enumeration: "\(value).rawValue"
    case .message: "\(value).makeC(in: arena)"
    }
  }

  private func packedList(_ field: FieldModel) -> String {
    switch field.type {
    case .scalar(.string): "arena.list(\(field.escaped)) { arena.bytes(of: $0) }"
    case .scalar(.bytes): "arena.list(\(field.escaped)) { arena.bytes(of: $0) }"
    case .scalar(.bool): "arena.list(\(field.escaped)) { $0 ? 1 : 0 }"
    case .scalar: "arena.list(\(field.escaped)) { $0 }"
    case .enumeration: "arena.list(\(field.escaped)) { $0.rawValue }"
    case .message: "arena.pointers(\(field.escaped)) { $0.makeC(in: arena) }"
    }
  }
}
