import Foundation
import Testing

@testable import ServiceKit

@Suite struct SettingsTests {
  static let keys: [SettingKey] = SettingKey.common + SettingKey.database + [PeerService.dedup.setting]
  private static let needed = [
    "JETTY_POSTGRES_URL": "postgresql://u:p@127.0.0.1:5432/d", "JETTY_REDIS_URL": "redis://:p@127.0.0.1:6379/0", "JETTY_DEDUP_ADDRESS": "a:1",
  ]

  private func settings(_ arguments: [String] = [], _ environment: [String: String] = [:], program: String = "upload-state") -> Settings {
    Settings(
      program: program, keys: Self.keys, arguments: ["program"] + arguments, environment: Self.needed.merging(environment) { _, given in given })
  }

  private func mistakes(_ arguments: [String] = [], _ environment: [String: String] = [:], program: String = "upload-state") -> [String] {
    do {
      try settings(arguments, environment, program: program).check()
      return []
    } catch let error as SettingsError {
      return error.mistakes
    } catch {
      return ["\(error)"]
    }
  }

  private func withFile<Result>(_ text: String, _ body: (String) throws -> Result) throws -> Result {
    let path = NSTemporaryDirectory() + "jetty-settings-\(UUID().uuidString)"
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try body(path)
  }

  @Test func flagsWinOverEnvironmentOverFileOverDefaults() throws {
    try withFile(#"{"loops": 3, "drain": {"seconds": "7"}, "log.level": "debug"}"#) { path in
      let all = settings(["--loops", "5", "--config", path], ["JETTY_LOOPS": "4", "JETTY_DRAIN_SECONDS": "9"])
      #expect(all.integer(.loops) == 5)
      #expect(all.integer(.drainSeconds) == 9)
      #expect(all.required(.logLevel) == "debug")
      #expect(StoreSettings.postgres.read(all).connectionsMax == 4)
      try all.check()
    }
  }

