/// The parameters of one statement as C strings in one block of memory.
struct EncodedParameters: Sendable {
  /// The protocol counts parameters in 16 bits.
  static let countMax = 65_535
  static let bytesMax = 64 << 20

  private var bytes: [UInt8] = []
  /// Where each begins; -1 for null.
  private var offsets: [Int] = []

  init(_ values: [PostgresValue]) throws(PostgresError) {
    guard values.count <= Self.countMax else { throw .invalidParameter("a statement takes \(Self.countMax) parameters at most") }
    offsets.reserveCapacity(values.count)
    bytes.reserveCapacity(24 * values.count)
    for (index, value) in values.enumerated() {
      if value == .null {
        offsets.append(-1)
        continue
      }
      offsets.append(bytes.count)
      guard value.append(to: &bytes) else { throw .invalidParameter("$\(index + 1) contains a NUL, which PostgreSQL text cannot hold") }
      bytes.append(0)
      guard bytes.count <= Self.bytesMax else { throw .invalidParameter("the parameters take more than \(Self.bytesMax) bytes") }
    }
  }

  var count: Int32 { Int32(offsets.count) }

  /// Calls `body` with the array of C strings that libpq wants.
  func withPointers<R>(_ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> R) -> R {
    bytes.withUnsafeBytes { block in
      withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: max(1, offsets.count)) { pointers in
        for (index, offset) in offsets.enumerated() {
          pointers.initializeElement(at: index, to: offset < 0 ? nil : block.baseAddress.map { ($0 + offset).assumingMemoryBound(to: CChar.self) })
        }
        return body(pointers.baseAddress.map { UnsafePointer($0) })
      }
    }
  }
}
