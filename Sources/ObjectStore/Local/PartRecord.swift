import TLS

/// One line of an upload's part table: 64 bytes at (number - 1) × 64, so that writing one never moves another. A record that was
/// half written when the machine stopped does not match its checksum and counts as none.
struct PartRecord: Equatable {
  enum Location: UInt8 {
    /// In the data file, at its place in the finished object.
    case inPlace = 1
    /// In a file of its own, copied when the upload is completed.
    case aside = 2
  }

  static let byteCount = 64
  static let etagByteCount = 16
  private static let magic = Array("JPT1".utf8)
  private static let checkedByteCount = 40

  var number: Int
  var size: UInt64
  var location: Location
  /// Random, new for each time the part is stored with other bytes than before.
  var etag: [UInt8]

  var encoded: [UInt8] {
    var bytes = Self.magic
    withUnsafeBytes(of: UInt32(number).littleEndian) { bytes += $0 }
    withUnsafeBytes(of: size.littleEndian) { bytes += $0 }
    bytes += [location.rawValue, 0, 0, 0, 0, 0, 0, 0]
    bytes += etag
    bytes += SHA256.hash(bytes).prefix(8)
    return bytes + [UInt8](repeating: 0, count: Self.byteCount - bytes.count)
  }

  init(number: Int, size: UInt64, location: Location, etag: [UInt8]) {
    self.number = number
    self.size = size
    self.location = location
    self.etag = etag
  }

  /// Nil where the slot is empty, torn or another part's.
  init?(_ bytes: ArraySlice<UInt8>, number: Int) {
    guard bytes.count == Self.byteCount, bytes.prefix(4).elementsEqual(Self.magic) else { return nil }
    let start = bytes.startIndex
    let checked = Array(bytes.prefix(Self.checkedByteCount))
    let sum = bytes[(start + Self.checkedByteCount)..<(start + Self.checkedByteCount + 8)]
    guard sum.elementsEqual(SHA256.hash(checked).prefix(8)) else { return nil }
    let stored = checked[4..<8].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    guard Int(stored) == number, let location = Location(rawValue: checked[16]) else { return nil }
    self.number = number
    size = checked[8..<16].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    self.location = location
    etag = Array(checked[24..<40])
  }
}
