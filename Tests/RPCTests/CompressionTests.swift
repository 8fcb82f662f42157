import RPC
import Testing

/// Who compresses what, and how each side learns of it.
@Suite("Compression and metadata of answers", .timeLimit(.minutes(1)))
struct CompressionTests {
  /// Answers "was my request compressed", padded so that compression pays.
  static let ask = MethodDescriptor(service: "test.Compression", method: "Ask")
  static let askEach = MethodDescriptor(service: "test.Compression", method: "AskEach", type: .bidirectional)

  static func padded(_ text: String) -> Blob { Blob(text + String(repeating: " ", count: 5_000)) }
  static func word(_ blob: Blob) -> String { String(blob.text.prefix { $0 != " " }) }

  static func add(to router: RPCRouter) {
    router.unary(ask) { (request: Blob, context) in
      context.responseMetadata.add("x-initial", "one")
      context.responseTrailers.add("x-trailing", "two")
      switch word(request) {
      case "compress": context.compressesResponses = true
      case "plain": context.compressesResponses = false
      case "fail": throw RPCError(.aborted, "as asked")
      default: break
      }
      return padded(context.requestWasCompressed ? "compressed" : "plain")
    }
    router.bidirectional(askEach) { (requests: RPCReader<Blob>, responses: RPCWriter<Blob>, context) in
      context.compressesResponses = true
      while let request = try await requests.next() {
        let answer = requests.lastMessageWasCompressed ? "compressed" : "plain"
        try await responses.write(padded(answer), mayCompress: word(request) == "compress")
      }
    }
  }

  @Test(arguments: [
    // What is asked for; whether the request is compressed; whether the answer must be.
    ("default", false, false), ("default", true, true), ("compress", false, true), ("compress", true, true), ("plain", true, false),
  ])
  func unary(asked: String, sendsCompressed: Bool, comesCompressed: Bool) async throws {
    try await Harness.run(router: Self.add) { harness in
      let receipt = CallReceipt()
      let options = CallOptions(compressed: sendsCompressed, receipt: receipt)
      let answer: Blob = try await harness.channel.unary(Self.ask, Self.padded(asked), options: options)
      #expect(Self.word(answer) == (sendsCompressed ? "compressed" : "plain"))
      #expect(receipt.responseWasCompressed == comesCompressed)
      #expect(receipt.initialMetadata["x-initial"] == "one")
      #expect(receipt.initialMetadata["x-trailing"] == nil)
      #expect(receipt.trailingMetadata["x-trailing"] == "two")
      #expect(receipt.trailingMetadata["x-initial"] == nil)
    }
  }

  @Test func eachMessageOfAStream() async throws {
    try await Harness.run(router: Self.add) { harness in
      let options = CallOptions(compressed: true)
      try await harness.channel.bidirectional(Self.askEach, options: options) {
        (requests: RPCWriter<Blob>, answers: RPCReader<Blob>) in
        for (mayCompress, asked) in [(true, "plain"), (false, "compress"), (true, "compress"), (false, "plain")] {
          try await requests.write(Self.padded(asked), mayCompress: mayCompress)
          let answer = try await answers.next()
          #expect(answer.map(Self.word) == (mayCompress ? "compressed" : "plain"))
          #expect(answers.lastMessageWasCompressed == (asked == "compress"))
        }
        requests.finish()
        let end = try await answers.next()
        #expect(end == nil)
      }
    }
  }

  @Test func anErrorBringsItsMetadataOnce() async throws {
    try await Harness.run(router: Self.add) { harness in
      let receipt = CallReceipt()
      let error = try await failure { () -> Blob in
        try await harness.channel.unary(Self.ask, Self.padded("fail"), options: CallOptions(receipt: receipt))
      }
      #expect(error.code == .aborted)
      #expect(receipt.initialMetadata.isEmpty)
      #expect(receipt.trailingMetadata.all("x-trailing") == ["two"])
    }
  }
}
