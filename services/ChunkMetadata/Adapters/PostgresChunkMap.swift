import EventLoops
import Model
import Postgres

/// The chunk map in `upload_chunks`. Claims and receipts of a loop are written in groups. Loop thread only.
final class PostgresChunkMap: ChunkMap, @unchecked Sendable {
  private let pool: PostgresPool
  private let claims: GroupCommit<ChunkClaim, ClaimOutcome>
  private let receipts: GroupCommit<ChunkReceipt, RecordOutcome>
  private let limits: ChunkLimits

  /// - Parameter feed: hears of every receipt once it is durable.
  init(loop: EventLoop, pool: PostgresPool, feed: any ProgressFeed & Sendable, limits: ChunkLimits = ChunkLimits()) {
    self.pool = pool
    self.limits = limits
    claims = GroupCommit(loop: loop, limits: limits, key: \.address) { try await Self.write($0, to: pool, limits) }
    receipts = GroupCommit(loop: loop, limits: limits, key: \.claim.address) { try await Self.write($0, to: pool, feed: feed, limits) }
  }

  /// Statements that wrote claims and receipts so far.
  var batchesTotal: UInt64 { claims.batchesTotal + receipts.batchesTotal }

  /// Callers that wait for a statement to take what they write.
  var waitingClaims: Int { claims.waitingCalls }
  var waitingReceipts: Int { receipts.waitingCalls }

  func claim(_ claim: ChunkClaim) async throws -> ClaimOutcome { try await claims.submit(claim) }

  func record(_ receipt: ChunkReceipt) async throws -> RecordOutcome { try await receipts.submit(receipt) }

  func release(_ address: ChunkAddress, hash: ContentHash, edge: EdgeID) async throws {
    try await pool.query(
      ChunkSQL.release, [.string(address.file.text), .int64(Int64(address.index.rawValue)), .bytes(hash.bytes), .string(edge.text)])
  }

  func holder(of address: ChunkAddress) async throws -> ChunkNote? {
    let rows = try await pool.query(
      ChunkSQL.holder, [.string(address.file.text), .int64(Int64(address.index.rawValue)), .int64(limits.claimLeaseMilliseconds)])
    guard let row = rows.first else { return nil }
    guard let account = AccountID(try row[0].string) else { throw PostgresError.decoding("account_id is not one") }
    let claim = ChunkClaim(
      address: address, account: account, hash: try ChunkSQL.hash(row[1]), size: ByteCount(UInt64(clamping: try row[2].int64)),
      edge: try ChunkSQL.edge(row[3]))
    return ChunkNote(claim: claim, isStored: try row[4].bool)
  }

  func chunks(of file: FileID, account: AccountID?) async throws -> [StoredChunk] {
    try await pool.query(ChunkSQL.chunks, [.string(file.text), .optional(account?.text)]).map { row in
      StoredChunk(
        index: try ChunkSQL.index(row[0].int64), hash: try ChunkSQL.hash(row[1]), size: ByteCount(UInt64(clamping: try row[2].int64)),
        edge: try ChunkSQL.edge(row[3]), etag: try row[4].string, storedAt: try row[5].timestampMilliseconds)
    }
  }

  func storedIndices(of file: FileID, account: AccountID?) async throws -> (indices: [ChunkIndex], bytes: ByteCount) {
    let rows = try await pool.query(ChunkSQL.storedIndices, [.string(file.text), .optional(account?.text)])
    guard let row = rows.first else { throw PostgresError.decoding("no row") }
    return (try row[0].int64Array.map { try ChunkSQL.index($0) }, ByteCount(UInt64(clamping: try row[1].int64)))
  }

