import Model

/// One place in one file.
public struct ChunkAddress: Sendable, Hashable, Comparable {
  public var file: FileID
  public var index: ChunkIndex

  public init(file: FileID, index: ChunkIndex) {
    self.file = file
    self.index = index
  }

  public static func < (left: ChunkAddress, right: ChunkAddress) -> Bool { (left.file, left.index) < (right.file, right.index) }
}

/// An edge says which bytes it is about to store, or has stored, at an address.
public struct ChunkClaim: Sendable, Hashable {
  public var address: ChunkAddress
  public var account: AccountID
  public var hash: ContentHash
  public var size: ByteCount
  public var edge: EdgeID

  public init(address: ChunkAddress, account: AccountID, hash: ContentHash, size: ByteCount, edge: EdgeID) {
    self.address = address
    self.account = account
    self.hash = hash
    self.size = size
    self.edge = edge
  }
}

/// The store has the bytes of a claim.
public struct ChunkReceipt: Sendable, Hashable {
  public var claim: ChunkClaim
  /// The store's word for the part, 1 to 256 bytes.
  public var etag: String

  public init(claim: ChunkClaim, etag: String) {
    self.claim = claim
    self.etag = etag
  }
}

/// A recorded chunk.
public struct StoredChunk: Sendable, Hashable {
  public var index: ChunkIndex
  public var hash: ContentHash
  public var size: ByteCount
  public var edge: EdgeID
  public var etag: String
  /// Unix milliseconds.
  public var storedAt: Int64

  public init(index: ChunkIndex, hash: ContentHash, size: ByteCount, edge: EdgeID, etag: String, storedAt: Int64) {
    self.index = index
    self.hash = hash
    self.size = size
    self.edge = edge
    self.etag = etag
    self.storedAt = storedAt
  }
}

/// How much of an upload is recorded.
public struct StoredTotals: Sendable, Hashable {
  public var chunks: UInt32
  public var bytes: ByteCount

  public init(chunks: UInt32, bytes: ByteCount) {
    self.chunks = chunks
    self.bytes = bytes
  }

  public static let none = StoredTotals(chunks: 0, bytes: .zero)
}

/// What came through one edge.
public struct EdgePortion: Sendable, Hashable {
  public var edge: EdgeID
  public var totals: StoredTotals

  public init(edge: EdgeID, totals: StoredTotals) {
    self.edge = edge
    self.totals = totals
  }
}

/// What a client, or the map, said about the bytes at an address; kept in the cache.
public struct ChunkNote: Sendable, Hashable {
  public var claim: ChunkClaim
  /// The map has recorded it. False for what only a client says.
  public var isStored: Bool

  public init(claim: ChunkClaim, isStored: Bool) {
    self.claim = claim
    self.isStored = isStored
  }
}
