/// Reads the messages of status details, fields of which come from a peer.
enum DetailReader {
  /// False where the bytes are malformed.
  static func read(_ bytes: [UInt8], _ body: (WireReader.Field) throws(WireReader.Malformed) -> Void) -> Bool {
    bytes.withUnsafeBytes { raw in
      do throws(WireReader.Malformed) {
        try each(raw, body)
        return true
      } catch { return false }
    }
  }

  static func each(
    _ bytes: UnsafeRawBufferPointer, _ body: (WireReader.Field) throws(WireReader.Malformed) -> Void
  ) throws(WireReader.Malformed) {
    var reader = WireReader(bytes)
    while let field = try reader.next() { try body(field) }
  }
}
