import AttackKit
import EventLoops
import Glibc
import TLS

/// A gRPC client that stops wherever it is told to. Loop thread only.
final class RawCaller {
  private var transport: Transport?
  private var scratch = [UInt8](repeating: 0, count: 65_536)

  /// A call of a method with two messages, byte by byte as it is sent.
  static func conversation(_ method: String, windowBytes: UInt32 = 65_535) -> [UInt8] {
    let window = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: windowBytes >> UInt32($0)) }
    return Frames.preface + Frames.frame(4, 0, 0, [0, 4] + window)
      + Frames.frame(1, 4, 1, Frames.request(.rpc, "/leak.Leak/\(method)"))
      + Frames.frame(0, 0, 1, Frames.message([1, 2, 3]))
  }

  init(port: UInt16, loop: EventLoop) async throws {
    transport = Transport(plain: try await loop.connect(to: .loopback(port: port), timeoutMilliseconds: 2_000))
  }

  func send(_ bytes: some Collection<UInt8>) {
    let bytes = Array(bytes)
    _ = bytes.withUnsafeBytes { raw in raw.baseAddress.map { transport?.write(from: $0, count: raw.count) } }
  }

  /// What came so far is thrown away.
  func read() {
    scratch.withUnsafeMutableBytes { raw in
      guard let base = raw.baseAddress else { return }
      while case .bytes? = transport?.read(into: base, count: raw.count) {}
    }
  }

  /// Goes, with a FIN or, if anything was left unread or `abruptly`, an RST.
  func leave(abruptly: Bool) {
    if abruptly, let descriptor = transport?.descriptor {
      var linger = linger(l_onoff: 1, l_linger: 0)
      setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
    }
    transport = nil
  }
}
