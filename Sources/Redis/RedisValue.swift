/// A reply of the server, copied out of hiredis' memory.
public enum RedisValue: Sendable, Equatable {
  case null
  case integer(Int64)
  /// A simple string such as `OK`.
  case status(String)
  case bytes([UInt8])
  case array([RedisValue])
  /// Only inside arrays and pipelines; `send` throws it.
  case error(RedisServerError)

  public var isNull: Bool { self == .null }

  /// Bytes, or nil for null. Throws `RedisError.unexpectedReply` for any other type.
  public var optionalBytes: [UInt8]? {
    get throws {
      switch self {
      case .null: nil
      case .bytes(let bytes): bytes
      case .status(let text): Array(text.utf8)
      default: throw mismatch("bytes")
      }
    }
  }

  /// Text, or nil for null. Throws `RedisError.unexpectedReply` for any other type and for bytes that are not UTF-8.
  public var optionalString: String? {
    get throws {
      guard let bytes = try optionalBytes else { return nil }
      guard let text = String(validating: bytes, as: UTF8.self) else { throw RedisError.unexpectedReply("the bytes are not UTF-8") }
      return text
    }
  }

  public var integer: Int64 {
    get throws {
      guard case .integer(let number) = self else { throw mismatch("an integer") }
      return number
    }
  }

  /// The elements; empty for null.
  public var array: [RedisValue] {
    get throws {
      switch self {
      case .array(let elements): return elements
      case .null: return []
      default: throw mismatch("an array")
      }
    }
  }

  /// The server's error thrown, anything else as it is.
  public func throwingErrors() throws -> RedisValue {
    if case .error(let error) = self { throw RedisError.server(error) }
    return self
  }

  private func mismatch(_ wanted: String) -> any Error {
    if case .error(let error) = self { return RedisError.server(error) }
    let kind = switch self {
    case .null: "null"
    case .integer: "an integer"
    case .status: "a status"
    case .bytes: "bytes"
    case .array: "an array"
    case .error: "an error"
    }
    return RedisError.unexpectedReply("wanted \(wanted), got \(kind)")
  }
}
