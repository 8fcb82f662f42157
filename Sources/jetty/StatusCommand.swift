import ArgumentParser
import Contracts
import Foundation
import Model
import UploadClient

struct StatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Show recent uploads, or how far one is.")

  @OptionGroup var connection: ConnectionOptions
  @Argument(help: ArgumentHelp("An upload's id. (default: the recent ones)", valueName: "file-id")) var file: String?

  func validate() throws {
    if let file, FileID(file) == nil { throw ValidationError("\(file) is no upload's id: file_ and 26 characters") }
  }

  func run() throws {
    let user = try connection.userID()
    let (id, json) = (file.flatMap { FileID($0) }, connection.json)
    try Session.run(connection) { session in
      if let id { try await Self.showOne(id, user: user, json: json, session: session) } else {
        try await Self.showRecent(user: user, json: json, session: session)
      }
    }
  }

  private static func showOne(_ id: FileID, user: UserID, json: Bool, session: Session) async throws {
    guard let state = try await session.gateway.state(user: user, file: id) else {
      throw UploadFailure(.notFound, "there is no upload \(id) of user \(user)")
    }
    if json { return Console.result(json: state.json) }
    let total = state.chunksUploaded.count + state.chunksRemaining.count
    let percent = state.total > 0 ? state.progress * 100 / state.total : 100
    let bytes = "\(Figures.bytes(state.progress)) of \(Figures.bytes(state.total))"
    Console.result("\(id): \(percent)%, \(bytes), \(state.chunksUploaded.count) of \(total) chunks")
    if !state.edges.isEmpty { Console.result("edges \(state.edges.joined(separator: ", "))") }
  }

  private static func showRecent(user: UserID, json: Bool, session: Session) async throws {
    let stats = try await session.gateway.stats(user: user)
    if json { return Console.result(json: stats.json) }
    let environment = ProcessInfo.processInfo.environment
    let paths = Dictionary(
      (JournalStore { environment[$0] }?.all() ?? []).map { ($0.fileID.text, $0.path) }, uniquingKeysWith: { first, _ in first })
    if stats.recentSessions.isEmpty { Console.result("no uploads yet") }
    for upload in stats.recentSessions {
      let percent = upload.fileSize > 0 ? upload.bytesUploaded * 100 / upload.fileSize : 100
      let status = Figures.padded(upload.status.jsonWord ?? "?", 12)
      let size = Figures.padded(Figures.bytes(upload.fileSize), 8)
      let path = paths[upload.fileId].map { " " + $0 } ?? ""
      Console.result("\(upload.fileId)  \(status) \(Figures.padded("\(percent)%", 4)) \(size)\(path)")
    }
    Console.result(
      "\(stats.uploadsCompleted) done, \(stats.uploadsInProgress) under way, \(stats.duplicatesFound) duplicates; "
        + "\(Figures.bytes(stats.transferredBytes)) sent for \(MicroDollars(stats.costMicroDollars)), \(MicroDollars(stats.savedMicroDollars)) saved")
  }
}

struct EdgesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "edges", abstract: "List the edges that live, with their latency and load.")

  @OptionGroup var connection: ConnectionOptions
  @Flag(help: "Also those that sleep.") var all = false

  func run() throws {
    let (json, liveOnly) = (connection.json, !all)
    try Session.run(connection) { session in
      let edges = try await session.gateway.edges(liveOnly: liveOnly).edges
      if json { return edges.forEach { Console.result(json: $0.json) } }
      if edges.isEmpty { Console.note(liveOnly ? "no edge is alive" : "no edge is registered") }
      for edge in edges {
        let place = Figures.padded("\(edge.city), \(edge.country)", 24)
        let state = edge.live ? "\(edge.latency) ms  \(edge.load)% busy  \(edge.activeUploads) chunks under way  \(edge.url)" : "asleep"
        Console.result("\(Figures.padded(edge.id, 12)) \(place) \(state)")
      }
    }
  }
}
