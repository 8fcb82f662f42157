/// Protocol names for ALPN, best first, in their wire form (RFC 7301 section 3.1): each with its length before it.
final class ALPNList: Sendable {
  let wire: [UInt8]

  /// - Throws: `TLSError` for a name that is empty or over 255 bytes.
  init(_ names: [String]) throws {
    var wire: [UInt8] = []
    for name in names {
      guard let length = UInt8(exactly: name.utf8.count), length > 0 else { throw TLSError(message: "\"\(name)\" is no ALPN protocol name") }
      wire.append(length)
      wire.append(contentsOf: name.utf8)
    }
    self.wire = wire
  }

  var isEmpty: Bool { wire.isEmpty }

  /// Where in `offered` the best name of this list is: its offset and length. Nil where they have none in common.
  func pick(from offered: UnsafeBufferPointer<UInt8>) -> (offset: Int, length: Int)? {
    var own = 0
    while own < wire.count {
      let ownLength = Int(wire[own])
      var theirs = 0
      while theirs < offered.count {
        let length = Int(offered[theirs])
        guard theirs + 1 + length <= offered.count else { break }
        if length == ownLength, (0..<length).allSatisfy({ offered[theirs + 1 + $0] == wire[own + 1 + $0] }) { return (theirs + 1, length) }
        theirs += 1 + length
      }
      own += 1 + ownLength
    }
    return nil
  }
}
