import Model
import Synchronization

/// Counts the clients that watch uploads, for all loops of a process: together, and by account. Any thread.
public final class WatchQuota: Sendable {
  public enum Refusal: Error, Equatable {
    /// This account has as many as one account may have.
    case account(clientsMax: Int)
    case process
  }

  /// One client's place; it is free again when the last reference goes.
  public final class Seat: Sendable {
    private let quota: WatchQuota
    private let account: AccountID

    fileprivate init(_ quota: WatchQuota, _ account: AccountID) {
      self.quota = quota
      self.account = account
    }

    deinit { quota.leave(account) }
  }

  private struct Counts {
    var all = 0
    var byAccount: [AccountID: Int] = [:]
  }

  public let clientsMax: Int
  public let clientsPerAccountMax: Int
  private let counts = Mutex(Counts())

  public init(clientsMax: Int = 1_024, clientsPerAccountMax: Int = 512) {
    self.clientsMax = clientsMax
    self.clientsPerAccountMax = clientsPerAccountMax
  }

  /// Those that watch just now.
  public var clients: Int { counts.withLock { $0.all } }

  public func enter(_ account: AccountID) throws(Refusal) -> Seat {
    let refusal: Refusal? = counts.withLock { counts in
      guard counts.byAccount[account, default: 0] < clientsPerAccountMax else { return .account(clientsMax: clientsPerAccountMax) }
      guard counts.all < clientsMax else { return .process }
      counts.all += 1
      counts.byAccount[account, default: 0] += 1
      return nil
    }
    if let refusal { throw refusal }
    return Seat(self, account)
  }

  private func leave(_ account: AccountID) {
    counts.withLock { counts in
      counts.all -= 1
      let left = counts.byAccount[account, default: 1] - 1
      counts.byAccount[account] = left > 0 ? left : nil
    }
  }
}
