/// A Swift file in the making: lines with two spaces per level.
struct SourceText {
  private(set) var text = ""
  private var depth = 0

  init(header: String) { text = header }

  mutating func line(_ content: String = "") {
    text += content.isEmpty ? "\n" : String(repeating: "  ", count: depth) + content + "\n"
  }

  /// A line that opens a brace, what it holds, and the line that closes it.
  mutating func block(_ opening: String, closing: String = "}", _ body: (inout SourceText) throws -> Void) rethrows {
    line(opening)
    depth += 1
    try body(&self)
    depth -= 1
    line(closing)
  }

  /// Documentation, one `///` line for each of its own.
  mutating func documentation(_ comment: String) {
    for row in comment.split(separator: "\n", omittingEmptySubsequences: false) { line(row.isEmpty ? "///" : "/// \(row)") }
  }

  /// On one line where that fits, else one item per line.
  mutating func list(_ opening: String, _ items: [String], _ closing: String) {
    let single = opening + items.joined(separator: ", ") + closing
    if single.utf8.count + depth * 2 <= 150 { return line(single) }
    line(opening)
    for (index, item) in items.enumerated() { line("  " + item + (index == items.count - 1 ? "" : ",")) }
    line(closing)
  }
}
