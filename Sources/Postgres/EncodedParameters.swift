import Bytes
import Glibc

/// The parameters of one statement as C strings in one block of memory, which the next statement uses again.
struct EncodedParameters: ~Copyable {
  /// The protocol counts parameters in 16 bits.
  static let countMax = 65_535
  static let bytesMax = 64 << 20

  private var bytes = ByteBuffer()
  /// Where each begins; -1 for null.
  private var offsets: [Int] = []
  private var pointers: [UnsafePointer<CChar>?] = []

  init() {}

  /// Throws what makes `values` impossible to send. What passes here can be encoded.
  static func check(_ values: [PostgresValue]) throws(PostgresError) {
    guard values.count <= countMax else { throw .invalidParameter("a statement takes \(countMax) parameters at most") }
    var sum = 0
    for (index, value) in values.enumerated() {
      guard !value.containsNUL else { throw .invalidParameter("$\(index + 1) contains a NUL, which PostgreSQL text cannot hold") }
      sum += value.textBytesMax + 1
      // Nearly always the estimate is enough.
      guard sum <= bytesMax else { return try measure(values) }
    }
  }

  private static func measure(_ values: [PostgresValue]) throws(PostgresError) {
    var encoded = EncodedParameters()
    for value in values {
      encoded.append(value)
      guard encoded.bytes.count <= bytesMax else { throw .invalidParameter("the parameters take more than \(bytesMax) bytes") }
    }
  }

  /// Encodes `values` in place of what was there.
  mutating func encode(_ values: [PostgresValue]) {
    bytes.clear()
    offsets.removeAll(keepingCapacity: true)
    for value in values { append(value) }
  }

  private mutating func append(_ value: PostgresValue) {
    if case .null = value { return offsets.append(-1) }
    offsets.append(bytes.count)
    value.append(to: &bytes)
    bytes.append(0 as UInt8)
  }

  var count: Int32 { Int32(offsets.count) }

  /// Calls `body` with the array of C strings that libpq wants.
  mutating func withPointers<R>(_ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> R) -> R {
    pointers.removeAll(keepingCapacity: true)
    return bytes.withUnsafeBytes { block in
      for offset in offsets {
        pointers.append(offset < 0 ? nil : block.baseAddress.map { ($0 + offset).assumingMemoryBound(to: CChar.self) })
      }
      return pointers.withUnsafeBufferPointer { body($0.baseAddress) }
    }
  }
}
