import Bytes

/// How long a client should wait before it tries again. Goes with UNAVAILABLE and RESOURCE_EXHAUSTED.
public struct RetryInfo: StandardDetail {
  public static let typeURL = "type.googleapis.com/google.rpc.RetryInfo"
  public var retryDelayMilliseconds: UInt64

  public init(retryDelayMilliseconds: UInt64) { self.retryDelayMilliseconds = retryDelayMilliseconds }

  public var encoded: [UInt8] {
    var buffer = ByteBuffer()
    // google.protobuf.Duration: seconds = 1, nanos = 2.
    WireWriter.message(field: 1, into: &buffer) { duration in
      WireWriter.varint(retryDelayMilliseconds / 1_000, field: 1, into: &duration)
      WireWriter.varint(retryDelayMilliseconds % 1_000 * 1_000_000, field: 2, into: &duration)
    }
    return buffer.array
  }

  public init?(encoded bytes: [UInt8]) {
    var delay: UInt64 = 0
    let isRead = DetailReader.read(bytes) { field throws(WireReader.Malformed) in
      guard field.number == 1, let nested = field.bytes else { return }
      try DetailReader.each(nested) { part throws(WireReader.Malformed) in
        // Negative durations come as numbers of 64 bits: there is nothing to wait for.
        guard let number = part.varint, number <= UInt64(Int64.max) else { return }
        if part.number == 1 { delay = delay &+ min(number, 315_576_000_000) &* 1_000 }
        if part.number == 2 { delay = delay &+ min(number, 999_999_999) / 1_000_000 }
      }
    }
    guard isRead else { return nil }
    retryDelayMilliseconds = delay
  }
}
