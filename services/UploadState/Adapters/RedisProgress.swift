import Bytes
import Contracts
import EventLoops
import Model
import Redis

/// The channels `progress:{fileId}`: ChunkMetadata says there which chunk was recorded, this service that an upload has ended.
/// Pub/sub keeps nothing, so a watcher reads the truth whenever it may have missed something. Loop thread only.
final class RedisProgress: ProgressPublisher, @unchecked Sendable {
  /// What a watcher hears.
  enum News: Sendable {
    case chunk(ProgressEvent)
    /// Something changed, or may have: read the truth. `isLive` says whether changes will be heard from now on.
    case readAgain(isLive: Bool)
    case closed
  }

  private let loop: EventLoop
  private let redis: RedisClient
  private let subscriber: RedisSubscriber
  private var publishing = 0

  init(loop: EventLoop, redis: RedisClient, subscriber: RedisSubscriber) {
    self.loop = loop
    self.redis = redis
    self.subscriber = subscriber
  }

  static func channel(_ file: FileID) -> String { "progress:{\(file)}" }

  func publish(_ event: ProgressEvent, of file: FileID) {
    guard publishing < 1_024, redis.unavailableReason == nil else { return }
    var buffer = ByteBuffer()
    let message = StateEvent(status: UploadStatus(event.status), chunksStored: event.chunksStored, progress: event.bytesStored.rawValue, at: event.at)
    guard (try? message.encode(into: &buffer)) != nil else { return }
    let bytes = buffer.array
    publishing += 1
    loop.spawn {
      // Nobody is owed this: watchers read the truth from time to time.
      _ = try? await self.redis.publish(Self.channel(file), .bytes(bytes))
      self.publishing -= 1
    }
  }

  /// Listens to one upload. Cancel the subscription in the end.
  func subscribe(_ file: FileID) throws -> RedisSubscription { try subscriber.subscribe(Self.channel(file)) }

  /// Waits as `next` does, where there is nothing to listen to.
  func pause(milliseconds: UInt64) async throws { try await loop.sleep(milliseconds: milliseconds) }

  /// Waits for news; after `milliseconds` without any it is time to read the truth again.
  func next(_ subscription: RedisSubscription, isLive: Bool, milliseconds: UInt64) async throws -> News {
    do {
      guard let event = try await subscription.next(timeoutMilliseconds: milliseconds) else { return .closed }
      switch event {
      case .live: return .readAgain(isLive: true)
      case .interrupted: return .readAgain(isLive: false)
      case .message(let bytes): return Self.news(bytes) ?? .readAgain(isLive: true)
      }
    } catch is TimeoutError {
      return .readAgain(isLive: isLive)
    }
  }

  private static func news(_ bytes: [UInt8]) -> News? {
    guard let event = bytes.withUnsafeBytes({ try? StateEvent(wire: $0) }), event.status == .unspecified, event.hasChunk else { return nil }
    return .chunk(
      ProgressEvent(
        status: .inProgress, chunksStored: event.chunksStored, bytesStored: ByteCount(event.progress),
        chunk: ProgressEvent.Chunk(index: event.chunkIndex, edge: event.edgeId), at: event.at))
  }
}
