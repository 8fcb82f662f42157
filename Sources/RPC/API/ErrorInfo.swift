import Bytes

/// Why it failed, for programs: a stable word within a domain.
public struct ErrorInfo: StandardDetail {
  public static let typeURL = "type.googleapis.com/google.rpc.ErrorInfo"
  /// UPPER_SNAKE_CASE, e.g. `UPLOAD_ENDED`.
  public var reason: String
  /// Whose word it is, e.g. a product or a service.
  public var domain: String
  public var metadata: [String: String]

  public init(reason: String, domain: String, metadata: [String: String] = [:]) {
    self.reason = reason
    self.domain = domain
    self.metadata = metadata
  }

  public var encoded: [UInt8] {
    var buffer = ByteBuffer()
    WireWriter.string(reason, field: 1, into: &buffer)
    WireWriter.string(domain, field: 2, into: &buffer)
    for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
      WireWriter.message(field: 3, into: &buffer) { entry in
        WireWriter.string(key, field: 1, into: &entry)
        WireWriter.string(value, field: 2, into: &entry)
      }
    }
    return buffer.array
  }

  public init?(encoded bytes: [UInt8]) {
    var info = ErrorInfo(reason: "", domain: "")
    let isRead = DetailReader.read(bytes) { field throws(WireReader.Malformed) in
      switch field.number {
      case 1: info.reason = try field.string()
      case 2: info.domain = try field.string()
      case 3:
        guard let nested = field.bytes else { return }
        var (key, value) = ("", "")
        try DetailReader.each(nested) { part throws(WireReader.Malformed) in
          if part.number == 1 { key = try part.string() }
          if part.number == 2 { value = try part.string() }
        }
        info.metadata[key] = value
      default: return
      }
    }
    guard isRead else { return nil }
    self = info
  }
}
