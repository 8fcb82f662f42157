import Model

/// Answers inquiries: is the file stored already, and if not, over which edges and in which pieces should it travel.
public final class UploadPlanner {
  private let directory: EdgeDirectory
  private let duplicates: any Duplicates
  private let sessions: any UploadSessions
  private let tokens: any UploadTokens
  private let samples: any RoundTripSamples
  private let habits: any UploadHabits
  private let now: () -> Int64
  private var random: any RandomNumberGenerator

  /// `now` gives Unix milliseconds.
  public init(
    directory: EdgeDirectory, duplicates: any Duplicates, sessions: any UploadSessions, tokens: any UploadTokens,
    samples: any RoundTripSamples, habits: any UploadHabits, now: @escaping () -> Int64, random: any RandomNumberGenerator
  ) {
    self.directory = directory
    self.duplicates = duplicates
    self.sessions = sessions
    self.tokens = tokens
    self.samples = samples
    self.habits = habits
    self.now = now
    self.random = random
  }

  /// A clone where the very file is stored already; else a session with its plan, edges and token.
  ///
  /// Throws `SelectionError`, or whatever a port throws. Nothing is opened unless an answer is given.
  public func answer(_ inquiry: UploadInquiry) async throws -> UploadAnswer {
    if let resumed = inquiry.resumed { return .upload(try await resume(resumed, inquiry)) }
    guard let plan = UploadPlan(fileSize: inquiry.fileSize) else { throw SelectionError.fileTooLarge }
    if let hash = inquiry.fileHash, let clone = try await duplicates.clone(hash: hash, for: inquiry) { return .duplicate(clone) }

    let cost = Price.transfer(of: inquiry.fileSize)
    if let budget = inquiry.budget, cost > budget { throw SelectionError.budgetTooSmall(minimum: cost) }
    let edges = try await chooseEdges(for: inquiry.caller, location: inquiry.location, priority: inquiry.priority)
    let opened = now()
    let session = try await sessions.open(
      UploadSession(
        fileID: FileID(unixMilliseconds: UInt64(max(0, opened))), caller: inquiry.caller, fileHash: inquiry.fileHash,
        fileName: inquiry.fileName, mediaType: inquiry.mediaType, plan: plan, threads: UploadPlan.threads(edges: edges.count),
        edges: edges.map(\.id), estimatedCost: cost))
    habits.opened(session, at: opened)
    return .upload(try offer(session, edges: edges))
  }

  /// Fresh edges and a fresh token for an upload that is open. `user` nil: any user of the account.
  public func replan(
    _ file: FileID, account: AccountID, user: UserID?, location: GeoPoint?, priority: UploadPriority
  ) async throws -> UploadOffer {
    guard let session = try await sessions.find(file, account: account, user: user) else { throw SelectionError.uploadNotFound }
    guard session.isOpen else { throw SelectionError.uploadEnded }
    return try offer(session, edges: try await chooseEdges(for: session.caller, location: location, priority: priority))
  }

  private func resume(_ file: FileID, _ inquiry: UploadInquiry) async throws -> UploadOffer {
    let caller = inquiry.caller
    guard let session = try await sessions.find(file, account: caller.account, user: caller.user) else { throw SelectionError.uploadNotFound }
    guard session.isOpen else { throw SelectionError.uploadEnded }
    guard session.plan.fileSize == inquiry.fileSize else { throw SelectionError.sizeDiffers(opened: session.plan.fileSize) }
    if let opened = session.fileHash, let given = inquiry.fileHash, opened != given { throw SelectionError.hashDiffers }
    return try offer(session, edges: try await chooseEdges(for: caller, location: inquiry.location, priority: inquiry.priority))
  }

  private func chooseEdges(for caller: Caller, location: GeoPoint?, priority: UploadPriority) async throws -> [EdgeChoice] {
    let measured = await samples.samples(of: caller)
    let edges = EdgeSelector.choose(from: directory.records, location: location, samples: measured, priority: priority, now: now())
    guard !edges.isEmpty else { throw SelectionError.noLiveEdge(registered: directory.records.count) }
    return edges
  }

  private func offer(_ session: UploadSession, edges: [EdgeChoice]) throws -> UploadOffer {
    UploadOffer(
      session: session, edges: edges, compression: CompressionAdvice(mediaType: session.mediaType, fileName: session.fileName),
      estimatedSeconds: Throughput.seconds(for: session.plan.fileSize, bytesPerSecond: edges.map(\.bytesPerSecond)),
      uploadToken: try tokens.token(for: session))
  }
}