  func portions(of files: [FileID], account: AccountID?) async throws -> [FileID: [EdgePortion]] {
    guard !files.isEmpty else { return [:] }
    var portions: [FileID: [EdgePortion]] = [:]
    for row in try await pool.query(ChunkSQL.portions, [.textArray(files.map(\.text)), .optional(account?.text)]) {
      guard let file = FileID(try row[0].string) else { throw PostgresError.decoding("file_id is not one") }
      let totals = StoredTotals(chunks: UInt32(clamping: try row[2].int64), bytes: ByteCount(UInt64(clamping: try row[3].int64)))
      portions[file, default: []].append(EdgePortion(edge: try ChunkSQL.edge(row[1]), totals: totals))
    }
    return portions
  }

  func drop(_ file: FileID, account: AccountID?) async throws -> [ChunkIndex] {
    try await pool.query(ChunkSQL.drop, [.string(file.text), .optional(account?.text)]).map { try ChunkSQL.index($0[0].int64) }
  }

  func sweep() async throws -> Int {
    // Reads whole partitions: it may take longer than what a client waits for.
    let milliseconds: UInt64 = 300_000
    return try await pool.transaction { session in
      try await session.query("SET LOCAL statement_timeout = \(milliseconds)")
      let hours = Int64(limits.abandonedClaimHours)
      return try await session.query(ChunkSQL.sweep, [.int64(hours)], timeoutMilliseconds: milliseconds).affectedCount
    }
  }

  // MARK: Groups

  private static func write(_ claims: [ChunkClaim], to pool: PostgresPool, _ limits: ChunkLimits) async throws -> [ClaimOutcome] {
    var outcomes: [ChunkAddress: ClaimOutcome] = [:]
    var open = claims
    // Where an address is neither granted nor held, its holder has just let go: then the claim is tried again.
    for _ in 0...limits.conflictRetriesMax where !open.isEmpty {
      for row in try await pool.query(ChunkSQL.claim, ChunkSQL.columns(open) + [.int64(limits.claimLeaseMilliseconds)]) {
        outcomes[try ChunkSQL.address(row)] = .granted
      }
      open.removeAll { outcomes[$0.address] != nil }
      guard !open.isEmpty else { break }
      let holders = try await pool.query(
        ChunkSQL.holders, [.textArray(open.map(\.address.file.text)), .int64Array(open.map { Int64($0.address.index.rawValue) })])
      let wanted = Dictionary(open.map { ($0.address, $0.hash) }, uniquingKeysWith: { first, _ in first })
      for row in holders {
        let address = try ChunkSQL.address(row)
        let isSame = try ChunkSQL.hash(row[2]) == wanted[address]
        if isSame, let etag = row[3].ifPresent { outcomes[address] = .stored(etag: try etag.string) }
        if !isSame { outcomes[address] = .taken }
      }
      open.removeAll { outcomes[$0.address] != nil }
    }
    return claims.map { outcomes[$0.address] ?? .taken }
  }

  private static func write(
    _ receipts: [ChunkReceipt], to pool: PostgresPool, feed: any ProgressFeed, _ limits: ChunkLimits
  ) async throws -> [RecordOutcome] {
    let parameters = ChunkSQL.columns(receipts.map(\.claim)) + [.textArray(receipts.map(\.etag)), .int64(limits.claimLeaseMilliseconds)]
    let recorded = Set(try await pool.query(ChunkSQL.record, parameters).map { try ChunkSQL.address($0) })
    guard !recorded.isEmpty else { return receipts.map { _ in .taken } }
    // Counted after the commit: what other processes recorded meanwhile is in it.
    var totals: [FileID: StoredTotals] = [:]
    for row in try await pool.query(ChunkSQL.totals, [.textArray(Array(Set(recorded.map(\.file.text))))]) {
      guard let file = FileID(try row[0].string) else { throw PostgresError.decoding("file_id is not one") }
      totals[file] = StoredTotals(chunks: UInt32(clamping: try row[1].int64), bytes: ByteCount(UInt64(clamping: try row[2].int64)))
    }
    feed.announce(receipts.filter { recorded.contains($0.claim.address) }, totals: totals)
    return receipts.map { recorded.contains($0.claim.address) ? .recorded(totals[$0.claim.address.file] ?? .none) : .taken }
  }
}
