import Bytes
import Compression
import Testing

@Suite struct GzipTests {
  private func compress(_ plain: [UInt8], level: Int32 = 6) throws -> [UInt8] {
    var output = ByteBuffer()
    try plain.withUnsafeBytes { try Gzip.compress($0, level: level, into: &output) }
    return output.array
  }

  private func decompress(_ packed: [UInt8], bytesMax: Int = 1 << 20) -> Result<[UInt8], GzipError> {
    var output = ByteBuffer()
    var failure: GzipError?
    packed.withUnsafeBytes { bytes in
      do throws(GzipError) { try Gzip.decompress(bytes, outputBytesMax: bytesMax, into: &output) } catch { failure = error }
    }
    return failure.map { .failure($0) } ?? .success(output.array)
  }

  private func noise(_ count: Int) -> [UInt8] {
    var state: UInt64 = 42
    return (0..<count).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(truncatingIfNeeded: state >> 33)
    }
  }

  @Test(arguments: [0, 1, 100, 16_383, 16_384, 16_385, 300_000])
  func roundTrip(count: Int) throws {
    for plain in [noise(count), [UInt8](repeating: 7, count: count)] {
      for level: Int32 in [1, 6, 9] {
        #expect(decompress(try compress(plain, level: level)) == .success(plain))
      }
    }
  }

  @Test func readsWhatPythonWrote() throws {
    let packed = try #require(Base64.decode("H4sIAAAAAAACA3NMT80rcU5MzkhV8EotKalUcCRdAABcQ6RxRAAAAA=="))
    let result = decompress(packed)
    #expect(result == .success(Array(String(repeating: "AgentCache Jetty ", count: 4).utf8)))
  }

  @Test func aBombIsStoppedAtItsLimit() throws {
    let bomb = try compress([UInt8](repeating: 0, count: 10_000_000), level: 9)
    #expect(bomb.count < 20_000)
    #expect(decompress(bomb, bytesMax: 1_000_000) == .failure(.tooLarge(bytesMax: 1_000_000)))
    #expect(decompress(bomb, bytesMax: 9_999_999) == .failure(.tooLarge(bytesMax: 9_999_999)))
    #expect(decompress(bomb, bytesMax: 0) == .failure(.tooLarge(bytesMax: 0)))
    guard case .success(let plain) = decompress(bomb, bytesMax: 10_000_000) else {
      Issue.record("refused at exactly its size")
      return
    }
    #expect(plain.count == 10_000_000)
  }

  @Test func damageIsNoticed() throws {
    let packed = try compress(noise(1000))
    for cut in [0, 1, 9, 10, 500, packed.count - 8, packed.count - 1] {
      #expect(decompress(Array(packed[..<cut])) == .failure(.truncated), "cut to \(cut)")
    }
    #expect(decompress(packed + [0]) == .failure(.trailingBytes))
    for at in [0, 1, 2, packed.count - 1, packed.count - 5] {
      var damaged = packed
      damaged[at] ^= 0x40
      #expect(decompress(damaged) == .failure(.malformed), "byte \(at)")
    }
    #expect(decompress(Array("plain text".utf8)) == .failure(.malformed))
  }

  @Test(arguments: [1, 7, 4096])
  func inPieces(piece: Int) throws {
    let plain = noise(20_000)
    let packed = try compress(plain)
    var inflater = try GzipInflater(outputBytesMax: 20_000)
    var result: [UInt8] = []
    let output = UnsafeMutableRawBufferPointer.allocate(byteCount: 100, alignment: 1)
    defer { output.deallocate() }
    var offset = 0
    while offset < packed.count {
      let slice = Array(packed[offset..<min(offset + piece, packed.count)])
      let progress = try slice.withUnsafeBytes { try inflater.inflate($0, into: output) }
      result += output[..<progress.produced]
      offset += progress.consumed
    }
    while !inflater.isFinished {
      let progress = try inflater.inflate(UnsafeRawBufferPointer(start: nil, count: 0), into: output)
      result += output[..<progress.produced]
      guard progress.produced > 0 else { break }
    }
    try inflater.finish()
    #expect(result == plain)
  }
}
