import EventLoops
import Model
import Postgres

/// Who is calling? Answers from a small, short-lived memory, and from the database where that has nothing. Loop thread only.
///
/// A revoked key stops working within `freshNanoseconds`. While the database is away, keys that were good lately go on working
/// for `staleNanoseconds`; unknown ones get an error, never a wrong answer.
public final class AccountDirectory {
  public static let freshNanoseconds: UInt64 = 30_000_000_000
  public static let unknownNanoseconds: UInt64 = 5_000_000_000
  public static let staleNanoseconds: UInt64 = 600_000_000_000
  /// Keys remembered, good and bad ones apart, so that guesses cannot push out the good.
  public static let keysMax = 10_000
  public static let usersMax = 50_000

  private let store: AccountStore
  private let loop: EventLoop
  private var known = BoundedCache<[UInt8], Account>(countMax: keysMax)
  private var unknown = BoundedCache<[UInt8], Void>(countMax: keysMax)
  private var users = BoundedCache<User, Void>(countMax: usersMax)

  private struct User: Hashable {
    let account: AccountID
    let user: UserID
  }

  public init(store: AccountStore, loop: EventLoop) {
    self.store = store
    self.loop = loop
  }

  /// The account that the key opens, nil where it opens none. Throws `PostgresError` where that cannot be told.
  public func account(key text: String) async throws -> Account? {
    guard let key = APIKey(text) else { return nil }
    let hash = key.hash
    let now = loop.nowNanoseconds
    let remembered = known.value(of: hash, now: now)
    if let remembered, remembered.age < Self.freshNanoseconds { return remembered.value }
    if remembered == nil, let miss = unknown.value(of: hash, now: now), miss.age < Self.unknownNanoseconds { return nil }
    do {
      let found = try await store.account(keyHash: hash)
      if let found {
        known.set(found, for: hash, now: now)
      } else {
        known.remove(hash)
        unknown.set((), for: hash, now: now)
      }
      return found
    } catch let error as PostgresError where error.isUnavailable {
      if let remembered, remembered.age < Self.staleNanoseconds { return remembered.value }
      throw error
    }
  }

  /// Remembers an end user, once per loop and while it is not forgotten. Cheap to call on every request.
  public func noteUser(_ user: UserID, of account: AccountID) async throws {
    let entry = User(account: account, user: user)
    guard users.value(of: entry, now: loop.nowNanoseconds) == nil else { return }
    try await store.noteUser(user, of: account)
    users.set((), for: entry, now: loop.nowNanoseconds)
  }
}
