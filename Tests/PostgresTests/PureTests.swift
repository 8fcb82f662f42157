import Bytes
import EventLoops
import Testing

@testable import Postgres

@Suite("PostgreSQL without a server")
struct PureTests {
  private func text(_ value: PostgresValue) -> String? {
    guard !value.containsNUL else { return nil }
    var bytes = ByteBuffer()
    value.append(to: &bytes)
    #expect(bytes.count <= value.textBytesMax)
    return String(decoding: bytes.array, as: UTF8.self)
  }

  @Test func valuesAsText() {
    #expect(text("a'b\\") == "a'b\\")
    #expect(text(-7) == "-7" && text(true) == "t" && text(1.5) == "1.5" && text(.double(-.infinity)) == "-Infinity" && text(.double(.nan)) == "NaN")
    #expect(text(.bytes([0, 255, 16])) == "\\x00ff10" && text(.bytes([])) == "\\x")
    #expect(text(.int64Array([1, -2])) == "{1,-2}" && text(.int64Array([])) == "{}")
    #expect(text(.textArray(["a", "", "NULL", "b\"c\\d", "{,}"])) == #"{"a","","NULL","b\"c\\d","{,}"}"#)
    #expect(text("a\0b") == nil && text(.textArray(["\0"])) == nil)
  }

  @Test(arguments: [0, 1, -1, 951_827_696_789, 253_402_300_799_999, -62_135_596_800_001, -210_866_803_200_000, 1_709_210_096_000])
  func timesGoBothWays(_ milliseconds: Int64) {
    var bytes = Array(Timestamp.text(milliseconds: milliseconds).utf8)
    #expect(bytes.withUnsafeBytes { Timestamp.milliseconds($0) } == milliseconds)
    bytes.append(UInt8(ascii: "x"))
    #expect(bytes.withUnsafeBytes { Timestamp.milliseconds($0) } == nil)
  }

  @Test func timesAsTheServerWritesThem() {
    func read(_ text: String) -> Int64? { Array(text.utf8).withUnsafeBytes { Timestamp.milliseconds($0) } }
    #expect(read("2000-02-29 12:34:56.789+00") == 951_827_696_789)
    #expect(read("2000-02-29 12:34:56.7891+00") == 951_827_696_789)
    #expect(read("1970-01-01 00:00:00+00") == 0)
    #expect(read("0001-12-31 23:59:59.999+00 BC") == -62_135_596_800_001)
    for bad in [
      "", "infinity", "2000-02-29", "2000-13-01 00:00:00+00", "2000-01-01 00:00:00+01", "2000-01-01 00:00:00", "99999999999-01-01 00:00:00+00",
    ] {
      #expect(read(bad) == nil, "\(bad)")
    }
  }

  @Test func arraysAsTheServerWritesThem() {
    func read(_ text: String) -> [String]? { Array(text.utf8).withUnsafeBytes { ArrayText.elements($0) } }
    #expect(read("{}") == [] && read("{a,b}") == ["a", "b"] && read(#"{"","a\"b\\",NULLS}"#) == ["", #"a"b\"#, "NULLS"])
    for bad in ["", "{", "a", "{a,}", "{NULL}", "{{1},{2}}", #"{"a}"#, #"{"a"b}"#, #"{"a\}"#] { #expect(read(bad) == nil, "\(bad)") }
  }

  @Test func urls() throws {
    let one = try PostgresConfiguration(url: "postgresql://u:p%40@h1:1,h2:2/db?application_name=x", schema: "dedup")
    #expect(one.endpoints.map(\.host) == ["h1", "h2"] && one.endpoints.map(\.port) == ["1", "2"])
    let parameters = Dictionary(uniqueKeysWithValues: one.parameters(for: one.endpoints[1], address: "10.0.0.2"))
    #expect(parameters["host"] == "h2" && parameters["hostaddr"] == "10.0.0.2" && parameters["port"] == "2" && parameters["password"] == "p@")
    #expect(parameters["options"]?.contains("search_path=dedup,public") ?? false)
    let socket = try PostgresConfiguration(url: "postgresql:///db?host=%2Fvar%2Frun")
    #expect(socket.endpoints.first?.isUnixSocket ?? false)
    for bad in ["", "mysql://h", "postgresql://h:0/x", "postgresql://h:99999/x", "postgresql://h/x?nosuch=1", "postgresql:///x?host=a,b&port=1,2,3"] {
      #expect(throws: PostgresError.self, "\(bad)") { try PostgresConfiguration(url: bad) }
    }
    #expect(throws: PostgresError.self) { try PostgresConfiguration(url: "postgresql://h/x", schema: "a; DROP TABLE b") }
    #expect {
      try PostgresConfiguration(url: "postgresql://u:hunter2@h:bad/x")
    } throws: {
      !"\($0)".contains("hunter2")
    }
  }

