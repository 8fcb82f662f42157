import Foundation
import Testing

@testable import ServiceKit

@Suite struct SettingsTests {
  static let keys: [SettingKey] = SettingKey.common + SettingKey.database + [PeerService.dedup.setting]

  private func settings(_ arguments: [String] = [], _ environment: [String: String] = [:]) async -> Settings {
    await Settings(keys: Self.keys, arguments: ["program"] + arguments, environment: environment)
  }

  @Test func flagsWinOverEnvironmentOverFileOverDefaults() async throws {
    let path = NSTemporaryDirectory() + "/jetty-settings-\(UUID().uuidString).json"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data(#"{"loops": "3", "drain": {"seconds": "7"}, "log": {"level": "debug"}}"#.utf8).write(to: URL(fileURLWithPath: path))

    let all = await settings(["--loops", "5", "--config", path], ["JETTY_LOOPS": "4", "JETTY_DRAIN_SECONDS": "9"])
    #expect(all.integer(.loops, in: 0...9) == 5)
    #expect(all.integer(.drainSeconds, in: 0...9) == 9)
    #expect(all.required(.logLevel) == "debug")
    #expect(all.required(.postgresConnections) == "4")
    try all.check()
  }

  @Test func everyMistakeIsNamedAtOnce() async {
    let wrong = await settings(["--loops", "many", "--listen", "nowhere", "--colour", "red"], [:])
    _ = wrong.integer(.loops, in: 0...9)
    _ = wrong.address(.listen)
    _ = wrong.required(.postgresURL)
    let error = #expect(throws: SettingsError.self) { try wrong.check() }
    let text = error?.description ?? ""
    #expect(error?.mistakes.count == 4)
    for part in ["--colour", "loops must be a whole number from 0 to 9, not \"many\"", "listen must be an IP address", "JETTY_POSTGRES_URL"] {
      #expect(text.contains(part), "\(part) in \(text)")
    }
  }

  @Test func secretsMayComeFromFiles() async throws {
    let path = NSTemporaryDirectory() + "/jetty-secret-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data("redis://:hidden@127.0.0.1:1/0\n".utf8).write(to: URL(fileURLWithPath: path))
    let fromFile = await settings(["--redis-url-file", path])
    #expect(fromFile.required(.redisURL) == "redis://:hidden@127.0.0.1:1/0")
    try fromFile.check()

    let missing = await settings([], ["JETTY_REDIS_URL_FILE": "/no/such/file"])
    _ = missing.required(.redisURL)
    let error = #expect(throws: SettingsError.self) { try missing.check() }
    #expect(error?.description.contains("/no/such/file") == true)
  }

  @Test func anUnreadableFileIsAMistake() async {
    let settings = await settings(["--config", "/no/such/config.json"])
    #expect(throws: SettingsError.self) { try settings.check() }
  }

  @Test func helpListsEverySetting() {
    let help = SettingsHelp.text(program: "jetty-dedup", summary: "finds duplicates", keys: Self.keys)
    for key in Self.keys {
      #expect(help.contains(key.flag))
      #expect(help.contains(key.environmentVariable))
    }
  }
}
