import ArgumentParser
import Contracts
import Foundation
import Model
import UploadClient

struct UploadCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "upload", abstract: "Send files. A file that is stored already is not sent again.",
    discussion: """
      Ctrl-C stops an upload so that `jetty resume FILE` can go on with it, here; `jetty resume FILEID FILE` does so elsewhere.
      With several files each is tried; the exit status is that of the first that failed.
      """)

  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var sending: SendingOptions
  @Argument(help: ArgumentHelp("Files to send.", valueName: "file")) var files: [String]
  @Option(help: ArgumentHelp("What the file is called at the other end. Only with one file.", valueName: "name")) var name: String?
  @Option(help: ArgumentHelp("Media type, e.g. video/mp4. (default: by the file's name)", valueName: "type")) var mediaType: String?
  @Option(help: ArgumentHelp("The most that one file may cost, in dollars.", valueName: "dollars")) var budget: Double?

  func validate() throws {
    if name != nil, files.count > 1 { throw ValidationError("--name is for one file") }
    if let budget, !budget.isFinite || budget < 0 || budget > 1e9 { throw ValidationError("--budget must be a number of dollars, 0 or more") }
  }

  func run() throws {
    var options = try sending.options(user: try connection.userID())
    options.fileName = name
    options.mediaType = mediaType
    options.budget = budget.map { MicroDollars(Int64(($0 * 1_000_000).rounded())) }
    let (settings, files, output) = (options, files, Output(json: connection.json, loudness: sending.loudness))
    try Session.run(connection) { session in
      var worst: ExitStatus?
      for file in files {
        let status = try await output.show(file, session: session, options: settings) { try await $0.upload(path: file) }
        worst = worst ?? status
      }
      if let worst { throw worst }
    }
  }
}

struct ResumeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume", abstract: "Go on with an interrupted upload.",
    usage: """
      jetty resume <file>
      jetty resume <file-id> <file>
      """,
    discussion: "With the id, an upload that was begun on another machine can be gone on with here, if the file is the same.")

  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var sending: SendingOptions
  @Argument(help: ArgumentHelp("The file, with the upload's id before it where this machine did not begin the upload.", valueName: "file"))
  var arguments: [String]

  func validate() throws {
    guard (1...2).contains(arguments.count) else { throw ValidationError("give a file, or an upload's id and a file") }
    if arguments.count == 2, FileID(arguments[0]) == nil { throw ValidationError("\(arguments[0]) is no upload's id: file_ and 26 characters") }
  }

  func run() throws {
    let options = try sending.options(user: try connection.userID())
    let id = arguments.count == 2 ? FileID(arguments[0]) : nil
    let (file, output) = (arguments[arguments.count - 1], Output(json: connection.json, loudness: sending.loudness))
    try Session.run(connection) { session in
      if let status = try await output.show(file, session: session, options: options, { try await $0.resume(path: file, id: id) }) { throw status }
    }
  }
}

/// How chunks are sent; the same for both commands.
struct SendingOptions: ParsableArguments {
  enum Priority: String, ExpressibleByArgument, CaseIterable { case speed, cost, balanced }

  @Option(help: "What edges are chosen for.") var priority: Priority = .speed
  @Option(help: ArgumentHelp("Chunks under way at once, 1 to 64. (default: as many as help)", valueName: "count")) var threads: Int?
  @Option(help: ArgumentHelp("Where this machine stands.", valueName: "lat,lng")) var location: String?
  @Option(help: ArgumentHelp("Give up when nothing has succeeded for this long.", valueName: "seconds")) var patience: UInt64 = 600
  @Flag(help: "Never compress chunks on their way.") var noCompression = false
  @Flag(name: .shortAndLong, help: "Show what each edge does.") var verbose = false
  @Flag(name: .shortAndLong, help: "Print nothing but the URL, and errors.") var quiet = false

  func validate() throws {
    if verbose, quiet { throw ValidationError("--verbose and --quiet exclude each other") }
    if let threads, !(1...64).contains(threads) { throw ValidationError("--threads must be 1 to 64") }
    guard (1...86_400).contains(patience) else { throw ValidationError("--patience must be 1 to 86400 seconds") }
  }

  var loudness: ProgressDisplay.Loudness { quiet ? .quiet : verbose ? .verbose : .normal }

  func options(user: UserID) throws -> UploadOptions {
    var options = UploadOptions(user: user)
    options.priority = priority == .speed ? .speed : priority == .cost ? .cost : .balanced
    options.threads = threads
    options.location = try ConnectionOptions.location(location)
    options.patienceMilliseconds = patience * 1_000
    options.isCompressionAllowed = !noCompression
    return options
  }
}
