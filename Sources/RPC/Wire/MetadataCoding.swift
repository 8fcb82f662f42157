import HTTP2

extension Metadata {
  /// The custom fields of a received header block.
  init(_ headers: HTTP2Headers) {
    self.init()
    for index in 0..<headers.count {
      let isCustom = headers.withField(index) { name, _ in !Metadata.isReserved(name) }
      if isCustom { add(headers.name(index), headers.value(index)) }
    }
  }

  /// The first `-bin` key with a value that is not base64.
  static func firstBrokenKey(_ headers: HTTP2Headers) -> String? {
    for index in 0..<headers.count {
      if headers.withField(index, isBroken) { return headers.name(index) }
    }
    return nil
  }

  /// A `-bin` key whose value is not base64. The last letter goes first: nearly no other name ends in it.
  @inline(__always) static func isBroken(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Bool {
    name.count >= 4 && name[name.count - 1] == UInt8(ascii: "n") && UnsafeRawBufferPointer(rebasing: name[(name.count - 4)...]) == "-bin"
      && !isWellFormed(value)
  }

  /// Values that a proxy joined with commas are looked at one by one.
  private static func isWellFormed(_ value: UnsafeRawBufferPointer) -> Bool {
    value.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).allSatisfy { WireBase64.decode($0) != nil }
  }

  /// Pseudo-header fields and those that gRPC or HTTP itself defines.
  static func isReserved(_ name: UnsafeRawBufferPointer) -> Bool {
    guard let first = name.first else { return true }
    if first == UInt8(ascii: ":") { return true }
    if reservedNames.contains(where: { $0.utf8CodeUnitCount == name.count && matches($0, name) }) { return true }
    return name.starts(with: "grpc-".utf8) && !tracingNames.contains { matches($0, name) }
  }

  /// What tracing libraries put there, against the specification, and expect to pass.
  private static let tracingNames: [StaticString] = ["grpc-trace-bin", "grpc-tags-bin"]

  private static let reservedNames: [StaticString] = ["content-type", "te", "host", "content-length", "connection"]

  private static func matches(_ text: StaticString, _ bytes: UnsafeRawBufferPointer) -> Bool {
    text.withUTF8Buffer { bytes.elementsEqual($0) }
  }

  /// The first entry that may not be sent, if any.
  var firstInvalidKey: String? {
    entries.first { !Metadata.isSendable($0) }?.key
  }

  /// Appends the entries that may be sent.
  func append(to fields: HTTP2Fields) {
    for entry in entries where Metadata.isSendable(entry) { fields.add(entry.key, entry.value) }
  }

  private static func isSendable(_ entry: Entry) -> Bool {
    var name = entry.key
    let isNameValid = name.withUTF8 { bytes in
      !isReserved(UnsafeRawBufferPointer(bytes))
        && bytes.allSatisfy { $0 >= 0x61 && $0 <= 0x7A || $0 >= 0x30 && $0 <= 0x39 || $0 == 0x2D || $0 == 0x2E || $0 == 0x5F }
    }
    guard isNameValid else { return false }
    let value = entry.value.utf8
    // Space at either end is not allowed by HTTP.
    return value.allSatisfy { $0 >= 0x20 && $0 <= 0x7E } && value.first != 0x20 && value.last != 0x20
  }
}
