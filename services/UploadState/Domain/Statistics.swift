import Model

/// What came through one edge.
public struct EdgePortion: Sendable, Hashable {
  public var edge: EdgeID
  public var chunks: UInt32
  public var bytes: ByteCount

  public init(edge: EdgeID, chunks: UInt32, bytes: ByteCount) {
    self.edge = edge
    self.chunks = chunks
    self.bytes = bytes
  }
}

/// One of an account's newest sessions.
public struct RecentSession: Sendable, Hashable {
  public var session: UploadSession
  /// Kept when it ended; while it is open the chunk map knows.
  public var portions: [EdgePortion]

  public init(session: UploadSession, portions: [EdgePortion]) {
    self.session = session
    self.portions = portions
  }

  public var chunksStored: UInt32 {
    session.status == .completed ? session.plan.chunksTotal : portions.reduce(0) { $0 + $1.chunks }
  }

  public var bytesStored: ByteCount {
    session.status == .completed ? session.bytesUploaded : ByteCount(portions.reduce(0) { $0 + $1.bytes.rawValue })
  }

  /// From the start to the end, or to `now`; 0 where no time has passed.
  public func bytesPerSecond(at now: Int64) -> Double {
    let milliseconds = (session.endedAt ?? now) - session.startedAt
    return milliseconds > 0 ? Double(bytesStored.rawValue) * 1_000 / Double(milliseconds) : 0
  }

  /// The edges that chunks came through; before any did, those it was opened with.
  public var edges: [EdgeID] { portions.isEmpty ? session.edges : portions.map(\.edge) }
}

/// Sums over an account's sessions.
public struct SessionFigures: Sendable, Hashable {
  public var completed: UInt32
  public var inProgress: UInt32
  /// Bytes and time of the uploads completed in the last days, for an average that weighs by size.
  public var bytes: ByteCount
  public var milliseconds: Int64
  /// Of every completed upload that is still known.
  public var cost: MicroDollars
  public var bytesTotal: ByteCount

  public init(completed: UInt32, inProgress: UInt32, bytes: ByteCount, milliseconds: Int64, cost: MicroDollars, bytesTotal: ByteCount) {
    self.completed = completed
    self.inProgress = inProgress
    self.bytes = bytes
    self.milliseconds = milliseconds
    self.cost = cost
    self.bytesTotal = bytesTotal
  }

  public var bytesPerSecond: Double { milliseconds > 0 ? Double(bytes.rawValue) * 1_000 / Double(milliseconds) : 0 }
}

/// What an account used and saved.
public struct UsageFigures: Sendable, Hashable {
  public var transferred: ByteCount
  public var cost: MicroDollars
  public var saved: ByteCount
  public var savedCost: MicroDollars
  public var duplicates: UInt32

  public init(transferred: ByteCount, cost: MicroDollars, saved: ByteCount, savedCost: MicroDollars, duplicates: UInt32) {
    self.transferred = transferred
    self.cost = cost
    self.saved = saved
    self.savedCost = savedCost
    self.duplicates = duplicates
  }
}

/// An edge that is alive.
public struct LiveEdge: Sendable, Hashable {
  public var id: EdgeID
  public var latencyMilliseconds: UInt32
  public var loadPercent: UInt32

  public init(id: EdgeID, latencyMilliseconds: UInt32, loadPercent: UInt32) {
    self.id = id
    self.latencyMilliseconds = latencyMilliseconds
    self.loadPercent = loadPercent
  }
}

/// One edge in the statistics of an account: how it is now, and what it did for the recent sessions.
public struct EdgeFigures: Sendable, Hashable {
  public var id: EdgeID
  /// nil for an edge that is not alive, or where nobody could be asked.
  public var live: LiveEdge?
  public var chunks: UInt32
  public var bytes: ByteCount

  /// The living edges and those that chunks came through; most bytes first, then by id.
  public static func merge(live: [LiveEdge], portions: [EdgePortion]) -> [EdgeFigures] {
    var figures: [EdgeID: EdgeFigures] = [:]
    for edge in live { figures[edge.id] = EdgeFigures(id: edge.id, live: edge, chunks: 0, bytes: .zero) }
    for portion in portions {
      var entry = figures[portion.edge] ?? EdgeFigures(id: portion.edge, live: nil, chunks: 0, bytes: .zero)
      entry.chunks += portion.chunks
      entry.bytes.rawValue += portion.bytes.rawValue
      figures[portion.edge] = entry
    }
    return figures.values.sorted { ($1.bytes, $0.id) < ($0.bytes, $1.id) }
  }
}

/// What an account's uploads did.
public struct AccountStatistics: Sendable, Hashable {
  public var figures: SessionFigures
  public var usage: UsageFigures
  public var edges: [EdgeFigures]
  public var recent: [RecentSession]
}
