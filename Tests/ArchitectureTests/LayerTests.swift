import Testing

@Suite("Layers")
struct LayerTests {
  @Test("every module has its place in the table")
  func everyModuleIsPlaced() throws {
    let known = Set(Layers.rows.joined()).union(Layers.wrappers.keys)
    #expect(Set(try SourceTree.directories(in: "Sources")).subtracting(known) == [])
    #expect(try SourceTree.directories(in: "services") == Layers.services)
  }

  @Test("imports point down", arguments: Layers.rows.joined().filter { !Layers.services.contains($0) })
  func importsPointDown(module: String) throws {
    let row = try #require(Layers.row(of: module))
    for file in try SourceTree.swiftFiles(below: "Sources/\(module)") {
      expectLower(file, than: row)
    }
  }

  @Test("services import no other service", arguments: Layers.services)
  func servicesStandAlone(service: String) throws {
    let row = try #require(Layers.row(of: service))
    for file in try SourceTree.swiftFiles(below: "services/\(service)") {
      if file.path.hasPrefix("services/\(service)/Server/") {
        let others = file.imports.filter { Layers.services.contains($0) && $0 != service }
        #expect(others.isEmpty, "\(file.path) imports \(others)")
      } else {
        expectLower(file, than: row)
      }
    }
  }

  @Test("a C module is imported by its wrapper only")
  func cModulesAreWrapped() throws {
    for file in try SourceTree.swiftFiles(below: "Sources") + SourceTree.swiftFiles(below: "services") {
      for name in file.imports {
        guard let wrapper = Layers.wrappers[name] else { continue }
        #expect(file.path.hasPrefix("Sources/\(wrapper)/"), "\(file.path) imports \(name), which only \(wrapper) may")
      }
    }
  }

  @Test("protocol sessions and value types do no I/O", arguments: Layers.withoutIO)
  func sansIO(module: String) throws {
    let forbidden: Set = ["EventLoops", "Dispatch", "Foundation"]
    for file in try SourceTree.swiftFiles(below: "Sources/\(module)") {
      #expect(Set(file.imports).isDisjoint(with: forbidden), "\(file.path) imports \(file.imports)")
    }
  }

  @Test("the hot path does without Foundation", arguments: Layers.withoutFoundation)
  func noFoundation(module: String) throws {
    for file in try SourceTree.swiftFiles(below: "Sources/\(module)") {
      #expect(Set(file.imports).isDisjoint(with: ["Foundation", "Dispatch"]), "\(file.path) imports \(file.imports)")
    }
  }

  @Test("a domain knows no wire, no SQL driver and no C", arguments: Layers.services)
  func domains(service: String) throws {
    for file in try SourceTree.swiftFiles(below: "services/\(service)/Domain") {
      let others = file.imports.filter { !Layers.domainImports.contains($0) }
      #expect(others.isEmpty, "\(file.path) imports \(others)")
    }
  }

  private func expectLower(_ file: SourceFile, than row: Int) {
    for name in file.imports {
      guard let imported = Layers.row(of: name) else { continue }
      #expect(imported < row, "\(file.path) imports \(name), which is not below it")
    }
  }
}

@Suite("Reading imports")
struct ImportTests {
  @Test("every form of import counts, and nothing else")
  func forms() {
    let text = """
      import Bytes
      @testable import RPC
      @_exported public import Model
      internal import struct Foundation.Data
        import CUV.Loop
      // import Comment
      let important = 1
      """
    #expect(SourceFile(path: "x.swift", text: text).imports == ["Bytes", "RPC", "Model", "Foundation", "CUV"])
  }
}
