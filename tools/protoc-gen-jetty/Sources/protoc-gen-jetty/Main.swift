import Foundation

/// The generator of the contracts.
///
/// Without arguments it is a protoc plugin (protoc's request on standard input, its response on standard output).
/// `c-view IN OUT` rewrites a descriptor set into the one that protoc-c gets.
@main
struct Main {
  static func main() throws {
    let arguments = Array(CommandLine.arguments.dropFirst())
    guard arguments.first == "c-view" else { return JettyGenerator().main(arguments) }
    guard arguments.count == 3 else {
      FileHandle.standardError.write(Data("usage: protoc-gen-jetty c-view DESCRIPTOR-SET OUTPUT\n".utf8))
      exit(64)
    }
    let input = try Data(contentsOf: URL(fileURLWithPath: arguments[1]))
    try CView.rewrite(input).write(to: URL(fileURLWithPath: arguments[2]))
  }
}
