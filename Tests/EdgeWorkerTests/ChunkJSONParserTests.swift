import Bytes
import JSON
import Testing

@testable import Doors

/// The documented chunk body, however its bytes arrive.
@Suite struct ChunkJSONParserTests {
  struct Outcome: Equatable {
    var members: [String: JSONValue] = [:]
    var data: [UInt8] = []
    var order: [String] = []
    var error: JSONError?
  }

  static func parse(_ bytes: [UInt8], piece: Int, targetBytes: Int = 64) -> Outcome {
    var parser = ChunkJSONParser()
    var outcome = Outcome()
    var buffer = ByteBuffer()
    var offset = 0
    let target = UnsafeMutableRawBufferPointer.allocate(byteCount: targetBytes, alignment: 16)
    defer { target.deallocate() }
    do throws(JSONError) {
      while true {
        switch try parser.next(&buffer, into: target) {
        case .needMore:
          guard offset < bytes.count else {
            try parser.finish()
            return outcome
          }
          buffer.append(contentsOf: bytes[offset..<min(offset + piece, bytes.count)])
          offset += piece
        case .member(let name, let value):
          outcome.members[name] = value
          outcome.order.append(name)
        case .dataBegan: outcome.order.append("data")
        case .data(let count): outcome.data += target[..<count]
        case .dataEnded, .end: break
        }
      }
    } catch {
      outcome.error = error
      return outcome
    }
  }

  private static let plain = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
  private static let body =
    #" {"chunkIndex" : 12 , "x":{"a":["}",{"b":"\"]"}]},"fileId":"f\u0041\n","data":""# + Base64.encode(plain) + #"","y":-1.5e3,"hash":"h"}  "#

  @Test(arguments: [1, 2, 3, 7, 64, 100_000])
  func anyPieces(piece: Int) {
    for targetBytes in [64, 100, 4096] {
      let outcome = Self.parse(Array(Self.body.utf8), piece: piece, targetBytes: targetBytes)
      #expect(outcome.error == nil && outcome.data == Self.plain)
      #expect(outcome.order == ["chunkIndex", "fileId", "data", "hash"])
      #expect(outcome.members["fileId"]?.stringValue == "fA\n" && outcome.members["chunkIndex"]?.int64Value == 12)
    }
  }

  @Test(arguments: [
    (#"{"data":"AA\u002fA"}"#, [0, 15, 192] as [UInt8]), (#"{"data":"\/\/\/\/"}"#, [255, 255, 255]), (#"{"data":""}"#, []),
    (#"{"data":"AA=="}"#, [0]),
  ])
  func escapes(text: String, plain: [UInt8]) {
    for piece in [1, 100] { #expect(Self.parse(Array(text.utf8), piece: piece).data == plain) }
  }

  @Test(arguments: [
    #"{"data":"AA=A"}"#, #"{"data":"A"}"#, #"{"data":"\u0100AAA"}"#, #"{"data":"\nAAAA"}"#, #"{"data":"AAAA"#, #"{"data":"AAAA","}"#,
    #"{"a":1,}"#, #"{"a" 1}"#, "{}x", "[]", #"{"hash":"\#(String(repeating: "a", count: 300))"}"#, #"{"hash":[1]}"#, #"{"hash":"a"#, "\u{FEFF}{}",
    "{\"hash\":\"a\nb\"}", #"{"x":\#(String(repeating: "[", count: 20))}"#, #"{"x":nul!}"#, #"{"\u00":1}"#,
  ])
  func malformed(text: String) {
    for piece in [1, 100_000] { #expect(Self.parse(Array(text.utf8), piece: piece).error != nil, "\(text)") }
  }

  @Test func whatIsBesideDataIsBounded() {
    #expect(Self.parse(Array((#"{"x":""# + String(repeating: "a", count: 70_000) + #"","data":""}"#).utf8), piece: 5000).error != nil)
    let many = (0..<40).map { #""m\#($0)":1"# }.joined(separator: ",")
    #expect(Self.parse(Array("{\(many)}".utf8), piece: 5000).error != nil)
  }

  @Test func damageNeverTraps() {
    var random = SystemRandomNumberGenerator()
    let good = Array(Self.body.utf8)
    for _ in 0..<2000 {
      var bytes = good
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      _ = Self.parse(bytes, piece: Int.random(in: 1...200, using: &random))
    }
  }
}
