import Glibc

/// One connection of an attack, and those that follow it. Belongs to the attack's thread.
final class AttackConnection {
  private let attack: Attack
  private let port: UInt16
  private var descriptor: Int32 = -1
  private var nextPiece: (Int) -> [UInt8]?
  private var piece = 0
  private var pending: [UInt8] = []
  private var sent = 0
  private var isSilent = false
  private var openedAt: UInt64 = 0
  private var nextAt: UInt64 = 0
  private var longest: UInt64 = 0
  private var scratch = [UInt8](repeating: 0, count: 65_536)
  private(set) var opened = 0
  private(set) var ended = 0
  private(set) var bytesSent = 0
  private(set) var connectFailures = 0

  /// Pieces sent in one turn, so that all connections get theirs.
  private static let piecesPerTurn = 8
  /// POLLRDHUP, which Glibc shows to GNU programs only.
  private static let hangUp = Int16(0x2000)

  init(_ attack: Attack, port: UInt16) {
    self.attack = attack
    self.port = port
    nextPiece = attack.script()
  }

  static func milliseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000 + UInt64(time.tv_nsec) / 1_000_000
  }

  func longestMilliseconds(_ now: UInt64) -> Int { Int(max(longest, descriptor >= 0 ? now - openedAt : 0)) }

  func pollRequest(_ now: UInt64) -> pollfd {
    let wantsWrite = sent < pending.count || (!isSilent && now >= nextAt)
    return pollfd(fd: descriptor, events: Self.hangUp | (attack.reads ? Int16(POLLIN) : 0) | (wantsWrite ? Int16(POLLOUT) : 0), revents: 0)
  }

  func advance(_ now: UInt64, _ events: Int32, mayOpen: Bool) {
    guard descriptor >= 0 else {
      if mayOpen, now >= nextAt { open(now) }
      return
    }
    if attack.reads, events & POLLIN != 0, !drain() { return end(now) }
    if events & (POLLERR | POLLHUP | Int32(Self.hangUp)) != 0 { return end(now) }
    for _ in 0..<Self.piecesPerTurn {
      guard fill(now) else { return }
      switch write() {
      case true?: continue
      case false?: return
      case nil: return end(now)
      }
    }
  }

  func close() {
    if descriptor >= 0 { Glibc.close(descriptor) }
    descriptor = -1
  }

  private func open(_ now: UInt64) {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let status = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
    guard status == 0 else {
      connectFailures += 1
      close()
      nextAt = now + AttackDriver.reopenMilliseconds
      return
    }
    _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
    opened += 1
    openedAt = now
    nextAt = 0
    nextPiece = attack.script()
    piece = 0
    pending = []
    sent = 0
    isSilent = false
  }

  private func end(_ now: UInt64) {
    longest = max(longest, now - openedAt)
    ended += 1
    close()
    nextAt = now + AttackDriver.reopenMilliseconds
  }

  /// False where there is nothing to send now.
  private func fill(_ now: UInt64) -> Bool {
    guard sent == pending.count else { return true }
    guard !isSilent, now >= nextAt else { return false }
    guard let bytes = nextPiece(piece) else {
      isSilent = true
      return false
    }
    piece += 1
    pending = bytes
    sent = 0
    nextAt = now + attack.pieceMilliseconds
    return !bytes.isEmpty
  }

  /// True: more may be sent now; false: later; nil: the connection is gone.
  private func write() -> Bool? {
    let count = pending.withUnsafeBytes { bytes in
      send(descriptor, bytes.baseAddress.map { $0 + sent }, bytes.count - sent, Int32(MSG_NOSIGNAL))
    }
    guard count > 0 else { return errno == EAGAIN ? false : nil }
    sent += count
    bytesSent += count
    return sent == pending.count
  }

  /// False where the server has ended the connection.
  private func drain() -> Bool {
    while true {
      let count = recv(descriptor, &scratch, scratch.count, 0)
      if count > 0 { continue }
      return count < 0 && errno == EAGAIN
    }
  }
}
