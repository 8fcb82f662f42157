import JSON
import Testing

@Suite("JSON parser", .timeLimit(.minutes(1))) struct JSONParserTests {
  @Test func readsEveryKindOfValue() throws {
    let value = try JSONValue(parsing: #" {"a": [1, -2.5e3, "x\n\u00e9\ud83d\ude00é", true, false, null], "b": {}} "#)
    #expect(value["a"]?[0]?.uint64Value == 1)
    #expect(value["a"]?[1]?.doubleValue == -2500)
    #expect(value["a"]?[2]?.stringValue == "x\né😀é")
    #expect(value["a"]?[3] == true)
    #expect(value["a"]?[5]?.isNull == true)
    #expect(value["b"] == .object(JSONObject()))
    #expect(value.description == #"{"a":[1,-2.5e3,"x\né😀é",true,false,null],"b":{}}"#)
  }

  @Test(arguments: [
    "", " ", "{", "[", "[1,]", "{\"a\":1,}", "{\"a\" 1}", "{a:1}", "{1:1}", "tru", "nul", "01", "-", "1.", ".5", "1e", "+1", "NaN", "Infinity",
    "\"", "\"\\\"", "\"\\x\"", "\"\\u12g4\"", "\"\\ud800\"", "\"\\ud800x\"", "\"\\udc00\"", "\"\\ud800\\ud800\"", "\"a\nb\"", "1 2", "[1 2]", "{}x",
    "//\n1", "'a'", "[1}", "{\"a\":1]", "\u{FEFF}1", "--1", "1-", "0x1",
  ])
  func refuses(_ text: String) {
    #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
  }

  @Test(arguments: [
    [0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0x22, 0xF4, 0x90, 0x80, 0x80, 0x22], [0x22, 0xC3, 0x22],
    [0x22, 0x5C, 0x6E, 0xFF, 0x22], [0x22, 0x00, 0x22],
  ] as [[UInt8]])
  func refusesBytes(_ bytes: [UInt8]) {
    #expect(throws: JSONError.self) { try JSONValue(parsing: bytes) }
  }

  @Test func refusesRepeatedNamesInSmallAndLargeObjects() {
    #expect(throws: JSONError.self) { try JSONValue(parsing: #"{"a":1,"\u0061":2}"#) }
    let many = (0..<100).map { "\"k\($0)\":0" }.joined(separator: ",")
    #expect(throws: Never.self) { try JSONValue(parsing: "{\(many)}") }
    #expect(throws: JSONError.self) { try JSONValue(parsing: "{\(many),\"k50\":1}") }
  }

  @Test func keepsItsLimits() {
    let limits = JSONLimits(bytesMax: 100, depthMax: 4, valuesMax: 10, numberBytesMax: 8)
    #expect(throws: Never.self) { try JSONValue(parsing: "[[[[1]]]]", limits: limits) }
    #expect(throws: JSONError.self) { try JSONValue(parsing: "[[[[[1]]]]]", limits: limits) }
    #expect(throws: JSONError.self) { try JSONValue(parsing: "[1,1,1,1,1,1,1,1,1,1]", limits: limits) }
    #expect(throws: JSONError.self) { try JSONValue(parsing: "123456789", limits: limits) }
    #expect(throws: JSONError.self) { try JSONValue(parsing: "\"\(String(repeating: "x", count: 99))\"", limits: limits) }
    let deep = String(repeating: "[", count: 1_000_000)
    #expect(throws: JSONError.self) { try JSONValue(parsing: deep) }
  }

  @Test func neverTrapsOnNoise() {
    var random = SystemRandomNumberGenerator()
    let alphabet = Array(#"{}[]",:\u0123dDeE+-.ntrfalse "#.utf8) + [0xC3, 0xA9, 0xFF, 0x00, 0x0A]
    for _ in 0..<20_000 {
      let bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in alphabet.randomElement(using: &random) ?? 0 }
      guard let value = try? JSONValue(parsing: bytes) else { continue }
      // What was read is written so that it reads the same.
      #expect((try? JSONValue(parsing: value.description)) == value)
    }
  }
}