  @Test func everyMistakeIsNamedAtOnce() {
    let found = mistakes(
      ["--loops", "many", "--listen", "nowhere", "--colour", "red"],
      ["JETTY_POSTGRES_URL": "", "JETTY_LOG_LEVEL": "loud", "JETTY_DRAIN_SECONDS": "-1"])
    #expect(found.count == 6, "\(found)")
    let parts = [
      "--colour is no flag", "loops must be a whole number from 0 to 256, not \"many\"", "listen must be an IP address", "JETTY_POSTGRES_URL",
      "log.level must be one of trace", "drain.seconds must be a whole number from 0 to 3600",
    ]
    for part in parts { #expect(found.contains { $0.contains(part) }, "\(part) in \(found)") }
  }

  // MARK: Names

  @Test func unknownNamesAreMistakesWhereverTheyStand() throws {
    #expect(mistakes(["--drain-second", "5"]) == ["--drain-second is no flag of this program; --help lists them; did you mean --drain-seconds?"])
    #expect(
      mistakes([], ["JETTY_POSTGRES_CONECTIONS": "5"]) == [
        "JETTY_POSTGRES_CONECTIONS in the environment is no setting of this program; did you mean JETTY_POSTGRES_CONNECTIONS?"
      ])
    try withFile(#"{"postgres": {"connection": 5}}"#) { path in
      #expect(
        mistakes(["--config", path]) == ["postgres.connection in \(path) is no setting of this program; did you mean postgres.connections?"])
    }
  }

  @Test func namesOfOtherProgramsAreNotOurs() throws {
    // One file and one environment may serve all programs.
    let others = ["JETTY_STORE_URL": "file:///x", "JETTY_FINALIZE_LEASE_MS": "nonsense", "JETTY_EDGE_SELECTION_PROBE_MS": "1", "JETTY_EDGE_ID": "x"]
    #expect(mistakes([], others).isEmpty)
    #expect(mistakes([], ["JETTY_UPLOAD_STATE_COLOUR": "red"]).count == 1)
    #expect(mistakes([], ["JETTY_UPLOAD_STATE_COLOUR": "red"], program: "dedup").isEmpty)
    #expect(mistakes([], ["JETTY_API_KEY": "x", "JETTY_TEST_PYTHON": "y", "PATH": "/bin"]).isEmpty)
  }

  @Test func flagsNeedValuesAndComeOnce() {
    #expect(mistakes(["--loops"]).contains("--loops has no value"))
    #expect(mistakes(["--loops", "--drain-seconds", "5"]).contains("--loops has no value"))
    #expect(mistakes(["--drain-seconds=5", "--drain-seconds=6"]).contains("--drain-seconds is given twice"))
    #expect(mistakes(["serve"]) == ["\"serve\" is neither a flag nor the value of one"])
    #expect(mistakes(["--drain-seconds=5", "--loops", "2"]).isEmpty)
  }

  // MARK: Files

  @Test(arguments: [
    (#"{"loops": [1]}"#, "loops in the configuration file must be text"), (#"{"loops": null}"#, "must be text, a number"),
    (#"{"loops": "x"}"#, "loops must be a whole number"), (#"{"loops": 1.5}"#, "loops must be a whole number"), ("{", "is not JSON"),
    ("[]", "must hold one JSON object"), (#"{"loops": 1, "loops": 2}"#, "is not JSON"),
    (#"{"drain": {"seconds": 1}, "drain.seconds": 2}"#, "occurs twice"),
  ])
  func aFileThatIsNoneIsAMistake(_ text: String, _ expected: String) throws {
    try withFile(text) { path in
      let found = mistakes(["--config", path])
      #expect(found.count == 1 && found[0].contains(expected), "\(found)")
    }
  }

  @Test func aFileThatIsNotThereIsAMistake() {
    #expect(mistakes(["--config", "/no/such/config.json"]) == ["config: cannot read /no/such/config.json"])
  }

  // MARK: Secrets

  @Test func secretsMayComeFromFiles() throws {
    try withFile("redis://:hidden@127.0.0.1:1/0\n") { path in
      let fromFile = settings(["--redis-url-file", path], ["JETTY_REDIS_URL": ""])
      #expect(fromFile.required(.redisURL) == "redis://:hidden@127.0.0.1:1/0")
      try fromFile.check()
      #expect(mistakes(["--redis-url-file", path]).first?.contains("both directly and by a file") == true)
    }
    #expect(mistakes([], ["JETTY_REDIS_URL": "", "JETTY_REDIS_URL_FILE": "/no/such/file"]).contains { $0.contains("/no/such/file") })
  }

  @Test func mistakesDoNotRepeatSecrets() throws {
    let found = mistakes([], ["JETTY_POSTGRES_URL": "mysql://u:hush@h/d", "JETTY_REDIS_URL": "http://:hush@h"])
    #expect(found.count == 2)
    #expect(found.allSatisfy { !$0.contains("hush") }, "\(found)")
  }

  // MARK: What contradicts itself

  @Test func contradictionsAreNamed() {
    let all = settings([
      "--rpc-backoff-min-ms", "9000", "--rpc-retry-backoff-min-ms", "9000", "--rpc-stream-window-bytes", "1000000",
      "--rpc-connection-window-bytes", "70000",
    ])
    RPCSettings.check(all)
    let error = #expect(throws: SettingsError.self) { try all.check() }
    #expect(error?.mistakes.count == 3)
  }

  @Test func limitsAreReadAsTheyAreNamed() throws {
    let all = settings(["--rpc-connection-age-max-ms", "5000", "--rpc-call-timeout-ms", "0"], ["JETTY_RPC_STREAMS_MAX": "7"])
    try all.check()
    let server = RPCSettings.server.read(all)
    #expect(server.connectionAgeMaxMilliseconds == 5000)
    #expect(server.http2.concurrentStreamsMax == 7)
    #expect(RPCSettings.client.read(all).defaultTimeoutMilliseconds == nil)
    #expect(RPCSettings.client.read(settings()).defaultTimeoutMilliseconds == 10_000)
  }

  @Test func limitsAgainstHostileClientsAndRetriesAreSettings() throws {
    let usual = RPCSettings.calls.read(settings())
    #expect(usual.outlierEjection == nil && usual.attemptsMax == 3)
    let all = settings(
      ["--rpc-stall-timeout-ms", "5000", "--rpc-held-bytes", "33554432", "--rpc-glitch-budget", "400", "--rpc-retry-attempts-max", "5"],
      ["JETTY_RPC_EJECTION_FAILURE_PERCENT": "60", "JETTY_RPC_PROGRESS_BYTES": "1024", "JETTY_RPC_RETRY_BUFFER_BYTES": "0"])
    try all.check()
    let server = RPCSettings.server.read(all)
    #expect(server.stallMilliseconds == 5_000 && server.stallBytesMin == 1_024 && server.heldBytesMax == 32 << 20)
    #expect(server.http2.glitchBudget == 400)
    let calls = RPCSettings.calls.read(all)
    #expect(calls.attemptsMax == 5 && calls.outlierEjection?.failurePercentage == 60)
    #expect(RPCSettings.client.read(all).retryBufferBytesMax == 0)
  }

  @Test(arguments: [
    ("--rpc-glitch-budget", "299"), ("--rpc-held-bytes", "1000"), ("--rpc-retry-attempts-max", "6"), ("--rpc-retry-attempts-max", "0"),
    ("--rpc-ejection-failure-percent", "101"), ("--rpc-stall-timeout-ms", "0"), ("--rpc-retry-tokens", "1001"),
  ])
  func limitsHaveRanges(flag: String, value: String) {
    let found = mistakes([flag, value])
    #expect(found.count == 1, "\(found)")
  }

  @Test func helpListsEverySetting() {
    let help = SettingsHelp.text(program: "jetty-dedup", summary: "finds duplicates", keys: Self.keys)
    for key in Self.keys {
      #expect(help.contains(key.flag))
      #expect(help.contains(key.environmentVariable))
    }
  }

  @Test func defaultsAreWithinTheirRanges() {
    for key in SettingKey.shared {
      guard let value = key.defaultValue else { continue }
      #expect(key.kind.complaint(about: value) == nil, "\(key.name) \(value)")
    }
  }
}
