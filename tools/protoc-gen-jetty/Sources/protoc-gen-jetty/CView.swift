import Foundation
import SwiftProtobuf

/// The contracts as protoc-c may see them. The bytes on the wire stay the same; only the C that comes out is better.
///
/// - Options go: protoc-c would want C code for the files that define them.
/// - Text becomes bytes: a C string ends at its first NUL, bytes have a length. The Swift side checks UTF-8 and refuses NUL.
/// - Enums become int32, so that a value this build does not know survives.
/// - Maps become the repeated entries that they are on the wire.
enum CView {
  static func rewrite(_ input: Data) throws -> Data {
    var set = try Google_Protobuf_FileDescriptorSet(serializedBytes: input)
    let wanted = set.file.filter { isGenerated(package: $0.package, hasExtensions: !$0.extension.isEmpty) }
    let names = Set(wanted.map(\.name))
    set.file = wanted.map { file in
      var file = file
      file.clearOptions()
      file.clearSourceCodeInfo()
      file.dependency = file.dependency.filter { names.contains($0) }
      file.publicDependency = []
      file.weakDependency = []
      file.service = []
      file.enumType = []
      file.extension = []
      file.messageType = file.messageType.map(plain)
      return file
    }
    return try set.serializedBytes()
  }

  /// Our own packages, without the files that only define options for this generator.
  static func isGenerated(package: String, hasExtensions: Bool) -> Bool { !package.hasPrefix("google.") && !hasExtensions }

  private static func plain(_ message: Google_Protobuf_DescriptorProto) -> Google_Protobuf_DescriptorProto {
    var message = message
    message.clearOptions()
    message.enumType = []
    message.extension = []
    message.nestedType = message.nestedType.map(plain)
    message.field = message.field.map { field in
      var field = field
      field.clearOptions()
      switch field.type {
      case .string: field.type = .bytes
      case .enum:
        field.type = .int32
        field.clearTypeName()
      default: break
      }
      return field
    }
    message.oneofDecl = message.oneofDecl.map { oneof in
      var oneof = oneof
      oneof.clearOptions()
      return oneof
    }
    return message
  }
}
