import Bytes
import Glibc

/// Large messages on their way out: not copied between the stream that made them and the socket.
extension HTTP2Session {
  /// A stream's buffer of this size goes out as a block of its own. Streams of small messages never have so much waiting.
  static let lentBufferBytesMin = 128 << 10
  /// Shorter parts are copied: that is cheaper than one more place to write from.
  private static let lentPartBytesMin = 1 << 10

  /// Something waits to be written.
  public final var hasOutbound: Bool { !outbound.isEmpty || !lentOutbound.isEmpty }

  /// Some of it is not in `outbound`.
  @inline(__always) public final var hasLentOutbound: Bool { !lentOutbound.isEmpty }

  /// What `produce` compares with its limit. Bytes that are held elsewhere take none of the connection's memory: they count a quarter, so
  /// that more of them go out with one write.
  @inline(__always) public final var outboundCost: Int { outbound.count + lentOutbound.count / 4 }

  /// Hands `body` the places of the first bytes that wait, in order, to be written from there. They are valid inside `body`.
  public final func withOutboundPlaces<Result>(_ body: (UnsafeMutableBufferPointer<iovec>) -> Result) -> Result {
    withUnsafeTemporaryAllocation(of: iovec.self, capacity: 64) { places in
      let count = lentOutbound.locate(in: outbound, places)
      return body(UnsafeMutableBufferPointer(rebasing: places[..<count]))
    }
  }

  /// So many bytes of what `withOutboundPlaces` showed were written.
  public final func outboundWritten(_ byteCount: Int) {
    writtenBytes &+= byteCount
    if lentOutbound.isEmpty { outbound.discardFirst(byteCount) } else { lentOutbound.discardFirst(byteCount, from: &outbound) }
  }

  /// The first `count` bytes of a stream's output, with what others hold of it: the large parts go on as they are.
  final func moveOutput(of stream: HTTP2Stream, _ count: Int) {
    if lendsOutput, stream.lentOutput.isEmpty {
      var whole = ByteBuffer()
      swap(&whole, &stream.output)
      let block = LentBlock(whole)
      stream.lentOutput.append(block, 0..<block.count, behind: 0)
    }
    stream.lentOutput.takeFirst(count, from: &stream.output) { own in
      outbound.append(own)
    } lent: { block, range in
      block.count(range.count, in: lentAccount)
      if lendsOutput, range.count >= Self.lentPartBytesMin {
        lentOutbound.append(block, range, behind: outbound.count)
      } else {
        outbound.append(block.bytes(range))
      }
    }
  }
}