  @Test func statementsArePreparedOnceAndWithinBounds() {
    var cache = StatementCache(capacity: 2)
    let (first, second, third) = (StatementName(number: 1), StatementName(number: 2), StatementName(number: 3))
    #expect(cache.use("a") == .prepare(first) && cache.use("a") == .prepared(first))
    #expect(cache.use("b") == .prepare(second) && cache.use("c") == .unprepared)
    cache.forget("a")
    #expect(cache.use("c") == .prepare(third) && cache.use("b") == .prepared(second))
    for number in [0, 7, 10, 4_294_967_296, Int.max] {
      #expect(StatementName(number: number).withCString { String(cString: $0) } == "s\(number)")
    }
  }

  @Test func parametersHaveLimits() throws {
    #expect(throws: PostgresError.invalidParameter("$2 contains a NUL, which PostgreSQL text cannot hold")) {
      try EncodedParameters.check(["a", "b\0"])
    }
    #expect(throws: PostgresError.self) { try EncodedParameters.check(Array(repeating: nil, count: 65_536)) }
    // Twice as long on the wire as in memory, with what an array has to escape: it is the true length that counts.
    let half = String(repeating: "x", count: EncodedParameters.bytesMax / 2 + 10)
    try EncodedParameters.check([.textArray([half])])
    #expect(throws: PostgresError.self) { try EncodedParameters.check([.textArray([half, half])]) }
    #expect(throws: PostgresError.self) { try EncodedParameters.check([.string(half), .string(half)]) }
  }

  /// The memory for parameters is used again by every statement of a connection.
  @Test func parametersOfOneStatementAreNotSeenByTheNext() {
    func texts(_ parameters: inout EncodedParameters) -> [String?] {
      let count = Int(parameters.count)
      return parameters.withPointers { pointers in (0..<count).map { place in pointers?[place].map { String(cString: $0) } } }
    }
    var parameters = EncodedParameters()
    parameters.encode(["long enough to fill more than the next one does", nil, -7, true])
    #expect(texts(&parameters) == ["long enough to fill more than the next one does", nil, "-7", "t"])
    parameters.encode(["", 12])
    #expect(texts(&parameters) == ["", "12"])
    parameters.encode([])
    #expect(texts(&parameters) == [])
    parameters.encode([nil])
    #expect(texts(&parameters) == [nil])
  }

  @Test func migrationsMustFitTheDatabase() throws {
    func step(_ name: String, _ sum: String) throws -> (migration: Migration, checksum: String) { (try Migration(name: name, sql: "x"), sum) }
    let known = [try step("0002_b", "B"), try step("0001_a", "A")]
    #expect(try Migration.pending(known, applied: []).map(\.0.name) == ["0001_a", "0002_b"])
    let first = Migration.Applied(version: 1, name: "0001_a", checksum: "A")
    #expect(try Migration.pending(known, applied: [first]).map(\.0.name) == ["0002_b"])
    var edited = first
    edited.checksum = "other"
    #expect(throws: PostgresError.self) { try Migration.pending(known, applied: [edited]) }
    #expect(throws: PostgresError.self) { try Migration.pending([known[1]], applied: [first, .init(version: 2, name: "0002_b", checksum: "B")]) }
    #expect(throws: PostgresError.self) { try Migration.pending(known, applied: [.init(version: 2, name: "0002_b", checksum: "B")]) }
    #expect(throws: PostgresError.self) { try Migration.pending(known + [known[0]], applied: []) }
    #expect(throws: PostgresError.self) { try Migration(name: "first", sql: "") }
  }
}
