/// Event loops of one process, usually one per core.
public final class EventLoopGroup: Sendable {
  public let loops: [EventLoop]

  /// Makes and starts `count` loops named `name-0`, `name-1` and so on.
  public init(count: Int, name: String) throws {
    precondition(count > 0, "a group has at least one loop")
    var made: [EventLoop] = []
    do {
      for index in 0..<count {
        let loop = try EventLoop(name: "\(name)-\(index)")
        try loop.start()
        made.append(loop)
      }
    } catch {
      for loop in made { loop.stop() }
      throw error
    }
    loops = made
  }

  /// Asks every loop to end.
  public func stop() {
    for loop in loops { loop.stop() }
  }
}
