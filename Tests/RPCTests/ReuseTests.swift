import EventLoops
import Synchronization
import Testing

@testable import RPC

/// Calls are used again: nothing of one may be seen in the next, and what a handler keeps stays what it was.
@Suite("Used calls", .timeLimit(.minutes(1)))
struct ReuseTests {
  static let look = MethodDescriptor(service: "test.Reuse", method: "Look")
  static let keepWriter = MethodDescriptor(service: "test.Reuse", method: "KeepWriter", type: .serverStreaming)

  @Test func nothingLeaksIntoTheNextCall() async throws {
    try await Harness.run(router: { router in
      router.unary(Self.look) { (request: Blob, context) in
        let deadline = context.deadlineNanoseconds == nil ? "none" : "some"
        let keys = context.metadata.entries.map(\.key).filter { $0.hasPrefix("x-") }.joined(separator: ",")
        context.responseMetadata["x-seen"] = request.text == "loud" ? "loud" : nil
        context.responseTrailers["x-after"] = request.text == "loud" ? "loud" : nil
        if request.text == "fail" { throw RPCError(.notFound, "as asked") }
        return Blob("\(request.text) deadline=\(deadline) keys=\(keys) gzip=\(context.requestWasCompressed),\(context.compressesResponses)")
      }
    }) { harness in
      let quiet = CallOptions()
      let loud = CallOptions(timeoutMilliseconds: 5_000, metadata: ["x-one": "1", "x-two": "2"], compressed: true)
      for _ in 0..<3 {
        let first: Blob = try await harness.channel.unary(Self.look, Blob("loud" + String(repeating: " ", count: 5_000)), options: loud)
        #expect(first.text.hasSuffix("deadline=some keys=x-one,x-two gzip=true,true"))
        _ = try await failure { () -> Blob in try await harness.channel.unary(Self.look, Blob("fail"), options: loud) }
        let second: Blob = try await harness.channel.unary(Self.look, Blob("quiet"), options: quiet)
        #expect(second.text == "quiet deadline=none keys= gzip=false,false")
      }
      #expect(harness.server.spareCallCount == 1, "one call after the other needs one object")
    }
  }

  @Test func aDeadlineOfTheLastCallDoesNotEndTheNext() async throws {
    try await Harness.run { harness in
      for _ in 0..<3 {
        let _: Blob = try await harness.channel.unary(EchoService.unary, Blob("x"), options: CallOptions(timeoutMilliseconds: 500))
        let slow: Blob = try await harness.channel.unary(EchoService.sleep, Blob("700"))
        #expect(slow.text == "700")
      }
    }
  }

  @Test func whatAHandlerKeepsStaysWhatItWas() async throws {
    final class Kept: Sendable {
      let context = Mutex<ServerContext?>(nil)
      let writer = Mutex<RPCWriter<Blob>?>(nil)
    }
    let kept = Kept()
    try await Harness.run(router: { router in
      router.serverStreaming(Self.keepWriter) { (request: Blob, writer: RPCWriter<Blob>, context) in
        if request.text == "keep" {
          kept.context.withLock { $0 = context }
          kept.writer.withLock { $0 = writer }
        }
        try await writer.write(request)
      }
    }) { harness in
      func call(_ text: String) async throws -> [String] {
        try await harness.channel.serverStreaming(Self.keepWriter, Blob(text), options: CallOptions(metadata: ["x-text": text])) {
          (reader: RPCReader<Blob>) in
          var texts: [String] = []
          for try await message in reader { texts.append(message.text) }
          return texts
        }
      }
      #expect(try await call("keep") == ["keep"])
      for index in 0..<5 { #expect(try await call("later \(index)") == ["later \(index)"]) }
      let (context, writer) = (kept.context.withLock { $0 }, kept.writer.withLock { $0 })
      #expect(context?.metadata["x-text"] == "keep")
      #expect(context?.method == Self.keepWriter)
      let late = try await failure { try await writer?.write(Blob("stray")) }
      #expect(late.code == .cancelled, "the writer of a call that is over writes into no other call")
    }
  }

  /// The server gives up calls whose client takes nothing for a while: it must not count a wait of an earlier call.
  @Test func aWaitOfTheLastCallDoesNotCountForTheNext() async throws {
    let flood = MethodDescriptor(service: "test.Reuse", method: "Flood", type: .serverStreaming)
    try await Harness.run(
      server: { $0.stallMilliseconds = 2_500 }, channel: { $0.http2.streamWindowBytes = 64 << 10 },
      router: { router in
        router.serverStreaming(flood) { (_: Blob, writer: RPCWriter<Blob>, _) in
          for _ in 0..<8 { try await writer.write(Blob(String(repeating: "x", count: 32 << 10))) }
        }
      }
    ) { harness in
      for _ in 0..<2 {
        let count = try await harness.channel.serverStreaming(flood, Blob("")) { (reader: RPCReader<Blob>) in
          _ = try await reader.next()
          // Longer than from one look of the server to the next, shorter than its patience.
          try await harness.loop.sleep(milliseconds: 1_300)
          var count = 1
          while try await reader.next() != nil { count += 1 }
          return count
        }
        #expect(count == 8)
        try await harness.loop.sleep(milliseconds: 1_500)
      }
      #expect(harness.server.acceptedConnections == 1)
    }
  }

  @Test func spareCallsAreBounded() async throws {
    try await Harness.run(server: { $0.http2.concurrentStreamsMax = 2_000 }) { harness in
      let channel = harness.channel
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<1_500 {
          group.addTask { let _: Blob = try await channel.unary(EchoService.sleep, Blob("50")) }
        }
        try await group.waitForAll()
      }
      #expect(harness.server.spareCallCount <= 512)
    }
  }
}
