import Testing

@testable import ObjectStore

@Suite(.timeLimit(.minutes(1)))
struct ObjectKeyTests {
  @Test(arguments: ["a", "files/acc_1/usr-2/file_01j", "a.b/..c/d..", "..."])
  func accepts(text: String) throws {
    #expect(try ObjectKey(text).description == text)
  }

  @Test(arguments: [
    "", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "../a", "a/.", "a\0b", "a\r\nb", "a b", "ä", "a%2e", "a\\b", "a?b",
    String(repeating: "a", count: 201), String(repeating: "ab/", count: 200) + "a",
  ])
  func refuses(text: String) {
    #expect(throws: ObjectStoreError.self) { try ObjectKey(text) }
  }

  @Test func fileKeysHaveThreeIds() throws {
    #expect(try ObjectKey.file(account: "acc", user: "usr", file: "file_1").description == "files/acc/usr/file_1")
    #expect(throws: ObjectStoreError.self) { try ObjectKey.file(account: "a/b", user: "usr", file: "f") }
    #expect(throws: ObjectStoreError.self) { try ObjectKey.file(account: "..", user: "usr", file: "f") }
    #expect(throws: ObjectStoreError.self) { try ObjectKey.file(account: "", user: "usr", file: "f") }
  }

  @Test(arguments: [
    (0, "19700101T000000Z"), (951_782_399, "20000228T235959Z"), (951_782_400, "20000229T000000Z"), (1_709_251_199, "20240229T235959Z"),
    (4_107_542_400, "21000301T000000Z"), (-1, "19691231T235959Z")])
  func datesAreRight(seconds: Int64, text: String) {
    #expect(UTCTime.compact(seconds) == text)
  }

  @Test func locations() throws {
    guard case .local(let directory) = try ObjectStoreLocation(url: "file:///var/lib/jetty%20x") else {
      Issue.record("not local")
      return
    }
    #expect(directory == "/var/lib/jetty x")
    let credentials = S3Credentials(accessKey: "a", secretKey: "b")
    let url = "s3://my-bucket?endpoint=https%3A%2F%2FS3.example.com:443&region=eu-1&path-style=false&public-endpoint=http://cdn.example.com:8080/"
    guard case .s3(let configuration, _) = try ObjectStoreLocation(url: url, credentials: credentials) else {
      Issue.record("not S3")
      return
    }
    #expect(configuration.endpoint.authority == "s3.example.com")
    #expect(configuration.publicEndpoint?.authority == "cdn.example.com:8080")
    let address = configuration.address(of: try ObjectKey("a/b"), at: configuration.endpoint)
    #expect(address == ("my-bucket.s3.example.com", "/a/b"))
    #expect(!"\(credentials)".contains("b)"))
  }

  @Test(arguments: ["", "file://relative", "http://x", "s3://bucket", "s3://b?endpoint=https://h", "s3://bucket?endpoint=ftp://h",
    "s3://bucket?endpoint=https://h/path", "s3://bucket?endpoint=https://user@h", "s3://bucket?endpoint=https://h&colour=red"])
  func refusesLocations(url: String) {
    #expect(throws: ObjectStoreError.self) { try ObjectStoreLocation(url: url, credentials: S3Credentials(accessKey: "a", secretKey: "b")) }
  }
}
