import EventLoops
import Model
import Postgres

/// Sessions in `upload_sessions` and `upload_states`. Loop thread only.
final class PostgresSessions: SessionStore, @unchecked Sendable {
  private let pool: PostgresPool
  private let turns: Turns
  private let now: () -> Int64

  /// - Parameter now: Unix milliseconds.
  init(loop: EventLoop, pool: PostgresPool, now: @escaping () -> Int64, limits: SessionLimits = SessionLimits()) {
    self.pool = pool
    self.now = now
    turns = Turns(loop: loop, atOnceMax: limits.multipartsAtOnceMax, waitingMax: limits.multipartsWaitingMax)
  }

  /// Callers that wait for their turn to have a multipart upload created.
  var waitingMultiparts: Int { turns.waitingCalls }

  func open(_ session: UploadSession) async throws -> UploadSession {
    try await pool.query(SessionSQL.insert, SessionSQL.parameters(session))
    guard let kept = try await find(session.file) else { throw PostgresError.decoding("\(session.file) is not there after it was opened") }
    return kept
  }

  func find(_ file: FileID) async throws -> UploadSession? {
    try await pool.query(SessionSQL.find, [.string(file.text)]).first.map { try SessionSQL.session($0) }
  }

  func slide(_ file: FileID, to expiresAt: Int64) async throws {
    try await pool.query(SessionSQL.slide, [.string(file.text), .timestampMilliseconds(expiresAt)])
  }

  /// The row stays locked while the store works, so that of any number of processes one creates; hence the turns: the pool must keep
  /// connections for everybody else.
  func ensureMultipart(_ file: FileID, create: () async throws -> String) async throws -> String? {
    try await turns.take {
      try await pool.transaction { session in
        guard let row = try await session.query(SessionSQL.lock, [.string(file.text)]).first, try row[1].bool else { return nil }
        if let known = row[0].ifPresent { return try known.string }
        let id = try await create()
        try await session.query(SessionSQL.keepMultipart, [.string(file.text), .string(id)])
        return id
      }
    }
  }

  func saveEdges(_ edges: [EdgeID], of file: FileID, at now: Int64) async throws {
    try await pool.query(SessionSQL.saveEdges, [.string(file.text), .textArray(edges.map(\.text)), .timestampMilliseconds(now)])
  }

  func savedEdges(of file: FileID) async throws -> [EdgeID]? {
    try await pool.query(SessionSQL.savedEdges, [.string(file.text)]).first.map { try $0[0].textArray.compactMap { EdgeID($0) } }
  }

  func close(_ file: FileID, with ending: SessionEnding) async throws -> Bool {
    let rows = try await pool.query(
      SessionSQL.close,
      [
        .string(file.text), .string(ending.status.rawValue), .timestampMilliseconds(ending.at), .clamping(ending.bytesUploaded.rawValue),
        .int64(ending.actualCost.rawValue), .textArray(ending.portions.map(\.edge.text)), .int64Array(ending.portions.map { Int64($0.chunks) }),
        .int64Array(ending.portions.map { Int64(clamping: $0.bytes.rawValue) }),
      ])
    return rows.affectedCount == 1
  }

  func expired(at now: Int64, limit: UInt32) async throws -> [UploadSession] {
    try await pool.query(SessionSQL.expired, [.timestampMilliseconds(now), .clamping(limit)]).map { try SessionSQL.session($0) }
  }

  func recent(account: AccountID, user: UserID?, limit: Int) async throws -> [RecentSession] {
    try await pool.query(SessionSQL.recent, [.string(account.text), .optional(user?.text), .clamping(limit)]).map {
      RecentSession(session: try SessionSQL.session($0), portions: try SessionSQL.portions($0, from: 19))
    }
  }

  func figures(account: AccountID, user: UserID?, since: Int64) async throws -> SessionFigures {
    let rows = try await pool.query(
      SessionSQL.figures, [.string(account.text), .optional(user?.text), .timestampMilliseconds(since), .timestampMilliseconds(now())])
    guard let row = rows.first else { throw PostgresError.decoding("no row") }
    return SessionFigures(
      completed: UInt32(clamping: try row[0].int64), inProgress: UInt32(clamping: try row[1].int64),
      bytes: ByteCount(UInt64(clamping: try row[2].int64)), milliseconds: try row[3].int64, cost: MicroDollars(try row[4].int64),
      bytesTotal: ByteCount(UInt64(clamping: try row[5].int64)))
  }

  func prune(endedBefore: Int64) async throws -> Int {
    try await pool.query(SessionSQL.prune, [.timestampMilliseconds(endedBefore)]).affectedCount
  }
}
