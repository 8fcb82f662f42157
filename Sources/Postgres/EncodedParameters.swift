import Bytes
import Glibc

/// The parameters of one statement as C strings in one block of memory, which the next statement uses again.
struct EncodedParameters: ~Copyable {
  /// The protocol counts parameters in 16 bits.
  static let countMax = 65_535
  static let bytesMax = 64 << 20

  private var bytes = ByteBuffer()
  /// Where each begins, -1 for null; once `withPointers` was called, its address. A word each.
  private var places = ByteBuffer()
  private(set) var count: Int32 = 0

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
    places.clear()
    count = 0
    for value in values { append(value) }
  }

  private mutating func append(_ value: PostgresValue) {
    count += 1
    let place = places.reserve(MemoryLayout<Int>.size)
    places.commit(MemoryLayout<Int>.size)
    if case .null = value { return place.storeBytes(of: -1, as: Int.self) }
    place.storeBytes(of: bytes.count, as: Int.self)
    value.append(to: &bytes)
    bytes.append(0 as UInt8)
  }

  /// Calls `body` with the array of C strings that libpq wants. Once for each `encode`.
  mutating func withPointers<R>(_ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> R) -> R {
    bytes.withUnsafeMutableBytes { block in
      places.withUnsafeMutableBytes { words in
        for start in stride(from: 0, to: words.count, by: MemoryLayout<Int>.size) {
          let offset = words.load(fromByteOffset: start, as: Int.self)
          let address = offset < 0 ? nil : block.baseAddress.map { UnsafePointer(($0 + offset).assumingMemoryBound(to: CChar.self)) }
          words.storeBytes(of: address, toByteOffset: start, as: UnsafePointer<CChar>?.self)
        }
        return body(words.baseAddress.map { UnsafePointer($0.assumingMemoryBound(to: UnsafePointer<CChar>?.self)) })
      }
    }
  }
}
