import Bytes
import Testing

@Suite struct EncodingTests {
  private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  @Test func hex() {
    #expect(Hex.encode([0, 1, 0xAB, 0xFF]) == "0001abff")
    #expect(Hex.decode("0001ABff") == [0, 1, 0xAB, 0xFF])
    #expect(Hex.decode("") == [])
    for bad in ["a", "0g", "é0", " 0", "0x"] { #expect(Hex.decode(bad) == nil, "\(bad)") }
  }

  /// RFC 4648 section 10.
  @Test(arguments: [
    ("", "", ""), ("f", "Zg==", "my"), ("fo", "Zm8=", "mzxq"), ("foo", "Zm9v", "mzxw6"), ("foob", "Zm9vYg==", "mzxw6yq"),
    ("fooba", "Zm9vYmE=", "mzxw6ytb"), ("foobar", "Zm9vYmFy", "mzxw6ytboi"),
  ])
  func standardVectors(plain: String, base64: String, base32: String) {
    #expect(Base64.encode(bytes(plain)) == base64)
    #expect(Base64.decode(base64) == bytes(plain))
    #expect(Base64.encodedCount(of: plain.utf8.count) == base64.utf8.count)
    #expect(Base32.encode(bytes(plain)) == base32)
    #expect(Base32.decode(base32) == bytes(plain))
    let unpadded = String(base64.prefix { $0 != "=" })
    #expect(Base64URL.encode(bytes(plain)) == unpadded)
    #expect(Base64URL.decode(unpadded) == bytes(plain))
  }

  @Test(arguments: [
    "Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm9v=", "=", "====", "Zg==Zg==", "Zm 9v", "Zm9v\n", "Zm9-", "Zm9_", "Zé==", "Z===", "Zg=a",
  ])
  func base64IsStrict(text: String) {
    #expect(Base64.decode(text) == nil)
    // The incremental decoder agrees whatever the pieces are.
    #expect(decodeInPieces(bytes(text), of: 1) == nil)
    #expect(decodeInPieces(bytes(text), of: 3) == nil)
  }

  @Test(arguments: ["Z", "Zh", "Zm9v=", "Zm9+", "Zg=="])
  func base64URLIsStrict(text: String) {
    #expect(Base64URL.decode(text) == nil)
  }

  @Test(arguments: ["a", "mz1", "MY", "mz", "mzxq=", "mzxw6y"])
  func base32IsStrict(text: String) {
    #expect(Base32.decode(text) == nil)
  }

  @Test(arguments: [1, 2, 3, 4, 5, 7, 64, 1000])
  func piecesOfAnySizeDecodeAlike(pieceCount: Int) {
    for length in [0, 1, 2, 3, 4, 5, 255, 256, 257] {
      let plain = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 11) }
      #expect(decodeInPieces(bytes(Base64.encode(plain)), of: pieceCount) == plain)
    }
  }

  @Test func aBadCharacterIsLocated() {
    var decoder = Base64Decoder()
    let output = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 1)
    defer { output.deallocate() }
    bytes("Zm9vYm").withUnsafeBytes { input in _ = try? decoder.decode(input, into: output) }
    var offset: UInt64?
    bytes("F!").withUnsafeBytes { input in
      do throws(Base64Decoder.Failure) { _ = try decoder.decode(input, into: output) } catch { offset = error.offset }
    }
    #expect(offset == 7)
  }

  @Test func percentEncoding() {
    #expect(PercentEncoding.encode("a b/ü~") == "a%20b%2F%C3%BC~")
    #expect(PercentEncoding.encode("a b/ü~", keepingSlash: true) == "a%20b/%C3%BC~")
    #expect(PercentEncoding.decode("a%20b%2f%C3%BC+") == "a b/ü+")
    #expect(PercentEncoding.decode("a+b", plusIsSpace: true) == "a b")
    for bad in ["%", "%2", "%zz", "%FF"] { #expect(PercentEncoding.decode(bad) == nil, "\(bad)") }
    #expect(PercentEncoding.decodeBytes("%FF") == [0xFF])
  }

  @Test func utf8Validation() {
    for good in ["", "plain ascii that is longer than eight bytes", "ü", "€", "𝄞", "a𝄞b€cü and a tail of ascii text"] {
      #expect(UTF8Validation.isValid(bytes(good)), "\(good)")
    }
    let bad: [[UInt8]] = [
      [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xF0, 0x80, 0x80, 0x80], [0xF4, 0x90, 0x80, 0x80],
      [0xF5, 0x80, 0x80, 0x80], [0xE2, 0x82], [0xFF], [0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0xC3],
    ]
    for sequence in bad { #expect(!UTF8Validation.isValid(sequence), "\(sequence)") }
  }

  private func decodeInPieces(_ text: [UInt8], of pieceCount: Int) -> [UInt8]? {
    var decoder = Base64Decoder()
    var plain = [UInt8]()
    let output = UnsafeMutableRawBufferPointer.allocate(byteCount: Base64Decoder.outputBytesMax(forInput: text.count), alignment: 1)
    defer { output.deallocate() }
    do throws(Base64Decoder.Failure) {
      var offset = 0
      while offset < text.count {
        let piece = Array(text[offset..<min(offset + pieceCount, text.count)])
        var failure: Base64Decoder.Failure?
        piece.withUnsafeBytes { input in
          do throws(Base64Decoder.Failure) {
            let written = try decoder.decode(input, into: output)
            plain += output[..<written]
          } catch { failure = error }
        }
        if let failure { throw failure }
        offset += piece.count
      }
      let written = try decoder.finish(into: output)
      plain += output[..<written]
      return plain
    } catch {
      return nil
    }
  }
}
