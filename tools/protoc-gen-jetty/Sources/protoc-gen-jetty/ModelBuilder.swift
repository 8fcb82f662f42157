import SwiftProtobuf
import SwiftProtobufPluginLibrary

/// Reads descriptors into the model and refuses what the generated code could not do safely.
struct ModelBuilder {
  func build(_ files: [FileDescriptor]) throws -> ContractModel {
    var model = ContractModel(files: [])
    for file in files.sorted(by: { $0.name < $1.name }) where CView.isGenerated(package: file.package, hasExtensions: !file.extensions.isEmpty) {
      for message in file.messages { try refuseRecursion(message, path: []) }
      model.files.append(
        FileModel(
          name: file.name, package: file.package, documentation: fileComment(file), messages: try file.messages.map(message),
          enums: file.enums.map(enumeration) + file.messages.flatMap { $0.enums.map(enumeration) }, services: try file.services.map(service)))
    }
    markChecked(&model, files)
    return model
  }

  // MARK: Messages

  /// protobuf-c reads nested messages by recursion without a limit: a message that can hold itself could be sent deep enough to end the process.
  private func refuseRecursion(_ message: Descriptor, path: [String]) throws {
    guard !path.contains(message.fullName) else {
      throw GeneratorError("\(message.fullName) can contain itself (by way of \(path.joined(separator: ", "))): recursive messages are refused")
    }
    for field in message.fields where field.type == .message { try refuseRecursion(field.messageType, path: path + [message.fullName]) }
  }

  private func message(_ descriptor: Descriptor) throws -> MessageModel {
    guard descriptor.messages.allSatisfy(\.options.mapEntry) else {
      throw GeneratorError("\(descriptor.fullName): nested messages are not supported")
    }
    let choices = descriptor.realOneofs.filter { $0.fields.count > 1 }
    return MessageModel(
      fullName: descriptor.fullName, name: descriptor.name, swiftType: swiftType(descriptor), documentation: comment(descriptor),
      fields: try descriptor.fields.map { try field($0, choices: choices) },
      choices: choices.map { oneof in
        ChoiceModel(
          name: SwiftNames.property(oneof.name), swiftType: SwiftNames.upperFirst(SwiftNames.property(oneof.name)), cName: oneof.name,
          documentation: comment(oneof))
      })
  }

  private func field(_ descriptor: FieldDescriptor, choices: [OneofDescriptor]) throws -> FieldModel {
    let name = "\(descriptor.containingType.fullName).\(descriptor.name)"
    if CNames.reserved.contains(descriptor.name) { throw GeneratorError("\(name): this name has another meaning in C") }
    var place = FieldModel.Place.single
    var valueField = descriptor
    if let map = descriptor.isMap ? descriptor.messageType.mapKeyAndValue : nil {
      guard map.key.type == .string, map.value.type == .message else {
        throw GeneratorError("\(name): only maps from string to message are supported")
      }
      place = .map(entry: CNames.type(descriptor.messageType.fullName))
      valueField = map.value
    } else if descriptor.isRepeated {
      place = .repeated
    } else if let oneof = descriptor.realContainingOneof {
      place = choices.firstIndex { $0 === oneof }.map { .choice($0) } ?? .alone(oneof: oneof.name)
    }
    let type = try type(valueField, name)
    if descriptor.file.package == SwiftNames.mainPackage { try refuseWithoutJSON(type, place, name) }
    return FieldModel(
      name: descriptor.name, property: SwiftNames.property(descriptor.name), jsonName: descriptor.jsonName ?? SwiftNames.property(descriptor.name),
      number: Int(descriptor.number), type: type, place: place, rules: try FieldRules(descriptor.options),
      documentation: comment(descriptor))
  }

  /// What the JSON coding of our own contracts leaves out, because no contract has needed it.
  private func refuseWithoutJSON(_ type: FieldType, _ place: FieldModel.Place, _ name: String) throws {
    switch (place, type) {
    case (.map, _): throw GeneratorError("\(name): maps have no JSON form here; use a repeated message")
    case (.repeated, .scalar(.string)), (.repeated, .scalar(.uint32)), (.repeated, .scalar(.uint64)), (.repeated, .scalar(.double)): break
    case (.repeated, .message): break
    case (.repeated, _): throw GeneratorError("\(name): arrays of this type have no JSON form here")
    default: break
    }
  }

