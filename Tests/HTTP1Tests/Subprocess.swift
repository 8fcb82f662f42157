import Foundation

/// Runs a program to its end and returns what it wrote to standard output.
enum Subprocess {
  static func run(_ program: String, _ arguments: [String], input: Data? = nil) throws -> (output: String, status: Int32) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [program] + arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    let feed = Pipe()
    process.standardInput = input == nil ? FileHandle.nullDevice : feed
    try process.run()
    if let input {
      let handle = feed.fileHandleForWriting
      DispatchQueue.global().async {
        try? handle.write(contentsOf: input)
        try? handle.close()
      }
    }
    let data = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return (String(decoding: data, as: UTF8.self), process.terminationStatus)
  }
}
