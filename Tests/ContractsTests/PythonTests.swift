import Bytes
@testable import Contracts
import Foundation
import RPC
import Testing

/// Google's own protobuf (PyPI) writes random messages of every type; what it wrote must mean the same after a trip through ours.
@Suite("Against Google's protobuf", .timeLimit(.minutes(5))) struct PythonTests {
  @Test func everyMessageSurvivesARoundTrip() throws {
    let python = try #require(PythonTests.interpreter, "no Python environment: run `make install`")
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("contracts-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }

    // The descriptors that server reflection gives out, as one FileDescriptorSet: this checks them too.
    var set = Data()
    for file in descriptorFiles {
      set.append(contentsOf: [0x0A])
      var length = file.bytes.count
      while length >= 0x80 {
        set.append(UInt8(length & 0x7F | 0x80))
        length >>= 7
      }
      set.append(UInt8(length))
      set.append(contentsOf: file.bytes)
    }
    let descriptors = directory.appendingPathComponent("set.pb")
    try set.write(to: descriptors)

    let seed = Int.random(in: 0..<1_000_000)
    let made = try run(python, ["make", descriptors.path, "\(seed)", "40"])
    #expect(made.status == 0, "\(made.output)")
    var answers = ""
    var names: Set<String> = []
    for line in made.output.split(separator: "\n") {
      let words = line.split(separator: " ")
      let name = String(words[0])
      names.insert(name)
      let type = try #require(messageTypes.first { $0.name == name }).type
      let sent = words[1] == "-" ? [] : try #require(Hex.decode(String(words[1])))
      let returned = try roundTrip(sent, type)
      answers += "\(name) \(words[1]) \(returned.isEmpty ? "-" : Hex.encode(returned))\n"
    }
    #expect(names == Set(messageTypes.map(\.name)))
    let checked = try run(python, ["check", descriptors.path], input: answers)
    #expect(checked.status == 0, "seed \(seed): \(checked.output.prefix(4000))")
  }

  private func roundTrip<Message: RPCMessage>(_ bytes: [UInt8], _ type: Message.Type) throws -> [UInt8] {
    try encoded(try decoded(bytes, as: type))
  }

  static let interpreter: String? = {
    let told = ProcessInfo.processInfo.environment["JETTY_TEST_PYTHON"]
    let clone = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path
    let shared = "/var/lib/jetty-dev"
    let found = ((try? FileManager.default.contentsOfDirectory(atPath: shared)) ?? []).sorted().filter { $0.hasPrefix("venv") }
    let candidates = [told, "\(clone)/.jetty/venv/bin/python"].compactMap { $0 } + found.map { "\(shared)/\($0)/bin/python" }
    return candidates.first { FileManager.default.isExecutableFile(atPath: $0) }
  }()

  private func run(_ python: String, _ arguments: [String], input: String = "") throws -> (output: String, status: Int32) {
    let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Python/contracts_roundtrip.py").path
    let process = Process()
    process.executableURL = URL(fileURLWithPath: python)
    process.arguments = [script] + arguments
    let output = Pipe()
    let feed = Pipe()
    process.standardOutput = output
    process.standardError = output
    process.standardInput = feed
    try process.run()
    let handle = feed.fileHandleForWriting
    DispatchQueue.global().async {
      try? handle.write(contentsOf: Data(input.utf8))
      try? handle.close()
    }
    let data = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return (String(decoding: data, as: UTF8.self), process.terminationStatus)
  }
}
