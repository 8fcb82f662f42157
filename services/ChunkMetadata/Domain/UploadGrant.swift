import Model

/// An upload as this service must know it: whose it is and how it is cut. From a verified upload token, or from UploadState.
public struct UploadGrant: Sendable, Hashable {
  public var file: FileID
  public var account: AccountID
  public var plan: UploadPlan

  public init(file: FileID, account: AccountID, plan: UploadPlan) {
    self.file = file
    self.account = account
    self.plan = plan
  }

  /// The address of a chunk of this upload.
  /// - Throws: `ChunkError.otherFile`, `.indexOutOfRange`.
  public func address(file other: FileID, index: UInt32) throws(ChunkError) -> ChunkAddress {
    guard other == file else { throw .otherFile }
    guard index < plan.chunksTotal, let index = ChunkIndex(index) else { throw .indexOutOfRange(chunksTotal: plan.chunksTotal) }
    return ChunkAddress(file: file, index: index)
  }

  /// A claim that fits the plan.
  /// - Throws: `ChunkError.otherFile`, `.indexOutOfRange`, `.wrongSize`.
  public func claim(file other: FileID, index: UInt32, hash: ContentHash, size: ByteCount, edge: EdgeID) throws(ChunkError) -> ChunkClaim {
    let address = try address(file: other, index: index)
    guard let planned = plan.size(of: address.index), planned == size else { throw .wrongSize(planned: plan.size(of: address.index) ?? .zero) }
    return ChunkClaim(address: address, account: account, hash: hash, size: size, edge: edge)
  }
}

/// Why a chunk is refused.
public enum ChunkError: Error, Sendable, Hashable {
  /// The token is for another file.
  case otherFile
  case indexOutOfRange(chunksTotal: UInt32)
  case wrongSize(planned: ByteCount)
  /// Other bytes are claimed or recorded at this address.
  case conflict(ChunkAddress)
  /// There is no such upload, or it is somebody else's: the caller cannot tell which.
  case uploadNotFound
  /// Too many calls wait already.
  case overloaded
}
