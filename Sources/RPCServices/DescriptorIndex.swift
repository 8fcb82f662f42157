import Contracts

/// Finds the files behind names, for reflection.
struct DescriptorIndex {
  private let files: [DescriptorFile]
  private var byName: [String: Int] = [:]
  private var bySymbol: [String: Int] = [:]

  static let contracts = DescriptorIndex(descriptorFiles)

  init(_ files: [DescriptorFile]) {
    self.files = files
    for (index, file) in files.enumerated() {
      byName[file.name] = index
      for symbol in file.symbols { bySymbol[symbol] = index }
    }
  }

  /// The file itself first, then everything it imports.
  func files(named name: String) -> [[UInt8]]? {
    byName[name].map { closure(of: $0) }
  }

  /// A field or an enum value is found by the type it stands in.
  func files(containing symbol: String) -> [[UInt8]]? {
    if let index = bySymbol[symbol] { return closure(of: index) }
    guard let dot = symbol.lastIndex(of: "."), let index = bySymbol[String(symbol[..<dot])] else { return nil }
    return closure(of: index)
  }

  func files(extending type: String, number: Int32) -> [[UInt8]]? {
    files.firstIndex { file in file.extensions.contains { $0.type == type && $0.number == number } }.map { closure(of: $0) }
  }

  /// Nil where there is no such type.
  func extensionNumbers(of type: String) -> [Int32]? {
    guard bySymbol[type] != nil else { return nil }
    return files.flatMap { file in file.extensions.filter { $0.type == type }.map(\.number) }.sorted()
  }

  private func closure(of first: Int) -> [[UInt8]] {
    var order = [first]
    var position = 0
    while position < order.count {
      for name in files[order[position]].dependencies {
        if let index = byName[name], !order.contains(index) { order.append(index) }
      }
      position += 1
    }
    return order.map { files[$0].bytes }
  }
}
