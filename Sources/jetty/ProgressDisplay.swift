import Foundation
import UploadClient

/// Shows an upload as it goes. On a terminal one line (with `-v` also one for each edge) is drawn over and over; elsewhere only what
/// is worth keeping is printed.
final class ProgressDisplay {
  enum Loudness: Comparable { case quiet, normal, verbose }

  private let name: String
  private let loudness: Loudness
  private let isInteractive: Bool
  private var linesDrawn = 0
  private var hashedPercent: UInt64 = .max

  init(name: String, loudness: Loudness) {
    self.name = name
    self.loudness = loudness
    isInteractive = Console.isInteractive && loudness > .quiet
  }

  func show(_ event: UploadEvent) {
    switch event {
    case .hashing(let done, let total):
      let percent = total > 0 ? done * 100 / total : 100
      guard isInteractive, percent != hashedPercent else { return }
      hashedPercent = percent
      draw([bar(fraction: total > 0 ? Double(done) / Double(total) : 1, text: "reading \(Figures.bytes(done)) of \(Figures.bytes(total))")])
    case .planned(let fileID, let plan, let edges, let stored):
      guard loudness == .verbose else { return }
      let known = stored > 0 ? ", \(stored) of them stored already" : ""
      let names = edges.map(\.text).joined(separator: ", ")
      print("\(fileID): \(Figures.count(Int(plan.chunksTotal), "chunk")) of \(Figures.bytes(plan.chunkSize.rawValue))\(known); edges \(names)")
    case .progress(let progress):
      guard isInteractive else { return }
      var text = "\(Figures.bytes(progress.bytesDone)) of \(Figures.bytes(progress.bytesTotal))  \(Figures.rate(progress.bytesPerSecond))"
      if let left = progress.secondsLeft { text += "  \(Figures.duration(left)) left" }
      var lines = [bar(fraction: progress.bytesTotal > 0 ? Double(progress.bytesDone) / Double(progress.bytesTotal) : 1, text: text)]
      if loudness == .verbose {
        lines += progress.edges.map {
          "  \(Figures.padded($0.id.text, 12)) \($0.chunks) stored, \($0.underWay) on the way, \(Figures.bytes($0.bytes))"
            + ($0.failures > 0 ? ", \($0.failures) failed" : "")
        }
      }
      draw(lines)
    case .chunkStored(let chunk, let edge, let bytes, let seconds):
      if loudness == .verbose, !isInteractive {
        print("chunk \(chunk) over \(edge): \(Figures.bytes(bytes)) in \(Figures.fixed(seconds, 2)) s")
      }
    case .retrying(let what, let why):
      if loudness == .verbose { print("\(what) again: \(why)") }
    case .edgesChanged(let edges):
      if loudness == .verbose { print("edges are now \(edges.map(\.text).joined(separator: ", "))") }
    case .finalizing:
      if isInteractive { draw([bar(fraction: 1, text: "finalizing")]) }
    case .note(let text):
      if loudness > .quiet { print(text) }
    }
  }

  /// Takes the drawing off the screen; what is printed next begins on a fresh line.
  func clear() {
    guard linesDrawn > 0 else { return }
    Console.raw("\u{1B}[\(linesDrawn)F\u{1B}[J")
    linesDrawn = 0
  }

  /// A line that stays.
  private func print(_ text: String) {
    clear()
    Console.note(text)
  }

  private func draw(_ lines: [String]) {
    let width = max(20, Console.width - 1)
    let up = linesDrawn > 0 ? "\u{1B}[\(linesDrawn)F" : ""
    Console.raw(up + lines.map { "\u{1B}[2K\($0.prefix(width))\n" }.joined() + (lines.count < linesDrawn ? "\u{1B}[J" : ""))
    linesDrawn = lines.count
  }

  private func bar(fraction: Double, text: String) -> String {
    let share = min(max(fraction, 0), 1)
    let shownName = name.count > 24 ? "…" + name.suffix(23) : name
    let tail = " \(Int(share * 100))%  \(text)"
    let room = Console.width - 1 - shownName.count - tail.count - 3
    guard room >= 8 else { return shownName + tail }
    let filled = Int(share * Double(min(room, 40)))
    return "\(shownName) [\(String(repeating: "#", count: filled))\(String(repeating: "-", count: min(room, 40) - filled))]\(tail)"
  }
}
