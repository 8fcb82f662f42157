import Testing

@testable import HTTP2

/// The allocator under nghttp2.
@Suite("HTTP/2 memory")
struct HTTP2MemoryTests {
  @Test func blocksAreUsedAgainAndKeepTheirContents() throws {
    let memory = HTTP2Memory()
    let table = memory.allocator
    let first = try #require(table.malloc(100, table.mem_user_data))
    #expect(Int(bitPattern: first) % 16 == 0)
    table.free(first, table.mem_user_data)
    #expect(memory.keptBytes == 112)
    #expect(table.malloc(97, table.mem_user_data) == first, "the same size class")
    #expect(memory.keptBytes == 0)
    for index in 0..<100 { first.storeBytes(of: UInt8(index), toByteOffset: index, as: UInt8.self) }
    let larger = try #require(table.realloc(first, 5_000, table.mem_user_data))
    #expect((0..<100).allSatisfy { larger.load(fromByteOffset: $0, as: UInt8.self) == UInt8($0) })
    table.free(larger, table.mem_user_data)
    #expect(memory.keptBytes == 112, "large blocks are not kept")
  }

  @Test func callocClearsUsedBlocks() throws {
    let table = HTTP2MemoryTests.memory.allocator
    let used = try #require(table.malloc(64, table.mem_user_data))
    for index in 0..<64 { used.storeBytes(of: 0xFF, toByteOffset: index, as: UInt8.self) }
    table.free(used, table.mem_user_data)
    let cleared = try #require(table.calloc(4, 16, table.mem_user_data))
    #expect(cleared == used)
    #expect((0..<64).allSatisfy { cleared.load(fromByteOffset: $0, as: UInt8.self) == 0 })
    table.free(cleared, table.mem_user_data)
    #expect(table.calloc(.max, 16, table.mem_user_data) == nil, "an overflow is refused")
    #expect(table.malloc(0, table.mem_user_data) != nil)
  }

  private static let memory = HTTP2Memory()

  @Test func whatIsKeptIsBounded() {
    let memory = HTTP2Memory()
    let table = memory.allocator
    let blocks = (0..<10_000).map { _ in table.malloc(1_000, table.mem_user_data) }
    for block in blocks { table.free(block, table.mem_user_data) }
    #expect(memory.keptBytes <= (2 << 20) + 1_024)
  }
}