  private func type(_ field: FieldDescriptor, _ name: String) throws -> FieldType {
    switch field.type {
    case .double: .scalar(.double)
    case .float: .scalar(.float)
    case .int32, .sint32, .sfixed32: .scalar(.int32)
    case .int64, .sint64, .sfixed64: .scalar(.int64)
    case .uint32, .fixed32: .scalar(.uint32)
    case .uint64, .fixed64: .scalar(.uint64)
    case .bool: .scalar(.bool)
    case .string: .scalar(.string)
    case .bytes: .scalar(.bytes)
    case .enum: .enumeration(swiftType(field.enumType))
    case .message: .message(swiftType(field.messageType), field.messageType.fullName)
    case .group: throw GeneratorError("\(name): groups are not supported")
    }
  }

  private func swiftType(_ message: Descriptor) -> String { qualified(SwiftNames.type(message.name), message.file.package) }

  private func swiftType(_ type: EnumDescriptor) -> String {
    qualified((type.containingType?.name ?? "") + SwiftNames.type(type.name), type.file.package)
  }

  private func qualified(_ name: String, _ package: String) -> String {
    SwiftNames.namespace(ofPackage: package).map { "\($0).\(name)" } ?? name
  }

  private func enumeration(_ descriptor: EnumDescriptor) -> EnumModel {
    EnumModel(
      name: (descriptor.containingType?.name ?? "") + SwiftNames.type(descriptor.name), swiftType: swiftType(descriptor),
      documentation: comment(descriptor),
      values: descriptor.values.map { value in
        let word = SwiftNames.word(ofValue: value.name, inEnum: descriptor.name)
        return EnumModel.Value(
          number: value.number, caseName: SwiftNames.property(word), word: word == "unspecified" ? nil : word, documentation: comment(value))
      })
  }

  // MARK: Services

  private func service(_ descriptor: SwiftProtobufPluginLibrary.ServiceDescriptor) throws -> ServiceModel {
    ServiceModel(
      fullName: descriptor.fullName, name: descriptor.name, documentation: comment(descriptor),
      methods: try descriptor.methods.map { method in
        let kind: MethodModel.Kind =
          switch (method.clientStreaming, method.serverStreaming) {
          case (false, false): .unary
          case (true, false): .clientStreaming
          case (false, true): .serverStreaming
          case (true, true): .bidirectional
          }
        let http = try HTTPRule(method.options, method: "\(descriptor.fullName).\(method.name)")
        if http != nil, kind != .unary { throw GeneratorError("\(descriptor.fullName).\(method.name): only unary methods can have a REST route") }
        return MethodModel(
          name: method.name, kind: kind, request: swiftType(method.inputType), requestFullName: method.inputType.fullName,
          response: swiftType(method.outputType), responseFullName: method.outputType.fullName, http: http, documentation: comment(method))
      })
  }

  /// Marks every message that a request of ours can hold.
  private func markChecked(_ model: inout ContractModel, _ files: [FileDescriptor]) {
    var checked: Set<String> = []
    func visit(_ message: Descriptor) {
      guard checked.insert(message.fullName).inserted else { return }
      for field in message.fields where field.type == .message { visit(field.messageType) }
    }
    for file in files where file.package == SwiftNames.mainPackage {
      for service in file.services {
        for method in service.methods { visit(method.inputType) }
      }
    }
    for file in model.files.indices {
      for message in model.files[file].messages.indices {
        model.files[file].messages[message].isChecked = checked.contains(model.files[file].messages[message].fullName)
      }
    }
  }

  // MARK: Comments

  private func comment(_ descriptor: any ProvidesSourceCodeLocation) -> String {
    guard let location = descriptor.sourceCodeInfoLocation else { return "" }
    return [location.leadingComments, location.trailingComments].map(trimmed).filter { !$0.isEmpty }.joined(separator: "\n")
  }

  /// The comment above `syntax`.
  private func fileComment(_ file: FileDescriptor) -> String {
    file.sourceCodeInfoLocation(path: [12]).map { trimmed($0.leadingComments) } ?? ""
  }

  private func trimmed(_ comment: String) -> String {
    let lines = comment.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      var line = line.hasPrefix(" ") ? line.dropFirst() : line
      while line.last == " " { line = line.dropLast() }
      return String(line)
    }
    var rows = lines[...]
    while rows.first?.isEmpty == true { rows = rows.dropFirst() }
    while rows.last?.isEmpty == true { rows = rows.dropLast() }
    return rows.joined(separator: "\n")
  }
}
