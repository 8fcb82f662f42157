import Model
import Synchronization

/// What an edge process is doing, over all of its loops. Any thread.
public final class EdgeActivity: Sendable {
  private struct Place: Hashable {
    let file: FileID
    let index: ChunkIndex
  }

  private let active = Atomic<Int>(0)
  private let receivedBytes = Atomic<UInt64>(0)
  private let storedChunks = Atomic<UInt64>(0)
  private let refusedChunks = Atomic<UInt64>(0)
  private let places = Mutex<[Place: Int]>([:])
  public let chunksMax: Int

  public init(chunksMax: Int) { self.chunksMax = max(1, chunksMax) }

  /// Chunks on their way into the store.
  public var activeChunks: Int { active.load(ordering: .relaxed) }
  /// Plain bytes taken since the start.
  public var bytesReceived: UInt64 { receivedBytes.load(ordering: .relaxed) }
  public var chunksStored: UInt64 { storedChunks.load(ordering: .relaxed) }
  public var chunksRefused: UInt64 { refusedChunks.load(ordering: .relaxed) }

  /// How much of what this edge can do at once is in use, 0 to 100.
  public var loadPercent: UInt32 { UInt32(clamping: min(100, activeChunks * 100 / chunksMax)) }

  /// Takes a place; false where all are taken.
  func begin(_ chunk: Chunk) -> Bool {
    guard active.add(1, ordering: .relaxed).newValue <= chunksMax else {
      active.subtract(1, ordering: .relaxed)
      refusedChunks.add(1, ordering: .relaxed)
      return false
    }
    places.withLock { $0[Place(file: chunk.fileID, index: chunk.index), default: 0] += 1 }
    return true
  }

  func end(_ chunk: Chunk) {
    active.subtract(1, ordering: .relaxed)
    places.withLock { places in
      let place = Place(file: chunk.fileID, index: chunk.index)
      guard let count = places[place] else { return }
      places[place] = count > 1 ? count - 1 : nil
    }
  }

  /// Nobody else is bringing this chunk through this edge: its claim, which all of them share, may be given back.
  func isAlone(_ chunk: Chunk) -> Bool {
    places.withLock { $0[Place(file: chunk.fileID, index: chunk.index)] == 1 }
  }

  public func received(bytes: Int) { receivedBytes.add(UInt64(clamping: bytes), ordering: .relaxed) }

  func stored() { storedChunks.add(1, ordering: .relaxed) }
}
