import JSON
import Testing

@Suite("JSON numbers", .timeLimit(.minutes(1))) struct JSONNumberTests {
  @Test(arguments: [
    ("0", 0), ("-0", 0), ("18446744073709551615", UInt64.max), ("1e3", 1000), ("1.0", 1), ("1.5e1", 15), ("100e-2", 1), ("0e999999999999", 0),
    ("9007199254740993", 9_007_199_254_740_993),
  ] as [(String, UInt64)])
  func readsUnsigned(_ text: String, _ expected: UInt64) { #expect(JSONNumber(text: text)?.uint64 == expected) }

  @Test(arguments: ["", " ", "-", "+1", "1 ", "0x1", "-1", "18446744073709551616", "1.5", "1e-1", "1e20", "1e999999999999", "1e-999999999999"])
  func refusesUnsigned(_ text: String) { #expect(JSONNumber(text: text)?.uint64 == nil) }

  @Test func readsSignedEnds() {
    #expect(JSONNumber(text: "-9223372036854775808")?.int64 == .min)
    #expect(JSONNumber(text: "9223372036854775807")?.int64 == .max)
    #expect(JSONNumber(text: "-9223372036854775809")?.int64 == nil)
    #expect(JSONNumber(text: "9223372036854775808")?.int64 == nil)
  }

  @Test(arguments: [
    ("0.42", 420_000), ("0.50", 500_000), ("10.00", 10_000_000), ("0.000001", 1), ("0.0000004", 0), ("0.0000005", 1),
    ("0.30000000000000004", 300_000),
    ("-0.42", -420_000), ("-0.0000005", -1), ("1e-6", 1), ("9223372036854.775807", Int64.max), ("0.9999999", 1_000_000),
    ("1e-70", 0), ("0.00000009", 0),
  ] as [(String, Int64)])
  func readsDollarsExactly(_ text: String, _ expected: Int64) throws {
    let reader = try JSONReader(try JSONValue(parsing: "{\"d\":\(text)}"))
    #expect(try reader.microDollars("d") == expected)
  }

  @Test(arguments: ["9223372036854.775808", "1e30", "-1e30", "\"x\"", "true", "[]"])
  func refusesDollars(_ text: String) throws {
    let reader = try JSONReader(try JSONValue(parsing: "{\"d\":\(text)}"))
    #expect(throws: JSONError.self) { try reader.microDollars("d") }
  }

  @Test func writesDollarsExactly() {
    func text(_ value: Int64) -> String {
      var writer = JSONWriter()
      writer.dollars(microDollars: value)
      return writer.text
    }
    #expect(text(420_000) == "0.42")
    #expect(text(0) == "0")
    #expect(text(10_000_000) == "10")
    #expect(text(1) == "0.000001")
    #expect(text(-1_500_000) == "-1.5")
    #expect(text(.min) == "-9223372036854.775808")
  }

  @Test func dollarsSurviveTheRoundTrip() throws {
    for _ in 0..<5000 {
      let value = Int64.random(in: -Int64.max...Int64.max) >> Int64.random(in: 0..<63)
      var writer = JSONWriter()
      writer.beginObject()
      writer.key("d")
      writer.dollars(microDollars: value)
      writer.endObject()
      #expect(try JSONReader(try JSONValue(parsing: writer.bytes)).microDollars("d") == value)
    }
  }
}
