/// Why bytes could not be decompressed.
public enum GzipError: Error, Equatable, Sendable, CustomStringConvertible {
  /// Not gzip (RFC 1952), or damaged: a wrong header, code, checksum or length.
  case malformed
  /// The stream ends before its trailer.
  case truncated
  /// Bytes follow the end of the stream.
  case trailingBytes
  /// It would become more than `bytesMax` bytes.
  case tooLarge(bytesMax: UInt64)
  /// zlib could not get memory.
  case outOfMemory

  public var description: String {
    switch self {
    case .malformed: "the gzip data is malformed"
    case .truncated: "the gzip data ends too early"
    case .trailingBytes: "bytes follow the end of the gzip data"
    case .tooLarge(let bytesMax): "the gzip data becomes more than \(bytesMax) bytes"
    case .outOfMemory: "there is no memory to decompress the gzip data"
    }
  }
}
