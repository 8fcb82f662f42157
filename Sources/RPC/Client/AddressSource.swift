import EventLoops

/// Looks a target's names up, and again from time to time. Loop thread only.
final class AddressSource: @unchecked Sendable {
  private let target: RPCTarget
  private let loop: EventLoop
  private let configuration: RPCChannelConfiguration
  /// Never called after `stop`.
  private var onAddresses: ([SocketAddress]) -> Void = { _ in }
  private var onFailure: () -> Void = {}
  private var task: Task<Void, Never>?
  private var timer: LoopTimer?
  private var lastNanoseconds: UInt64?
  /// A look-up is under way. (Not whether there is a task: one that need not wait is over before it can be put into a variable.)
  private var isLookingUp = false
  private var failures = 0
  private(set) var isRunning = false
  /// Why the last look-up failed; nil once one succeeded.
  private(set) var error: RPCError?
  private(set) var lookUps: UInt64 = 0

  private static let pauseMaxMilliseconds: UInt64 = 30_000

  init(_ target: RPCTarget, _ loop: EventLoop, _ configuration: RPCChannelConfiguration) {
    self.target = target
    self.loop = loop
    self.configuration = configuration
  }

  func start(onAddresses: @escaping ([SocketAddress]) -> Void, onFailure: @escaping () -> Void) {
    guard !isRunning else { return }
    isRunning = true
    self.onAddresses = onAddresses
    self.onFailure = onFailure
    lookUp()
  }

  func stop() {
    isRunning = false
    error = nil
    task?.cancel()
    task = nil
    isLookingUp = false
    timer?.cancel()
    timer = nil
    onAddresses = { _ in }
    onFailure = {}
  }

  /// A server was lost: the name may mean others by now. Soon, but not too often.
  func hint() {
    guard isRunning, target.hasNames, !isLookingUp else { return }
    let age = lastNanoseconds.map { (loop.nowNanoseconds - $0) / 1_000_000 } ?? 0
    let pause = pauseMilliseconds()
    schedule(pause > age ? pause - age : 0)
  }

  private func schedule(_ milliseconds: UInt64) {
    timer?.cancel()
    timer = loop.schedule(afterMilliseconds: milliseconds) { [weak self] in self?.lookUp() }
  }

  private func lookUp() {
    guard isRunning, !isLookingUp else { return }
    isLookingUp = true
    timer?.cancel()
    timer = nil
    lookUps += 1
    // Not made by any call: whichever happened to come first, its deadline and metadata stay out of this.
    task = loop.spawn { [self] in
      let result: Result<[SocketAddress], any Error>
      do {
        result = .success(try await RPCContext.$current.withValue(nil) { try await addresses() })
      } catch {
        result = .failure(error)
      }
      guard !Task.isCancelled else { return }
      isLookingUp = false
      finished(result)
    }
  }

  private func finished(_ result: Result<[SocketAddress], any Error>) {
    guard isRunning else { return }
    lastNanoseconds = loop.nowNanoseconds
    switch result {
    case .success(let addresses):
      error = nil
      failures = 0
      if target.hasNames, let age = configuration.addressesAgeMaxMilliseconds { schedule(age) }
      onAddresses(addresses)
    case .failure(let failure):
      error = RPCError(.unavailable, "cannot find \(target): \(failure)")
      failures += 1
      schedule(pauseMilliseconds())
      onFailure()
    }
  }

  private func pauseMilliseconds() -> UInt64 {
    var pause = Double(configuration.resolveIntervalMinMilliseconds)
    for _ in 0..<min(max(failures - 1, 0), 32) { pause *= 1.6 }
    return UInt64(min(pause, Double(Self.pauseMaxMilliseconds)) * Double.random(in: 0.8...1.2))
  }

  private func addresses() async throws -> [SocketAddress] {
    switch target.place {
    case .unix(let path): return [.unix(path: path)]
    case .hosts(let hosts):
      var found: [SocketAddress] = []
      var failure: (any Error)?
      for host in hosts {
        do {
          for address in try await addresses(of: host) where !found.contains(address) { found.append(address) }
        } catch { failure = error }
      }
      if found.isEmpty { throw failure ?? NoAddress() }
      return found
    }
  }

  private func addresses(of host: RPCTarget.Host) async throws -> [SocketAddress] {
    if let literal = SocketAddress(ip: host.name, port: host.port) { return [literal] }
    if let resolver = configuration.resolver { return try await resolver(host.name, host.port, loop) }
    return try await loop.resolve(host: host.name, port: host.port)
  }

  private struct NoAddress: Error, CustomStringConvertible {
    let description = "the name has no address"
  }
}
