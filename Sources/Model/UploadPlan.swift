/// How a file is cut into chunks. Fixed when its session opens; the upload token carries it to the edges.
///
/// Chunks are 0-based, all of `chunkSize` but the last, which is what remains. An empty file has none.
public struct UploadPlan: Sendable, Hashable {
  public let fileSize: ByteCount
  public let chunkSize: ByteCount
  public let chunksTotal: UInt32

  /// S3's largest object.
  public static let fileSizeMax = ByteCount.tebibytes(5)
  /// S3's smallest part, the last one excepted.
  public static let chunkSizeMin = ByteCount.mebibytes(5)
  /// What a chunk is where the number of parts does not force more.
  public static let chunkSizeUsual = ByteCount.mebibytes(50)
  /// S3's largest number of parts.
  public static let chunksMax: UInt32 = ChunkIndex.limit
  /// Where files are small, chunks shrink so that there are about this many to spread over edges.
  static let chunksWanted: UInt64 = 20

  /// The plan for a new file; nil if it is larger than `fileSizeMax`.
  ///
  /// A twentieth of the file in steps of 5 MiB, between 5 MiB and 50 MiB: 50 MiB at 1 GiB. From 488 GiB on, 10,000 parts of
  /// 50 MiB no longer suffice, and a chunk is a ten-thousandth of the file, rounded up to a whole MiB (525 MiB at 5 TiB).
  public init?(fileSize: ByteCount) {
    guard fileSize <= Self.fileSizeMax else { return nil }
    let step = Self.chunkSizeMin.rawValue
    let share = fileSize.rawValue / Self.chunksWanted / step * step
    var chunkSize = min(max(share, Self.chunkSizeMin.rawValue), Self.chunkSizeUsual.rawValue)
    let parts = UInt64(Self.chunksMax)
    if chunkSize * parts < fileSize.rawValue {
      let mebibyte = ByteCount.mebibytes(1).rawValue
      chunkSize = ((fileSize.rawValue + parts - 1) / parts + mebibyte - 1) / mebibyte * mebibyte
    }
    self.init(fileSize: fileSize, chunkSize: ByteCount(chunkSize))
  }

  /// A plan read back from a token or a table; nil unless its parts agree and respect every limit.
  public init?(fileSize: ByteCount, chunkSize: ByteCount, chunksTotal: UInt32) {
    self.init(fileSize: fileSize, chunkSize: chunkSize)
    guard self.chunksTotal == chunksTotal else { return nil }
  }

  /// A plan with a given chunk size; nil if any limit is passed.
  public init?(fileSize: ByteCount, chunkSize: ByteCount) {
    guard fileSize <= Self.fileSizeMax, chunkSize >= Self.chunkSizeMin, chunkSize <= Self.fileSizeMax else { return nil }
    let chunks = (fileSize.rawValue + chunkSize.rawValue - 1) / chunkSize.rawValue
    guard chunks <= UInt64(Self.chunksMax) else { return nil }
    self.fileSize = fileSize
    self.chunkSize = chunkSize
    chunksTotal = UInt32(chunks)
  }

  /// Where a chunk starts in the file; nil if the plan has no such chunk.
  public func offset(of index: ChunkIndex) -> ByteCount? {
    guard index.rawValue < chunksTotal else { return nil }
    return ByteCount(UInt64(index.rawValue) * chunkSize.rawValue)
  }

  /// How long a chunk is; nil if the plan has no such chunk.
  public func size(of index: ChunkIndex) -> ByteCount? {
    guard let offset = offset(of: index) else { return nil }
    return ByteCount(min(chunkSize.rawValue, fileSize.rawValue - offset.rawValue))
  }

  /// How many chunks a sender should have under way with this many edges: 6 for each, 16 at least, 32 at most.
  public static func threads(edges: Int) -> UInt32 {
    UInt32(min(max(min(max(edges, 0), 32) * 6, 16), 32))
  }
}
