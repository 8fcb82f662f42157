import Contracts
import EventLoops
import Model

/// Tells the user how far an upload is, and every few seconds the service what only the client knows. Loop thread only.
final class ProgressReporter: @unchecked Sendable {
  static let saveNanoseconds: UInt64 = 5_000_000_000
  /// An interrupted user does not wait longer than this.
  static let lastSaveMilliseconds: UInt64 = 3_000

  private let sender: ChunkSender
  private let plan: UploadPlan
  private let user: UserID
  private let fileID: FileID
  private let gateway: GatewayClient
  private let loop: EventLoop
  private let onEvent: (UploadEvent) -> Void
  private var meter = SpeedMeter()
  private var savedAt: UInt64
  private var savedChunks = -1
  private var saving: Task<Void, Never>?

  init(
    sender: ChunkSender, plan: UploadPlan, user: UserID, fileID: FileID, gateway: GatewayClient, loop: EventLoop,
    onEvent: @escaping (UploadEvent) -> Void
  ) {
    self.sender = sender
    self.plan = plan
    self.user = user
    self.fileID = fileID
    self.gateway = gateway
    self.loop = loop
    self.onEvent = onEvent
    savedAt = loop.nowNanoseconds
    meter.mark(bytes: sender.bytesDone, at: savedAt)
  }

  func tick() {
    let now = loop.nowNanoseconds
    let done = sender.bytesDone
    let total = plan.fileSize.rawValue
    meter.mark(bytes: done, at: now)
    onEvent(
      .progress(
        UploadProgress(
          bytesDone: done, bytesTotal: total, chunksStored: sender.stored.count, chunksTotal: Int(plan.chunksTotal),
          bytesPerSecond: meter.bytesPerSecond, secondsLeft: meter.secondsLeft(bytes: total - min(done, total)), edges: sender.reports)))
    if now - savedAt >= Self.saveNanoseconds, saving == nil, savedChunks != sender.stored.count {
      savedAt = now
      saving = loop.spawn { [self] in
        await save()
        saving = nil
      }
    }
  }

  /// Lets a save that is under way come to its end.
  func finish() async {
    saving?.cancel()
    await saving?.value
  }

  /// The last word before this process goes. Works in a cancelled task, too.
  func saveForLater() async {
    await finish()
    let (loop, reporter) = (loop, self)
    await loop.spawn {
      try? await loop.withTimeout(milliseconds: Self.lastSaveMilliseconds) { await reporter.save() }
    }.value
  }

  /// Nothing depends on it: what is stored the service knows itself.
  private func save() async {
    let stored = sender.stored.map(\.rawValue).sorted()
    let remaining = (0..<plan.chunksTotal).filter { index in ChunkIndex(index).map { !sender.stored.contains($0) } ?? false }
    savedChunks = stored.count
    let state = SavedState(
      fileId: fileID.text, chunksUploaded: stored, chunksRemaining: remaining, edges: sender.lanes.map(\.id.text), progress: sender.bytesStored,
      total: plan.fileSize.rawValue)
    _ = try? await gateway.saveState(SaveStateRequest(userId: user.text, fileId: fileID.text, state: state))
  }
}
