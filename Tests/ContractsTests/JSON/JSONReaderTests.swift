import JSON
import Testing

@Suite("JSON reader and writer", .timeLimit(.minutes(1))) struct JSONReaderTests {
  private func problem(_ text: String, _ read: (JSONReader) throws -> Void) -> String? {
    do {
      try read(try JSONReader(try JSONValue(parsing: text)))
      return nil
    } catch {
      return "\(error)"
    }
  }

  @Test func namesTheMemberThatIsWrong() {
    #expect(problem(#"{"a":{"b":[{"c":1}]}}"#) { reader in
      _ = try reader.reader("a")?.items("b", maximum: 5) { value, path throws(JSONError) in try JSONReader(value, path: path).string("c") }
    } == "a.b[0].c must be text")
    #expect(problem(#"{"n":-1}"#) { _ = try $0.uint64("n") } == "n must be at least 0")
    #expect(problem(#"{"n":-0.5}"#) { _ = try $0.uint64("n") } == "n must be at least 0")
    #expect(problem(#"{"n":1e30}"#) { _ = try $0.uint64("n") } == "n must be at most 18446744073709551615")
    #expect(problem(#"{"n":4294967296}"#) { _ = try $0.uint32("n") } == "n must be at most 4294967295")
    #expect(problem(#"{"n":11}"#) { _ = try $0.uint64("n", maximum: 10) } == "n must be at most 10")
    #expect(problem(#"{"n":0.5}"#) { _ = try $0.uint32("n") } == "n must be a whole number")
    #expect(problem(#"{"n":"5"}"#) { _ = try $0.uint32("n") } == "n must be a whole number")
    #expect(problem(#"{"n":1e999}"#) { _ = try $0.double("n") } == "n must be a number that fits a double")
    #expect(problem(#"{"n":[1,2]}"#) { _ = try $0.items("n", maximum: 1) { value, _ in value } } == "n must have at most 1 items")
    #expect(problem(#"{"n":null}"#) { try $0.require("n") } == "n is required")
    #expect(problem(#"{"n":"a\u0000b"}"#) { _ = try $0.string("n") } == "n must not contain the NUL character")
    #expect(problem("[]") { _ in } == "the body must be an object")
    #expect(problem(#"{"n":1"#) { _ in }?.hasPrefix("the body is not valid JSON") == true)
  }

  @Test func readsWholeNumbersFromTextWhereJavaScriptCannotHoldThem() throws {
    let reader = try JSONReader(try JSONValue(parsing: #"{"n":"9007199254740993"}"#))
    #expect(try reader.uint64("n") == 9_007_199_254_740_993)
    #expect(try reader.int64("n") == 9_007_199_254_740_993)
  }

  @Test func readsTextFromURLs() throws {
    let reader = JSONReader(object(), isTextual: true)
    #expect(try reader.bool("flag") == true)
    #expect(try reader.uint32("n") == 7)
    #expect(try reader.items("list", maximum: 2) { value, _ in value } == ["one"])
  }

  private func object() -> JSONObject {
    var object = JSONObject()
    object["flag"] = "true"
    object["n"] = "7"
    object["list"] = "one"
    return object
  }

  @Test func writesCompactText() {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("a")
    writer.beginArray()
    writer.integer(Int64.min)
    writer.integer(UInt64.max)
    writer.double(0.1)
    writer.double(3)
    writer.double(.nan)
    writer.endArray()
    writer.key(escaping: "q\"")
    writer.string("\u{1}\t\\/é\u{7F}")
    writer.key("z")
    writer.bool(false)
    writer.endObject()
    #expect(writer.text == #"{"a":[-9223372036854775808,18446744073709551615,0.1,3,null],"q\"":"\u0001\t\\/é"# + "\u{7F}" + #"","z":false}"#)
  }

  @Test func momentsSurviveTheRoundTrip() {
    #expect(RFC3339.text(unixMilliseconds: 1_737_885_600_000) == "2025-01-26T10:00:00Z")
    #expect(RFC3339.text(unixMilliseconds: 0) == "1970-01-01T00:00:00Z")
    #expect(RFC3339.text(unixMilliseconds: -1) == "1969-12-31T23:59:59.999Z")
    #expect(RFC3339.unixMilliseconds("2024-02-29T23:59:60+00:30") == RFC3339.unixMilliseconds("2024-02-29T23:29:59Z"))
    #expect(RFC3339.text(unixMilliseconds: .max) == "9999-12-31T23:59:59.999Z")
    #expect(RFC3339.text(unixMilliseconds: .min) == "0000-01-01T00:00:00Z")
    for _ in 0..<5000 {
      let moment = Int64.random(in: -62_167_219_200_000...253_402_300_799_999)
      #expect(RFC3339.unixMilliseconds(RFC3339.text(unixMilliseconds: moment)) == moment)
    }
    let broken = [
      "", "2025-01-26", "2025-02-29T00:00:00Z", "2025-13-01T00:00:00Z", "2025-01-26T24:00:00Z", "2025-01-26T10:00:00", "2025-01-26T10:00:00.Z",
    ]
    for broken in broken {
      #expect(RFC3339.unixMilliseconds(broken) == nil)
    }
  }
}
