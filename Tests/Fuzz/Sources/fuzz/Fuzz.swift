import Glibc

/// What libFuzzer calls. The program has one target for each kind of input; FUZZ_TARGET chooses (scripts/fuzz.sh).
///
/// A finding is a trap, a sanitizer's report, an input that takes over 5 s or 1 GiB, or a broken promise (`require`).
enum Fuzz {
  typealias Target = (UnsafeRawBufferPointer) -> Void

  nonisolated(unsafe) static let targets: [String: Target] = [
    "http2-server": HTTP2Fuzz.server,
    "http2-client": HTTP2Fuzz.client,
    "grpc-framing": GRPCFuzz.framing,
    "grpc-head": GRPCFuzz.head,
    "grpc-text": TextFuzz.grpc,
    "encodings": TextFuzz.encodings,
    "http1": HTTP1Fuzz.requests,
    "json": JSONFuzz.values,
    "requests-wire": RequestFuzz.wire,
    "requests-json": RequestFuzz.json,
  ]

  nonisolated(unsafe) static var chosen: Target = { _ in }

  static func require(_ condition: Bool, _ promise: StaticString) {
    precondition(condition, "\(promise)")
  }
}

typealias Arguments = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

@_silgen_name("LLVMFuzzerRunDriver")
func runDriver(
  _ count: UnsafeMutablePointer<Int32>, _ arguments: UnsafeMutablePointer<Arguments>, _ test: @convention(c) (UnsafeRawPointer?, Int) -> Int32
) -> Int32

/// SwiftPM makes `<target>_main` the entry of a program; libFuzzer's own `main` is left out by that.
@_cdecl("fuzz_main")
public func main(_ count: Int32, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Int32 {
  let name = getenv("FUZZ_TARGET").map { String(cString: $0) } ?? ""
  guard let target = Fuzz.targets[name] else {
    let text = Array("FUZZ_TARGET must be one of: \(Fuzz.targets.keys.sorted().joined(separator: " "))\n".utf8)
    write(STDERR_FILENO, text, text.count)
    exit(2)
  }
  Fuzz.chosen = target
  var (count, arguments) = (count, arguments)
  return runDriver(&count, &arguments, testOneInput)
}

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ bytes: UnsafeRawPointer?, _ count: Int) -> Int32 {
  Fuzz.chosen(UnsafeRawBufferPointer(start: bytes, count: count))
  return 0
}
