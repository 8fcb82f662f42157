@testable import Model
import Testing

@Suite(.timeLimit(.minutes(1)))
struct ModelTests {
  @Test func fileIDReadsBackAndSortsByTime() throws {
    let earlier = FileID(unixMilliseconds: 1_732_000_000_000)
    let later = FileID(unixMilliseconds: 1_732_000_000_001)
    #expect(FileID(earlier.text) == earlier)
    #expect(earlier.unixMilliseconds == 1_732_000_000_000)
    #expect(earlier < later)
    #expect(earlier.text.utf8.count == FileID.textLength)
  }

  /// The example of RFC 9562 appendix A.6, its 16 bytes in base32 (Python's base64.b32encode).
  @Test func fileIDAgreesWithTheRFCExample() throws {
    let id = FileID(unixMilliseconds: 0x017F_22E2_79B0, random: (0xCC3, 0x18C4_DC0C_0C07_398F))
    #expect(id.high == 0x017F_22E2_79B0_7CC3)
    #expect(id.low == 0x98C4_DC0C_0C07_398F)
    #expect(id.text == "file_af7sfytzwb6mhgge3qgaybzzr4")
  }

  @Test(arguments: [
    "", "file_", "file_af7sfytzwb6mhgge3qgaybzzr", "file_AF7SFYTZWB6MHGGE3QGAYBZZR4", "file_af7sfytzwb6mhgge3qgaybzzrr",
    "file_0f7sfytzwb6mhgge3qgaybzzr4", "file_../../../../../etc/passwd1", "file_aaaaaaaaaaaaaaaaaaaaaaaaaa", "usr__af7sfytzwb6mhgge3qgaybzzr4",
  ])
  func fileIDRefusesAnythingElse(_ text: String) {
    #expect(FileID(text) == nil)
  }

  @Test func namesKeepToTheirAlphabets() {
    #expect(UserID("usr_123")?.text == "usr_123")
    #expect(UserID(String(repeating: "a", count: 64)) != nil)
    for bad in ["", "a b", "../x", "a\0", "a\r\n", "ü", String(repeating: "a", count: 65)] {
      #expect(UserID(bad) == nil)
      #expect(AccountID(bad) == nil)
      #expect(EdgeID(bad) == nil)
    }
    #expect(EdgeID("sfo-1") != nil)
    #expect(EdgeID("SFO-1") == nil)
  }

  @Test func contentHashReadsAnyCaseAndWritesLower() throws {
    let digits = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    let hash = try #require(ContentHash("sha256:" + digits))
    #expect(hash.text == "sha256:" + digits)
    #expect(ContentHash("sha256:" + digits.uppercased()) == hash)
    #expect(ContentHash(bytes: hash.bytes) == hash)
    #expect(hash.bytes.prefix(2) == [0xE3, 0xB0])
    #expect(hash.bytes.last == 0x55)
    for bad in ["sha256:abc123...", digits, "sha256:" + digits.dropLast() + "g", "SHA256:" + digits, "sha256:" + digits + "0"] {
      #expect(ContentHash(bad) == nil)
    }
    #expect(ContentHash(bytes: [UInt8](repeating: 0, count: 31)) == nil)
  }

  @Test func pricesRoundToTheNearestMicroDollar() {
    #expect(Price.transfer(of: ByteCount(1_000_000_000)) == MicroDollars(100_000))
    #expect(Price.transfer(of: .gibibytes(1)) == MicroDollars(107_374))
    #expect(Price.transfer(of: ByteCount(4_999)) == .zero)
    #expect(Price.transfer(of: ByteCount(5_000)) == MicroDollars(1))
    #expect(Price.transfer(of: ByteCount(.max)).rawValue == 1_844_674_407_370_955)
    #expect(MicroDollars(107_374).description == "$0.107374")
    #expect(MicroDollars(-1).description == "-$0.000001")
    #expect(MicroDollars(.max) + MicroDollars(1) == MicroDollars(.max))
  }
}
