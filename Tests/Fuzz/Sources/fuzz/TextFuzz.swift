import Bytes

@testable import RPC

/// The small codings, each of which must give back what it was given.
enum TextFuzz {
  static func grpc(_ input: UnsafeRawBufferPointer) {
    if let timeout = TimeoutText.nanoseconds(input) {
      let text = Array(TimeoutText.encode(nanoseconds: timeout).utf8)
      Fuzz.require(text.count <= 9, "grpc-timeout has at most eight digits and a unit")
      Fuzz.require(text.withUnsafeBytes { TimeoutText.nanoseconds($0) } != nil, "what is written can be read")
    }
    let message = StatusText.decode(input)
    let encoded = Array(StatusText.encode(message).utf8)
    Fuzz.require(encoded.allSatisfy { $0 >= 0x20 && $0 <= 0x7E }, "grpc-message is printable ASCII")
    Fuzz.require(encoded.withUnsafeBytes { StatusText.decode($0) } == message, "grpc-message comes back")
    if let bytes = WireBase64.decode(Array(input)) {
      Fuzz.require(WireBase64.decode(Array(WireBase64.encode(bytes).utf8)) == bytes, "-bin metadata comes back")
    }
    _ = StatusDetailsCoding.decode(Array(input))
    var reader = WireReader(input)
    while let field = try? reader.next() { _ = (try? field.string(), field.varint) }
  }

  static func encodings(_ input: UnsafeRawBufferPointer) {
    let bytes = Array(input)
    Fuzz.require(Base64.decode(Base64.encode(bytes)) == bytes, "base64 comes back")
    if let decoded = Base64.decode(input) { Fuzz.require(Base64.decode(Base64.encode(decoded)) == decoded, "base64 comes back") }
    pieces(bytes)
    let text = String(decoding: bytes, as: UTF8.self)
    Fuzz.require(PercentEncoding.decode(PercentEncoding.encode(text)) == text, "percent encoding comes back")
    for plusIsSpace in [false, true] { _ = PercentEncoding.decode(text, plusIsSpace: plusIsSpace) }
  }

  /// The decoder that takes its input piece by piece agrees with the one that takes all of it.
  private static func pieces(_ bytes: [UInt8]) {
    let size = bytes.first.map { Int($0) % 7 + 1 } ?? 1
    var decoder = Base64Decoder()
    var output = [UInt8](repeating: 0, count: Base64Decoder.outputBytesMax(forInput: bytes.count) + 8)
    var produced = 0
    do {
      for start in stride(from: 0, to: bytes.count, by: size) {
        let part = bytes[start..<min(start + size, bytes.count)]
        produced += try part.withUnsafeBytes { source in
          try output.withUnsafeMutableBytes { try decoder.decode(source, into: UnsafeMutableRawBufferPointer(rebasing: $0[produced...])) }
        }
      }
      produced += try output.withUnsafeMutableBytes { try decoder.finish(into: UnsafeMutableRawBufferPointer(rebasing: $0[produced...])) }
    } catch { return }
    if let whole = bytes.withUnsafeBytes({ Base64.decode($0) }) {
      Fuzz.require(whole == Array(output[..<produced]), "in pieces and as a whole are the same")
    }
  }
}
