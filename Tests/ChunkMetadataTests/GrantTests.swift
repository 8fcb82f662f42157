import Model
import Testing

@testable import ChunkMetadata

@Suite("What a plan allows")
struct GrantTests {
  private func grant(size: UInt64) -> UploadGrant {
    return UploadGrant(
      file: FileID(unixMilliseconds: 1), account: AccountID("acc_1")!,
      plan: UploadPlan(fileSize: ByteCount(size), chunkSize: .mebibytes(5))!)
  }

  @Test("an empty file has no chunks")
  func empty() {
    let grant = grant(size: 0)
    #expect(throws: ChunkError.indexOutOfRange(chunksTotal: 0)) { try grant.address(file: grant.file, index: 0) }
  }

  @Test("only the last chunk may be short")
  func sizes() throws {
    let grant = grant(size: 5 << 20 + 1)
    let digest = ContentHash(hash("a"))!
    let edge = EdgeID("sfo-1")!
    let last = try grant.claim(file: grant.file, index: 1, hash: digest, size: ByteCount(1), edge: edge)
    #expect(last.address.index.partNumber == 2)
    #expect(throws: ChunkError.wrongSize(planned: .mebibytes(5))) {
      try grant.claim(file: grant.file, index: 0, hash: digest, size: ByteCount(1), edge: edge)
    }
    #expect(throws: ChunkError.indexOutOfRange(chunksTotal: 2)) {
      try grant.claim(file: grant.file, index: 2, hash: digest, size: ByteCount(1), edge: edge)
    }
  }
}
