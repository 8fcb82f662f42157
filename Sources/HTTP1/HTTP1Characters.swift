/// Character classes of RFC 9110 section 5.6 and RFC 9112 section 3.
enum HTTP1Characters {
  /// tchar: what methods and field names are made of.
  @inline(__always)
  static func isToken(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
    case 0x21, 0x23...0x27, 0x2A, 0x2B, 0x2D, 0x2E, 0x5E, 0x5F, 0x60, 0x7C, 0x7E: true
    default: false
    }
  }

  /// What may stand in a field value: visible ASCII, space, tab and bytes above ASCII (checked to be UTF-8 elsewhere).
  @inline(__always)
  static func isFieldValue(_ byte: UInt8) -> Bool {
    byte >= 0x20 && byte != 0x7F || byte == 0x09
  }

  /// What may stand in a request target: visible ASCII without the characters that no URI may hold raw.
  @inline(__always)
  static func isTarget(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x21, 0x24...0x3B, 0x3D, 0x3F...0x5B, 0x5D, 0x5F, 0x61...0x7A, 0x7E: true
    // "|", "^", "`", "{" and "}" are no URI characters, but browsers send some of them raw in queries.
    case 0x7C, 0x5E, 0x60, 0x7B, 0x7D: true
    default: false
    }
  }

  /// What may stand in a Host value: reg-name, IP literal and port.
  @inline(__always)
  static func isAuthority(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
    case 0x21, 0x24...0x2E, 0x3A, 0x3B, 0x3D, 0x5B, 0x5D, 0x5F, 0x7E: true
    default: false
    }
  }

  @inline(__always)
  static func isBlank(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09
  }
}
