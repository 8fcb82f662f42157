import Bytes
import Testing

@testable import RPC

@Suite("Wire formats")
struct WireTests {
  @Test(arguments: [
    ("1H", 3_600_000_000_000), ("2M", 120_000_000_000), ("3S", 3_000_000_000), ("4m", 4_000_000), ("5u", 5_000), ("6n", 6), ("99999999n", 99_999_999),
    ("0S", 0), ("99999999H", UInt64.max / 2),
  ] as [(String, UInt64)])
  func timeouts(text: String, nanoseconds: UInt64) {
    #expect(read(text) == nanoseconds)
  }

  @Test(arguments: ["", "S", "1", "1s", "-1S", "1.5S", "999999999n", "1 S", "S1", "１S"])
  func malformedTimeouts(text: String) {
    #expect(read(text) == nil)
  }

  @Test(arguments: [1, 999, 99_999_999, 100_000_000, 1_234_567_891, 86_400_000_000_000, UInt64.max / 2] as [UInt64])
  func writtenTimeoutsAreNeverShorter(nanoseconds: UInt64) throws {
    let text = TimeoutText.encode(nanoseconds: nanoseconds)
    #expect(text.utf8.count <= 9)
    let back = try #require(read(text))
    #expect(back >= nanoseconds)
    #expect(Double(back) <= Double(nanoseconds) * 1.001 + 1)
  }

  @Test(arguments: [
    ("application/grpc", .grpc), ("application/grpc+proto", .grpc), ("application/grpc; a=b", .grpc), ("application/grpc+proto;a=b", .grpc),
    ("application/grpc+json", .otherFormat), ("application/grpc+", .otherFormat), ("application/grpc+protobuf", .otherFormat),
    ("application/grpc-web", .notGRPC), ("application/grpcc", .notGRPC), ("application/grp", .notGRPC), ("", .notGRPC), ("text/html", .notGRPC),
  ] as [(String, MediaType)])
  func mediaTypes(text: String, type: MediaType) {
    #expect(Array(text.utf8).withUnsafeBytes { MediaType($0) } == type)
  }

  private func read(_ text: String) -> UInt64? {
    Array(text.utf8).withUnsafeBytes { TimeoutText.nanoseconds($0) }
  }

  @Test(arguments: [("plain text", "plain text"), ("100%", "100%25"), ("\n", "%0A"), ("é", "%C3%A9"), ("", "")])
  func percentEncoding(text: String, wire: String) {
    #expect(StatusText.encode(text) == wire)
    #expect(decode(wire) == text)
  }

  @Test(arguments: [("%", "%"), ("%4", "%4"), ("%zz", "%zz"), ("%41%", "A%"), ("%ff", "\u{FFFD}"), ("%c3%a9", "é")])
  func sloppyPercentEncoding(wire: String, text: String) {
    #expect(decode(wire) == text)
  }

  private func decode(_ wire: String) -> String {
    Array(wire.utf8).withUnsafeBytes { StatusText.decode($0) }
  }

  @Test func binaryMetadata() {
    var metadata = Metadata()
    metadata.addBinary("Trace", [1, 2, 3, 4])
    #expect(metadata["trace-bin"] == "AQIDBA")
    #expect(metadata.binary("trace-bin") == [1, 2, 3, 4])
    metadata.add("padded-bin", "AQIDBA==")
    #expect(metadata.binary("padded") == [1, 2, 3, 4])
    metadata.add("joined-bin", "AQ,Ag==,!,Aw")
    #expect(metadata.allBinary("joined-bin") == [[1], [2], [3]])
    metadata["trace-bin"] = nil
    #expect(metadata.binary("trace-bin") == nil)
  }

  @Test func statusDetails() {
    let error = RPCError(
      .notFound, "nothing here",
      details: [StatusDetail(typeURL: "type.googleapis.com/a.B", value: [8, 1]), StatusDetail(typeURL: "type.googleapis.com/empty", value: [])])
    let text = StatusDetailsCoding.encode(error)
    #expect(text == "CAUSDG5vdGhpbmcgaGVyZRodChd0eXBlLmdvb2dsZWFwaXMuY29tL2EuQhICCAEaGwoZdHlwZS5nb29nbGVhcGlzLmNvbS9lbXB0eQ")
    #expect(StatusDetailsCoding.decode(text.utf8) == error.details)
    #expect(StatusDetailsCoding.decode("AQ".utf8) == [])
    #expect(StatusDetailsCoding.decode("!".utf8) == [])
  }

  @Test(arguments: [
    [0x0A], [0x0A, 5, 1], [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F], [0x00, 0x01], [0x0B], [0x09, 1, 2], [0x0D, 1],
  ])
  func malformedMessages(bytes: [UInt8]) {
    #expect(throws: WireReader.Malformed.self) {
      try bytes.withUnsafeBytes {
        var reader = WireReader($0)
        while try reader.next() != nil {}
      }
    }
  }

  @Test(arguments: [
    "10.0.0.1:80", "[::1]:443", "localhost:1", "a:1,b:2", "dns:///service.local:50051", "unix:///run/x.sock", "unix:/run/x.sock",
  ])
  func targets(text: String) throws {
    #expect(try RPCTarget(text).description == text)
  }

  @Test(arguments: ["", "host", "host:", ":80", "host:0", "host:65536", "a:1,", "::1:80"])
  func malformedTargets(text: String) {
    #expect(throws: RPCError.self) { try RPCTarget(text) }
  }
}
