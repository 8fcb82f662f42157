import Foundation
import Testing

@testable import ObjectStore

/// Our signatures against botocore's, for requests that have been trouble to others: unsorted queries, spaces, UTF-8, empty values.
@Suite(.timeLimit(.minutes(1)))
struct SignatureV4Tests {
  private struct Case: Codable {
    var method: String
    var host: String
    var path: String
    var query: [[String]]
    var headers: [[String]]
    var payload: String
    var time: Int64
    var region: String
    var token: String?
    var expires: Int?
  }

  private static let cases: [Case] = [
    Case(method: "GET", host: "s3.example.com", path: "/bucket/files/a/b/c", query: [], headers: [],
      payload: SignatureV4.emptyPayload, time: 1_700_000_000, region: "us-east-1", token: nil, expires: nil),
    Case(method: "PUT", host: "127.0.0.1:9000", path: "/bucket/key", query: [["uploadId", "a+b/c=="], ["partNumber", "7"]],
      headers: [["x-amz-meta-note", "two  spaces"]], payload: SignatureV4.unsignedPayload,
      time: 1_709_164_800, region: "eu-west-1", token: nil, expires: nil),
    Case(method: "POST", host: "bucket.s3.example.com", path: "/key", query: [["uploads", ""]], headers: [["content-type", "video/mp4"]],
      payload: SignatureV4.emptyPayload, time: 951_782_399, region: "us-east-1", token: "a/token+with=signs", expires: nil),
    Case(method: "GET", host: "bucket.s3.example.com", path: "/key", query: [
      ["response-content-disposition", "attachment; filename=\"a b.txt\"; filename*=UTF-8''%C3%A4%20%E2%82%AC.txt"],
      ["response-content-type", "text/plain"],
    ], headers: [], payload: SignatureV4.unsignedPayload, time: 1_735_689_599, region: "us-east-1", token: nil, expires: 3600),
    Case(method: "GET", host: "127.0.0.1:9000", path: "/b/files/acc/usr/file_1", query: [["b", "~tilde-_."], ["a", "ü €"], ["A", "1"]], headers: [],
      payload: SignatureV4.unsignedPayload, time: 4_102_444_800, region: "ap-southeast-2", token: "tok", expires: 604_800),
  ]

  private static let credentials = ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")

  @Test func agreesWithBotocore() async throws {
    let answers = try await askBotocore()
    try #require(answers.count == Self.cases.count)
    for (item, expected) in zip(Self.cases, answers) {
      let signer = SignatureV4(
        credentials: S3Credentials(accessKey: Self.credentials.0, secretKey: Self.credentials.1, sessionToken: item.token), region: item.region)
      let request = SignatureV4.Request(
        method: item.method, host: item.host, path: item.path, query: item.query.map { (name: $0[0], value: $0[1]) },
        headers: item.headers.map { (name: $0[0], value: $0[1]) }, payloadHash: item.payload)
      if let expires = item.expires {
        let query = signer.presignedQuery(for: request, expiresInSeconds: UInt32(expires), at: item.time)
        #expect(query.split(separator: "&").sorted() == expected.split(separator: "&").sorted())
      } else {
        let headers = signer.headers(for: request, at: item.time)
        #expect(headers.first { $0.name == "authorization" }?.value == expected)
      }
    }
  }

  private func askBotocore() async throws -> [String] {
    try await TestMachine.withDirectory { directory in
      let script = "\(directory)/sign.py"
      try Self.script.write(toFile: script, atomically: true, encoding: .utf8)
      try JSONEncoder().encode(Self.cases).write(to: URL(fileURLWithPath: "\(directory)/cases.json"))
      let process = try ChildProcess(TestMachine.python, [script, Self.credentials.0, Self.credentials.1], in: directory)
      defer { process.stop() }
      for _ in 0..<600 where process.isRunning { try await Task.sleep(for: .milliseconds(50)) }
      let log = try String(contentsOfFile: "\(directory)/server.log", encoding: .utf8)
      let answers = try #require(FileManager.default.contents(atPath: "\(directory)/answers.json"), "botocore said nothing: \(log)")
      return try JSONDecoder().decode([String].self, from: answers)
    }
  }

  private static let script = """
    import datetime, json, sys
    from urllib.parse import quote, urlsplit
    from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
    import botocore.auth

    answers = []
    for case in json.load(open("cases.json")):
        moment = datetime.datetime.fromtimestamp(case["time"], datetime.timezone.utc).replace(tzinfo=None)
        botocore.auth.get_current_datetime = lambda *_, **__: moment
        query = "&".join(quote(n, safe="-_.~") + "=" + quote(v, safe="-_.~") for n, v in case["query"])
        url = "https://" + case["host"] + case["path"] + ("?" + query if query else "")
        headers = dict(case["headers"])
        credentials = Credentials(sys.argv[1], sys.argv[2], case.get("token"))
        request = AWSRequest(method=case["method"], url=url, headers=headers)
        request.headers["host"] = case["host"]
        if case.get("expires"):
            S3SigV4QueryAuth(credentials, "s3", case["region"], expires=case["expires"]).add_auth(request)
            answers.append(urlsplit(request.url).query)
        else:
            signer = S3SigV4Auth(credentials, "s3", case["region"])
            signer.payload = lambda _: case["payload"]
            signer.add_auth(request)
            answers.append(request.headers["Authorization"])
    json.dump(answers, open("answers.json", "w"))
    """
}
