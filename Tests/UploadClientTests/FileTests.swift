import Bytes
import Compression
import EventLoops
import Foundation
import Model
import TLS
import Testing

@testable import UploadClient

/// A directory that is gone after the test.
final class Scratch {
  let path: String
  init() throws {
    path = FileManager.default.temporaryDirectory.appendingPathComponent("jetty-test-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }
  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String, _ bytes: [UInt8]) throws -> String {
    try Data(bytes).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
    return "\(path)/\(name)"
  }
}

func onLoop<T: Sendable>(_ body: @escaping @Sendable (EventLoop) async throws -> T) async throws -> T {
  let loop = try EventLoop(name: "test")
  try loop.start()
  defer { loop.stop() }
  return try await loop.run { try await body(loop) }
}

@Suite(.timeLimit(.minutes(1)))
struct FileTests {
  let scratch: Scratch
  init() throws { scratch = try Scratch() }

  @Test(arguments: [0, 1, 2 << 20, (2 << 20) + 1, (5 << 20) - 1, 5 << 20, (11 << 20) + 7])
  func oneReadGivesBothDigests(size: Int) async throws {
    var random = SeededRandom(seed: UInt64(size))
    var bytes = [UInt8](repeating: 0, count: size)
    for index in bytes.indices where index % 509 == 0 { bytes[index] = UInt8.random(in: 0...255, using: &random) }
    let path = try scratch.file("data", bytes)
    let plan = try #require(UploadPlan(fileSize: ByteCount(UInt64(size))))
    let digest = try await onLoop { loop in try await FileHasher.digest(SourceFile(path: path), plan: plan, on: loop) }
    #expect(digest.fileHash.bytes == SHA256.hash(bytes))
    #expect(digest.chunkHashes.count == Int(plan.chunksTotal))
    for raw in 0..<plan.chunksTotal {
      let index = chunkIndex(raw)
      let start = Int(try #require(plan.offset(of: index)).rawValue)
      let end = start + Int(try #require(plan.size(of: index)).rawValue)
      #expect(digest.chunkHashes[Int(raw)].bytes == SHA256.hash(Array(bytes[start..<end])))
    }
  }

  @Test func onlyRegularFilesAreTaken() throws {
    for path in [scratch.path, scratch.path + "/missing", "/dev/null"] {
      #expect { try SourceFile(path: path) } throws: { ($0 as? UploadFailure)?.kind == .file }
    }
    let fifo = scratch.path + "/fifo"
    #expect(mkfifo(fifo, 0o600) == 0)
    #expect { try SourceFile(path: fifo) } throws: { ($0 as? UploadFailure)?.kind == .file }
  }

  @Test func aFileThatIsWrittenToIsNoticed() throws {
    let path = try scratch.file("data", [1, 2, 3])
    let file = try SourceFile(path: path)
    try file.checkUnchanged()
    let handle = try #require(FileHandle(forWritingAtPath: path))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data([4]))
    try handle.close()
    #expect { try file.checkUnchanged() } throws: { ($0 as? UploadFailure)?.kind == .fileChanged }
  }

  @Test func journalsSurviveAndDamagedOnesAreIgnored() throws {
    let store = JournalStore(directory: scratch.path + "/deep/er/uploads")
    let plan = try #require(UploadPlan(fileSize: .mebibytes(11)))
    let hash = try #require(ContentHash(bytes: SHA256.hash("x")))
    func journal(_ milliseconds: UInt64, _ path: String) throws -> UploadJournal {
      UploadJournal(
        fileID: FileID(unixMilliseconds: milliseconds), userID: try #require(UserID("u")), gateway: "http://g", path: path,
        fingerprint: FileFingerprint(size: 11 << 20, modifiedSeconds: -5, modifiedNanoseconds: 7), plan: plan,
        digest: FileDigest(fileHash: hash, chunkHashes: [hash, hash, hash]))
    }
    let (first, second) = (try journal(1, "/a \"quoted\" ü"), try journal(2, "/b"))
    try store.save(first)
    try store.save(second)
    #expect(store.journal(of: first.fileID) == first)
    #expect(store.journals(path: "/b") == [second])
    #expect(store.all() == [second, first])
    _ = try scratch.file("deep/er/uploads/\(second.fileID).json", Array("{\"version\":1".utf8))
    #expect(store.all() == [first])
    store.remove(first.fileID)
    #expect(store.all().isEmpty)
    var status = stat()
    #expect(stat(store.directory, &status) == 0 && status.st_mode & 0o777 == 0o700)
  }

  @Test func journalsLieWhereXDGSays() {
    #expect(JournalStore { ["XDG_STATE_HOME": "/s", "HOME": "/h"][$0] }?.directory == "/s/jetty/uploads")
    #expect(JournalStore { ["HOME": "/h"][$0] }?.directory == "/h/.local/state/jetty/uploads")
    #expect(JournalStore { ["XDG_STATE_HOME": "relative", "HOME": "/h"][$0] }?.directory == "/h/.local/state/jetty/uploads")
    #expect(JournalStore { _ in nil } == nil)
  }

  @Test func namesAreMadeFitForTheService() {
    #expect(Uploader.cleaned("a\nb\u{7F}c") == "a_b_c")
    #expect(Uploader.cleaned("") == "unnamed")
    #expect(Uploader.cleaned(String(repeating: "ü", count: 600)).utf8.count == 1_024)
  }

  @Test func packingPaysForTextOnly() async throws {
    let text = try scratch.file("text", Array(String(repeating: "the same line again and again\n", count: 20_000).utf8))
    var random = SeededRandom(seed: 1)
    let noise = try scratch.file("noise", (0..<(400 << 10)).map { _ in UInt8.random(in: 0...255, using: &random) })
    let (textPays, noisePays) = try await onLoop { loop in
      (
        try await ChunkCompressor.isWorthwhile(for: SourceFile(path: text), on: loop),
        try await ChunkCompressor.isWorthwhile(for: SourceFile(path: noise), on: loop)
      )
    }
    #expect(textPays)
    #expect(!noisePays)
  }

  /// Nothing is packed before the line has shown to be slow; then every byte comes back.
  @Test func chunksArePackedOnceTheLineIsSlow() async throws {
    let bytes = Array(String(repeating: "the same line again and again\n", count: 40_000).utf8)
    let path = try scratch.file("text", bytes)
    let directory = scratch.path
    let packed = try await onLoop { loop -> [UInt8] in
      let file = try SourceFile(path: path)
      let compressor = ChunkCompressor(directory: directory)
      #expect(try await compressor.pack(file, offset: 0, size: 1_000_000, on: loop) == nil)
      compressor.measured(bytesPerSecond: 1e6)
      let chunk = try #require(try await compressor.pack(file, offset: 100_000, size: 1_000_000, on: loop))
      #expect(chunk.size < 100_000)
      let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: Int(chunk.size), alignment: 1)
      defer { memory.deallocate() }
      try chunk.read(into: memory, at: 0)
      return Array(memory)
    }
    var plain = ByteBuffer()
    try packed.withUnsafeBytes { try Gzip.decompress($0, outputBytesMax: 2_000_000, into: &plain) }
    #expect(plain.array == Array(bytes[100_000..<1_100_000]))
    // It lay under no name.
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == ["text"])
  }

  @Test func bytesThatDoNotShrinkAreSentAsTheyAre() async throws {
    var random = SeededRandom(seed: 1)
    let path = try scratch.file("noise", (0..<(1 << 20)).map { _ in UInt8.random(in: 0...255, using: &random) })
    let directory = scratch.path
    let isPlain = try await onLoop { loop in
      let compressor = ChunkCompressor(directory: directory)
      compressor.measured(bytesPerSecond: 1)
      return try await compressor.pack(SourceFile(path: path), offset: 0, size: 1 << 20, on: loop) == nil
    }
    #expect(isPlain)
  }
}
