import Foundation

/// One Swift file of the project.
struct SourceFile {
  /// From the project's root: `Sources/RPC/RPCServer.swift`.
  var path: String
  var text: String

  /// The modules it imports, `@testable`, `public`, `struct` and the like put aside.
  var imports: [String] {
    text.split(separator: "\n").compactMap { line -> String? in
      var words = line.split(separator: " ").map(String.init)
      while let first = words.first, first.hasPrefix("@") || SourceFile.accessWords.contains(first) { words.removeFirst() }
      guard words.first == "import", words.count > 1 else { return nil }
      words.removeFirst()
      if let kind = words.first, SourceFile.importKinds.contains(kind) { words.removeFirst() }
      return words.first.map { String($0.prefix { $0 != "." }) }
    }
  }

  private static let accessWords: Set = ["public", "package", "internal", "fileprivate", "private"]
  private static let importKinds: Set = ["struct", "class", "enum", "protocol", "typealias", "func", "let", "var"]
}

/// The project as files.
enum SourceTree {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// Every Swift file below a directory of the project, by path.
  static func swiftFiles(below directory: String) throws -> [SourceFile] {
    guard let walk = FileManager.default.enumerator(atPath: root.appendingPathComponent(directory).path) else { return [] }
    var files: [SourceFile] = []
    for case let name as String in walk where name.hasSuffix(".swift") && !name.contains(".build/") {
      let path = "\(directory)/\(name)"
      files.append(SourceFile(path: path, text: try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)))
    }
    return files.sorted { $0.path < $1.path }
  }

  /// Names of the directories directly below one of the project's.
  static func directories(in directory: String) throws -> [String] {
    let base = root.appendingPathComponent(directory)
    return try FileManager.default.contentsOfDirectory(atPath: base.path)
      .filter { (try? base.appendingPathComponent($0).resourceValues(forKeys: [.isDirectoryKey]).isDirectory) == true }
      .sorted()
  }
}
