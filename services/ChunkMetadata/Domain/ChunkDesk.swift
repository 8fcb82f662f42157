import Model

/// What this service does, without wire and database.
public struct ChunkDesk {
  private let map: any ChunkMap
  private let cache: any ChunkCache
  private let uploads: any UploadDirectory

  public init(map: any ChunkMap, cache: any ChunkCache, uploads: any UploadDirectory) {
    self.map = map
    self.cache = cache
    self.uploads = uploads
  }

  /// Keeps an address for these bytes.
  /// - Returns: The ETag where the same bytes are recorded already, so that nothing need be sent; else nil.
  /// - Throws: `ChunkError.conflict` where other bytes hold the address.
  public func claim(_ claim: ChunkClaim) async throws -> String? {
    switch try await map.claim(claim) {
    case .granted: return nil
    case .stored(let etag): return etag
    case .taken: throw ChunkError.conflict(claim.address)
    }
  }

  /// Makes a stored chunk part of the map.
  /// - Throws: `ChunkError.conflict` where other bytes hold the address.
  public func record(_ receipt: ChunkReceipt) async throws -> StoredTotals {
    switch try await map.record(receipt) {
    case .recorded(let totals): return totals
    case .taken: throw ChunkError.conflict(receipt.claim.address)
    }
  }

  public func release(_ address: ChunkAddress, hash: ContentHash, edge: EdgeID) async throws {
    try await map.release(address, hash: hash, edge: edge)
  }

  /// Notes what a client says. It never counts as stored and never keeps an edge away.
  /// - Throws: `ChunkError.uploadNotFound`, what `UploadGrant.claim` throws, `.conflict` where an edge has claimed or recorded other bytes.
  public func note(file: FileID, index: UInt32, hash: ContentHash, size: ByteCount, edge: EdgeID, account: AccountID) async throws {
    let claim = try await grant(for: file, account: account).claim(file: file, index: index, hash: hash, size: size, edge: edge)
    // What was recorded stays so until the upload ends, so the cache may answer for it; a claim may be gone the next moment.
    if let known = await cache.note(at: claim.address), known.isStored {
      guard known.claim.hash == hash else { throw ChunkError.conflict(claim.address) }
      return
    }
    let holder = try await map.holder(of: claim.address)
    if let holder, holder.claim.hash != hash { throw ChunkError.conflict(claim.address) }
    await cache.keep(ChunkNote(claim: claim, isStored: holder?.isStored ?? false))
  }

  public func chunks(of file: FileID, account: AccountID?) async throws -> [StoredChunk] {
    try await map.chunks(of: file, account: account)
  }

  /// The indices below `chunksTotal` that are not recorded, and how much is.
  public func missing(of file: FileID, chunksTotal: UInt32, account: AccountID?) async throws -> (missing: [UInt32], totals: StoredTotals) {
    let stored = try await map.storedIndices(of: file, account: account)
    var missing: [UInt32] = []
    var next = stored.indices.makeIterator()
    var upcoming = next.next()
    for index in 0..<chunksTotal {
      if upcoming?.rawValue == index { upcoming = next.next() } else { missing.append(index) }
    }
    return (missing, StoredTotals(chunks: UInt32(stored.indices.count), bytes: stored.bytes))
  }

  public func portions(of files: [FileID], account: AccountID?) async throws -> [FileID: [EdgePortion]] {
    try await map.portions(of: files, account: account)
  }

  /// Forgets an upload that has ended. Fine to repeat.
  public func drop(_ file: FileID, account: AccountID?) async throws {
    let indices = try await map.drop(file, account: account)
    await cache.forget(file, indices: indices)
  }

  private func grant(for file: FileID, account: AccountID) async throws -> UploadGrant {
    if let known = await cache.grant(for: file) {
      guard known.account == account else { throw ChunkError.uploadNotFound }
      return known
    }
    guard let found = try await uploads.find(file, account: account) else { throw ChunkError.uploadNotFound }
    await cache.keep(found)
    return found
  }
}
