internal import ContractsC

/// One .proto file as server reflection gives it out.
public struct DescriptorFile: Sendable {
  /// `jetty/v1/types.proto`
  public let name: String
  /// The files it imports.
  public let dependencies: [String]
  /// The extensions it defines: the full name of the extended message and the field number.
  public let extensions: [(type: String, number: Int32)]
  private let symbolList: StaticString
  private let offset: Int
  private let byteCount: Int

  init(name: String, offset: Int, byteCount: Int, dependencies: [String], extensions: [(type: String, number: Int32)], symbols: StaticString) {
    self.name = name
    self.offset = offset
    self.byteCount = byteCount
    self.dependencies = dependencies
    self.extensions = extensions
    symbolList = symbols
  }

  /// The full names it defines: messages, enums, extensions, services and methods.
  public var symbols: [String] { symbolList.description.split(separator: "\n").map(String.init) }

  /// The serialized `google.protobuf.FileDescriptorProto`, without comments.
  public var bytes: [UInt8] {
    var count = 0
    guard let start = jetty_embedded_descriptors(&count), offset + byteCount <= count else { return [] }
    return Array(UnsafeRawBufferPointer(start: start + offset, count: byteCount))
  }
}

/// The description of the REST API.
public enum OpenAPI {
  /// docs/openapi.json: constant data of the program, valid for ever.
  public static var json: UnsafeRawBufferPointer {
    var count = 0
    let start = jetty_embedded_openapi(&count)
    return UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count)
  }
}
