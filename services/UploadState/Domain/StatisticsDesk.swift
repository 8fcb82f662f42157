import Model

/// Puts together what an account's uploads did. What other services know and do not tell in time is left out.
public struct StatisticsDesk {
  private let store: any SessionStore
  private let chunks: any ChunkBook
  private let ledger: any UsageLedger
  private let registry: any EdgeRegistry
  /// Told of what was left out, for the log.
  private let onFailure: (String, any Error) -> Void
  private let limits: SessionLimits

  public init(
    store: any SessionStore, chunks: any ChunkBook, ledger: any UsageLedger, registry: any EdgeRegistry, limits: SessionLimits = SessionLimits(),
    onFailure: @escaping (String, any Error) -> Void
  ) {
    self.store = store
    self.chunks = chunks
    self.ledger = ledger
    self.registry = registry
    self.onFailure = onFailure
    self.limits = limits
  }

  /// - Throws: only where this service's own store fails.
  public func statistics(account: AccountID, user: UserID?, now: Int64) async throws -> AccountStatistics {
    let since = now - limits.speedDays * 86_400_000
    let figures = try await store.figures(account: account, user: user, since: since)
    var recent = try await store.recent(account: account, user: user, limit: limits.recentSessionsMax)
    for index in recent.indices { recent[index].session.status = recent[index].session.status(at: now) }
    let open = recent.filter(\.session.status.isOpen).map(\.session.file)
    if !open.isEmpty, let portions = await attempt("chunks", { try await chunks.portions(of: open, account: account) }) {
      for index in recent.indices where recent[index].session.status.isOpen { recent[index].portions = portions[recent[index].session.file] ?? [] }
    }
    let usage = await attempt("usage") { try await ledger.usage(account: account, user: user) }
    let live = await attempt("edges") { try await registry.liveEdges() } ?? []
    return AccountStatistics(
      figures: figures, usage: usage ?? UsageFigures(ownKnowledge: figures),
      edges: EdgeFigures.merge(live: live, portions: recent.flatMap(\.portions)), recent: recent)
  }

  private func attempt<Result>(_ what: String, _ body: () async throws -> Result) async -> Result? {
    do {
      return try await body()
    } catch {
      onFailure(what, error)
      return nil
    }
  }
}

extension UsageFigures {
  /// What the sessions alone say, where Finalize cannot be asked: nothing about what was saved.
  init(ownKnowledge figures: SessionFigures) {
    self.init(transferred: figures.bytesTotal, cost: figures.cost, saved: .zero, savedCost: .zero, duplicates: 0)
  }
}
