import Foundation
import JSON
import Model
import UploadClient

/// Runs one upload and says how it went.
struct Output: Sendable {
  let json: Bool
  let loudness: ProgressDisplay.Loudness

  /// nil for success. Throws only what ends the whole command: that the user stopped it.
  func show(
    _ file: String, session: Session, options: UploadOptions, _ body: (Uploader) async throws -> UploadResult
  ) async throws -> ExitStatus? {
    let display = ProgressDisplay(name: (file as NSString).lastPathComponent, loudness: loudness)
    let environment = ProcessInfo.processInfo.environment
    let uploader = Uploader(
      gateway: session.gateway, http: session.http, journals: JournalStore { environment[$0] }, options: options,
      temporaryDirectory: environment["TMPDIR"] ?? "/tmp", onEvent: { display.show($0) })
    do {
      let result = try await body(uploader)
      display.clear()
      print(result, file: file)
      return nil
    } catch let failure as UploadFailure {
      display.clear()
      Console.error(failure.message)
      if json { Console.result(json: Self.json(failure, file: file)) }
      if let id = uploader.interrupted, failure.kind == .unavailable { Self.explainResuming(id, file: file) }
      return ExitStatus(failure.kind)
    } catch is CancellationError {
      display.clear()
      if let id = uploader.interrupted { Self.explainResuming(id, file: file) } else { Console.note("stopped before anything was sent") }
      throw CancellationError()
    }
  }

  private static func explainResuming(_ id: FileID, file: String) {
    Console.note("To go on with it:  jetty resume \(quoted(file))")
    Console.note("On another machine:  jetty resume \(id) \(quoted(file))")
  }

  /// Fit to be pasted into a shell.
  static func quoted(_ text: String) -> String {
    let isPlain = !text.isEmpty && text.unicodeScalars.allSatisfy { CharacterSet.alphanumerics.contains($0) || "_-./".unicodeScalars.contains($0) }
    return isPlain && !text.hasPrefix("-") ? text : "'" + text.replacing("'", with: "'\\''") + "'"
  }

  private func print(_ result: UploadResult, file: String) {
    if json { return Console.result(json: Self.json(result, file: file)) }
    if loudness == .quiet { return Console.result(result.url) }
    let name = (file as NSString).lastPathComponent
    if result.isDuplicate {
      Console.result("\(name) is stored already: \(result.fileID), nothing was sent, \(result.savedCost) saved")
      return Console.result(result.url)
    }
    let rate = result.transferSeconds > 0 ? Double(result.bytesSent) / result.transferSeconds : 0
    Console.result("Stored \(name) as \(result.fileID): \(Figures.bytes(result.size.rawValue)), \(result.cost)")
    Console.result(
      "Read in \(Figures.fixed(result.hashSeconds, 1)) s, sent \(result.chunksSent) of \(Figures.count(result.chunksTotal, "chunk"))"
        + " in \(Figures.fixed(result.transferSeconds, 1)) s at \(Figures.rate(rate))")
    if loudness == .verbose {
      for edge in result.edges {
        let (chunks, failures) = (Figures.count(edge.chunks, "chunk"), Figures.count(edge.failures, "failure"))
        Console.result("  \(Figures.padded(edge.id.text, 12)) \(chunks), \(Figures.bytes(edge.bytes)), \(failures)")
      }
    }
    Console.result(result.url)
  }

  private static func json(_ result: UploadResult, file: String) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("file")
    writer.string(file)
    writer.key("fileId")
    writer.string(result.fileID.text)
    writer.key("url")
    writer.string(result.url)
    writer.key("size")
    writer.integer(result.size.rawValue)
    writer.key("fileHash")
    writer.string(result.fileHash.text)
    writer.key("duplicate")
    writer.bool(result.isDuplicate)
    writer.key("cost")
    writer.dollars(microDollars: result.cost.rawValue)
    writer.key("savedCost")
    writer.dollars(microDollars: result.savedCost.rawValue)
    writer.key("bytesSent")
    writer.integer(result.bytesSent)
    writer.key("chunksSent")
    writer.integer(Int64(result.chunksSent))
    writer.key("chunks")
    writer.integer(Int64(result.chunksTotal))
    writer.key("seconds")
    writer.double(rounded(result.hashSeconds + result.transferSeconds))
    writer.key("hashSeconds")
    writer.double(rounded(result.hashSeconds))
    writer.key("transferSeconds")
    writer.double(rounded(result.transferSeconds))
    writer.key("edges")
    writer.beginObject()
    for edge in result.edges where edge.chunks > 0 {
      writer.key(escaping: edge.id.text)
      writer.integer(Int64(edge.chunks))
    }
    writer.endObject()
    writer.endObject()
    return writer.bytes
  }

  private static func json(_ failure: UploadFailure, file: String) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("file")
    writer.string(file)
    writer.key("error")
    writer.string(failure.message)
    writer.key("reason")
    if let reason = failure.reason { writer.string(reason) } else { writer.null() }
    writer.key("status")
    writer.integer(Int64(ExitStatus(failure.kind).rawValue))
    writer.endObject()
    return writer.bytes
  }

  private static func rounded(_ seconds: Double) -> Double { (seconds * 1_000).rounded() / 1_000 }
}
