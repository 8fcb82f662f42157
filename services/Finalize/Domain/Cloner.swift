import Model

/// Gives users files of their own on objects that are stored already. No bytes move.
public struct Cloner: Sendable {
  private let ledger: any FileLedger
  private let links: any FileLinks
  private let tellPromptly: @Sendable (FileID) async -> Void
  private let newID: @Sendable () -> FileID

  public init(
    ledger: any FileLedger, links: any FileLinks, tellPromptly: @escaping @Sendable (FileID) async -> Void,
    newID: @escaping @Sendable () -> FileID
  ) {
    self.ledger = ledger
    self.links = links
    self.tellPromptly = tellPromptly
    self.newID = newID
  }

  /// The new file and what it saved. Throws `FinalizeError.fileNotFound` where there is no such file for this caller: another user's
  /// file only once its bytes are verified, another account's never.
  public func clone(
    _ source: FileID, account: AccountID, user: UserID, name: String?, mediaType: String?
  ) async throws -> (file: FinishedFile, savedCost: MicroDollars) {
    let wanted = NewClone(id: newID(), account: account, user: user, name: name, mediaType: mediaType)
    guard let file = try await ledger.clone(source, as: wanted) else { throw FinalizeError.fileNotFound }
    await tellPromptly(file.id)
    let link = links.link(to: file)
    return (FinishedFile(file: file, url: link.url, urlExpiresAt: link.expiresAt), Price.transfer(of: file.size))
  }
}
