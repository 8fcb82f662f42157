/// Clients that take their time, to hold what they have opened.
extension Attack {
  /// Ask for much and take little or nothing of it.
  static func slowReaders(_ door: Door) -> [Attack] {
    let request = Frames.request(door, Target.fetchPath)
    let noWindow = Frames.preface + Frames.frame(4, 0, 0, [0, 4, 0, 0, 0, 0])
    let allWindow = Frames.preface + Frames.frame(4, 0, 0, [0, 4, 0x7F, 0xFF, 0xFF, 0xFF]) + Frames.frame(8, 0, 0, [0x3F, 0xFF, 0, 0])
    let body = door == .rpc ? Frames.message([]) : []
    @Sendable func requests(_ opening: [UInt8], _ count: UInt32, first: UInt32 = 1) -> [UInt8] {
      var bytes = opening
      for stream in stride(from: first, to: first + 2 * count, by: 2) {
        Frames.append(1, 4, stream, request, to: &bytes)
        bytes += Frames.data(stream, body, ends: true)
      }
      return bytes
    }
    let unreadable = requests(noWindow, 100)
    let windows = (0..<100).flatMap { Frames.frame(8, 0, UInt32(1 + 2 * $0), [0, 0, 0, 1]) }
    return [
      Attack("zero window", door, pieceMilliseconds: 1_000, connections: 32) { { $0 == 0 ? unreadable : nil } },
      Attack("zero window, pings", door, pieceMilliseconds: 1_000, connections: 32) {
        { $0 == 0 ? unreadable : Frames.frame(6, 0, 0, [UInt8](repeating: 1, count: 8)) }
      },
      Attack("window of one byte at a time", door, pieceMilliseconds: 200, connections: 32) { { $0 == 0 ? unreadable : windows } },
      // Again and again, since the kernel's buffers take some megabytes of answers.
      Attack("answers unread", door, reads: false, pieceMilliseconds: 500, connections: 32) {
        { requests($0 == 0 ? allWindow : [], 100, first: UInt32(truncatingIfNeeded: $0) * 200 + 1) }
      },
    ]
  }

  /// Many large messages of which the end never comes: as much as the windows allow, on each connection.
  static var unfinishedMessages: Attack {
    let request = Frames.request(.rpc, Target.echoPath)
    let part = [UInt8](repeating: 1, count: 16_384)
    let streams: [UInt32] = (0..<62).map { 1 + 2 * $0 }
    let rounds = 15
    return Attack("unfinished messages", .rpc, pieceMilliseconds: 1, connections: 8) {
      { piece in
        guard piece <= rounds else { return nil }
        var bytes = piece == 0 ? Frames.opening : []
        for stream in streams {
          if piece == 0 {
            Frames.append(1, 4, stream, request, to: &bytes)
            // Announces 4 MiB.
            Frames.append(0, 0, stream, [0, 0, 0x40, 0, 0], to: &bytes)
          } else {
            Frames.append(0, 0, stream, part, to: &bytes)
          }
        }
        return bytes
      }
    }
  }

  /// Begin something and do not end it.
  static func slowSenders(_ door: Door) -> [Attack] {
    let request = Frames.request(door, Target.echoPath)
    func slow(_ name: String, _ opening: [UInt8], _ piece: [UInt8]? = nil, connections: Int = 100) -> Attack {
      Attack(name, door, pieceMilliseconds: 500, connections: connections) { { $0 == 0 ? opening : piece } }
    }
    // A value of 3,900 bytes goes into the table once; after that, three bytes of a request stand for 12,000.
    let value = String(repeating: "v", count: 3_900)
    var fields = Frames.opening
    Frames.append(1, 4, 1, request + [0x40, 1, UInt8(ascii: "x")] + Frames.length(value.utf8.count) + Array(value.utf8), to: &fields)
    for stream in stride(from: UInt32(3), to: 200, by: 2) { Frames.append(1, 4, stream, request + [0x80 | 62, 0x80 | 62, 0x80 | 62], to: &fields) }
    let half = Frames.message([UInt8](repeating: 1, count: 100_000)).prefix(60_000)
    return [
      slow("silence", []),
      slow("slow preface", Array(Frames.preface.prefix(3)), [Frames.preface[3]]),
      slow("half a frame head", Frames.opening + [0, 0]),
      slow("slow headers", Frames.opening + Frames.frame(1, 4, 1, request).prefix(20), [request[12]]),
      slow("headers without an end", Frames.opening + Frames.frame(1, 0, 1, request)),
      slow("half a ping", Frames.opening + Frames.frame(6, 0, 0, [UInt8](repeating: 7, count: 8)).prefix(12)),
      slow("request without a body", Frames.opening + Frames.frame(1, 4, 1, request)),
      slow("requests of large fields", fields),
      slow("half a message", Frames.opening + Frames.frame(1, 4, 1, request) + Frames.data(1, Array(half), ends: false)),
      slow(
        "a message byte by byte", Frames.opening + Frames.frame(1, 4, 1, request) + Frames.data(1, Array(half), ends: false),
        Frames.frame(0, 0, 1, [1])),
    ]
  }
}
