import Model

/// Reads new objects back, once, and says whether they are what their clients said: only then may they stand for other users' files.
public struct Verifier: Sendable {
  public enum Outcome: Sendable, Equatable {
    case nothingToDo
    case verified(UnverifiedObject)
    /// Its bytes are not those that the client claimed.
    case refuted(UnverifiedObject)
    /// It could not be read now.
    case postponed(UnverifiedObject, reason: String)
  }

  private let queue: any VerificationQueue
  private let vault: any ObjectVault
  private let pause: @Sendable (UInt64) async throws -> Void
  private let limits: FinalizeLimits

  public init(
    queue: any VerificationQueue, vault: any ObjectVault, limits: FinalizeLimits = FinalizeLimits(),
    pause: @escaping @Sendable (UInt64) async throws -> Void
  ) {
    self.queue = queue
    self.vault = vault
    self.pause = pause
    self.limits = limits
  }

  /// Takes one object and reads it, no faster than `verifyBytesPerSecond`.
  public func run() async throws -> Outcome {
    guard let object = try await queue.take(leaseMilliseconds: limits.verifyLeaseMilliseconds) else { return .nothingToDo }
    let found: (hash: ContentHash, size: ByteCount)
    do {
      found = try await digest(object)
    } catch let error as VaultError {
      guard object.attempts + 1 < limits.verifyAttemptsMax else {
        try await queue.giveUp(object)
        return .postponed(object, reason: "given up: \(error)")
      }
      try await queue.postpone(object, milliseconds: limits.pauseMilliseconds(afterAttempts: object.attempts + 4))
      return .postponed(object, reason: "\(error)")
    }
    guard found.size == object.size, object.claimedHash == nil || object.claimedHash == found.hash else {
      try await queue.refuted(object, hash: found.hash, size: found.size)
      return .refuted(object)
    }
    try await queue.verified(object, hash: found.hash)
    return .verified(object)
  }

  private func digest(_ object: UnverifiedObject) async throws -> (hash: ContentHash, size: ByteCount) {
    var unpaid: UInt64 = 0
    var unrenewed: UInt64 = 0
    let share = limits.verifyBytesPerSecond / 8
    return try await vault.digest(of: object.key) { count in
      unpaid += count
      unrenewed += count
      if unpaid >= share {
        unpaid -= share
        try await pause(125)
      }
      if unrenewed >= limits.verifyRenewBytes {
        unrenewed = 0
        try await queue.renew(object, leaseMilliseconds: limits.verifyLeaseMilliseconds)
      }
    }
  }
}
