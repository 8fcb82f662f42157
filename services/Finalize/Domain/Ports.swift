import Model

/// What finishing files asks of the rest of the platform. Every call throws where its answer is not to be had.

/// The sessions of uploads.
public protocol UploadDirectory: Sendable {
  /// The upload of a file, if it belongs to this user of this account.
  func upload(_ file: FileID, account: AccountID, user: UserID) async throws -> FinishingUpload?
  /// Uploads past their lifetime, of any account.
  func expired(limit: UInt32) async throws -> [FinishingUpload]
}

/// Which chunks were stored.
public protocol ChunkMap: Sendable {
  func chunks(of file: FileID, account: AccountID) async throws -> [RecordedChunk]
}

/// Where the bytes lie. Throws `VaultError`.
public protocol ObjectVault: Sendable {
  /// Makes one object of exactly these parts, in order of index; its size.
  func complete(_ upload: FinishingUpload, parts: [RecordedChunk]) async throws -> ByteCount
  func putEmpty(_ key: String, mediaType: String) async throws
  /// The size of an object; nil where there is none.
  func size(of key: String) async throws -> ByteCount?
  /// Deletes the parts of an upload; fine where there are none.
  func abandon(_ upload: FinishingUpload) async throws
  /// Deletes an object; fine where there is none.
  func delete(_ key: String) async throws
  /// Reads a whole object and gives the SHA-256 of its bytes and their number. `onProgress` is told the bytes read since the last time.
  func digest(of key: String, onProgress: (UInt64) async throws -> Void) async throws -> (hash: ContentHash, size: ByteCount)
}

/// Makes addresses for private objects.
public protocol FileLinks: Sendable {
  func link(to file: StoredFile) -> (url: String, expiresAt: Int64)
}

/// Tells other services. Throws until they have heard.
public protocol EventSink: Sendable {
  func deliver(_ event: OutboxEvent) async throws
}

/// The right to complete or to abandon one upload, for a while.
public struct Lease: Sendable, Equatable {
  public var file: FileID
  /// Changes with every lease: what a former holder still does is refused.
  public var token: Int64

  public init(file: FileID, token: Int64) {
    self.file = file
    self.token = token
  }
}

public enum LeaseAnswer: Sendable, Equatable {
  case granted(Lease)
  /// Somebody has it.
  case busy
  case completed
  case abandoned
}

/// The books: files, objects, usage, and how far each upload has come.
public protocol FileLedger: Sendable {
  /// A finished file of an account.
  func file(_ id: FileID, account: AccountID) async throws -> StoredFile?
  /// Takes the upload for `milliseconds`.
  func lease(_ upload: FinishingUpload, milliseconds: Int64) async throws -> LeaseAnswer
  /// Gives it back without anything having happened. Works in a cancelled task too, and never throws: a lease runs out by itself.
  func release(_ lease: Lease) async
  /// One transaction: file, object, usage and events. Nil where the lease was lost.
  func complete(_ upload: FinishingUpload, lease: Lease, cost: MicroDollars) async throws -> StoredFile?
  /// One transaction: the upload has ended, and who must know. False where the lease was lost.
  func abandon(_ upload: FinishingUpload, lease: Lease, ending: OutboxEvent.Ending) async throws -> Bool
  /// One transaction: a file of the user's own on the object of another one, usage and events. Nil where there is no such file in the
  /// account, or its bytes are not verified and it is another user's.
  func clone(_ source: FileID, as clone: NewClone) async throws -> StoredFile?
  func usage(account: AccountID, user: UserID?) async throws -> UsageTotals
}

/// A clone to be made.
public struct NewClone: Sendable, Equatable {
  public var id: FileID
  public var account: AccountID
  public var user: UserID
  /// Nil: those of the source.
  public var name: String?
  public var mediaType: String?

  public init(id: FileID, account: AccountID, user: UserID, name: String?, mediaType: String?) {
    self.id = id
    self.account = account
    self.user = user
    self.name = name
    self.mediaType = mediaType
  }
}

/// Events that wait to be told. Several processes may ask at once; each event is given to one of them at a time.
public protocol Outbox: Sendable {
  /// Events that are due, oldest first; only those of `file` where one is named.
  func take(_ limit: Int, of file: FileID?, leaseMilliseconds: Int64) async throws -> [OutboxEntry]
  func remove(_ entry: OutboxEntry) async throws
  func postpone(_ entry: OutboxEntry, milliseconds: Int64, because reason: String) async throws
}

/// An object whose bytes were not read back yet.
public struct UnverifiedObject: Sendable, Equatable {
  public var number: Int64
  public var key: String
  public var size: ByteCount
  /// What its client says; nil where it said nothing.
  public var claimedHash: ContentHash?
  public var attempts: Int

  public init(number: Int64, key: String, size: ByteCount, claimedHash: ContentHash?, attempts: Int) {
    self.number = number
    self.key = key
    self.size = size
    self.claimedHash = claimedHash
    self.attempts = attempts
  }
}

/// Objects that wait to be read back. Each is given to one process at a time.
public protocol VerificationQueue: Sendable {
  func take(leaseMilliseconds: Int64) async throws -> UnverifiedObject?
  func renew(_ object: UnverifiedObject, leaseMilliseconds: Int64) async throws
  /// One transaction: the object is what it was said to be, and Dedup learns it of every file on it. `hash` is what was found.
  func verified(_ object: UnverifiedObject, hash: ContentHash) async throws
  /// One transaction: it is not; Dedup forgets every file on it.
  func refuted(_ object: UnverifiedObject, hash: ContentHash, size: ByteCount) async throws
  func postpone(_ object: UnverifiedObject, milliseconds: Int64) async throws
  /// It could not be read for too long: nobody tries any more.
  func giveUp(_ object: UnverifiedObject) async throws
}
