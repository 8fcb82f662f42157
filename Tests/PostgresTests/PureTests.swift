import EventLoops
import Testing

@testable import Postgres

@Suite("PostgreSQL without a server")
struct PureTests {
  private func text(_ value: PostgresValue) -> String? {
    var bytes: [UInt8] = []
    return value.append(to: &bytes) ? String(decoding: bytes, as: UTF8.self) : nil
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
    #expect(cache.use("a") == .prepare(name: "s1") && cache.use("a") == .prepared(name: "s1"))
    #expect(cache.use("b") == .prepare(name: "s2") && cache.use("c") == .unprepared)
    cache.forget("a")
    #expect(cache.use("c") == .prepare(name: "s3") && cache.use("b") == .prepared(name: "s2"))
  }

  @Test func parametersHaveLimits() {
    #expect(throws: PostgresError.invalidParameter("$2 contains a NUL, which PostgreSQL text cannot hold")) { try EncodedParameters(["a", "b\0"]) }
    #expect(throws: PostgresError.self) { try EncodedParameters(Array(repeating: nil, count: 65_536)) }
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
