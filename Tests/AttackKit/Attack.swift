/// One way to hurt a server: what an attacker sends on each of its connections, and how.
public struct Attack: Sendable {
  /// Which of the target's servers it is made for.
  public enum Door: String, Sendable, CaseIterable {
    case rpc
    case http
  }

  /// Makes what one connection sends, piece by piece.
  public typealias Script = () -> (_ piece: Int) -> [UInt8]?

  public let name: String
  public let door: Door
  /// An attack that floods must be over within 5 s, one that is slow within 30 s.
  public var isSlow: Bool { pieceMilliseconds > 0 || !reads }
  /// The attacker reads what the server answers. Where it does not, the server's output piles up.
  var reads = true
  /// Between two pieces; 0: as fast as the server takes them.
  var pieceMilliseconds: UInt64 = 0
  public var connections = 4
  let script: @Sendable () -> (_ piece: Int) -> [UInt8]?

  /// - Parameter script: called once for each connection; what it returns is called for one piece after the other, until nil: from then on
  ///   the connection is only held.
  init(
    _ name: String, _ door: Door, reads: Bool = true, pieceMilliseconds: UInt64 = 0, connections: Int = 4,
    script: @escaping @Sendable () -> (_ piece: Int) -> [UInt8]?
  ) {
    self.name = name
    self.door = door
    self.reads = reads
    self.pieceMilliseconds = pieceMilliseconds
    self.connections = connections
    self.script = script
  }

  /// The same pieces again and again after an opening.
  init(
    _ name: String, _ door: Door, reads: Bool = true, pieceMilliseconds: UInt64 = 0, connections: Int = 4, opening: [UInt8],
    repeating bytes: [UInt8]
  ) {
    self.init(name, door, reads: reads, pieceMilliseconds: pieceMilliseconds, connections: connections) {
      { piece in piece == 0 ? opening : bytes }
    }
  }

  /// Every attack, the floods first.
  public static var all: [Attack] { all(.rpc) + all(.http) }

  public static func all(_ door: Door) -> [Attack] {
    var attacks = floods(door) + streams(door)
    attacks += bombs(door)
    attacks += slowReaders(door) + slowSenders(door)
    attacks += door == .rpc ? [unfinishedMessages] : http1
    return attacks
  }
}
