import Bytes

/// What is wrong with a request, by field. Goes with INVALID_ARGUMENT.
public struct BadRequest: StandardDetail {
  public struct FieldViolation: Sendable, Equatable {
    /// The path of the field, e.g. `chunks[3].size`.
    public var field: String
    /// What is wrong with it, for developers.
    public var description: String

    public init(field: String, description: String) {
      self.field = field
      self.description = description
    }
  }

  public static let typeURL = "type.googleapis.com/google.rpc.BadRequest"
  public var fieldViolations: [FieldViolation]

  public init(_ fieldViolations: [FieldViolation]) { self.fieldViolations = fieldViolations }

  public init(field: String, _ description: String) { self.init([FieldViolation(field: field, description: description)]) }

  public var encoded: [UInt8] {
    var buffer = ByteBuffer()
    for violation in fieldViolations {
      WireWriter.message(field: 1, into: &buffer) { one in
        WireWriter.string(violation.field, field: 1, into: &one)
        WireWriter.string(violation.description, field: 2, into: &one)
      }
    }
    return buffer.array
  }

  public init?(encoded bytes: [UInt8]) {
    var found: [FieldViolation] = []
    let isRead = DetailReader.read(bytes) { field throws(WireReader.Malformed) in
      guard field.number == 1, let nested = field.bytes else { return }
      var violation = FieldViolation(field: "", description: "")
      try DetailReader.each(nested) { part throws(WireReader.Malformed) in
        if part.number == 1 { violation.field = try part.string() }
        if part.number == 2 { violation.description = try part.string() }
      }
      found.append(violation)
    }
    guard isRead else { return nil }
    fieldViolations = found
  }
}
