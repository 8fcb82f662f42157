import Compression
import Contracts
import RPC

/// What a gzip body decompresses to, in constant memory and to a bounded size.
public final class GzipSource: ByteSource {
  private let source: any ByteSource
  private var inflater: GzipInflater
  private let input: UnsafeMutableRawBufferPointer
  private var start = 0
  private var end = 0
  private var inputEnded = false

  /// - Parameter plainBytesMax: above it `read` throws, before more is written.
  public init(_ source: any ByteSource, plainBytesMax: UInt64) throws {
    self.source = source
    do {
      inflater = try GzipInflater(outputBytesMax: plainBytesMax)
    } catch {
      throw Self.refusal(error)
    }
    input = .allocate(byteCount: DoorLimits.pieceBytes, alignment: 16)
  }

  deinit { input.deallocate() }

  public func read(into target: UnsafeMutableRawBufferPointer) async throws -> Int {
    while true {
      let piece = UnsafeRawBufferPointer(rebasing: input[start..<end])
      do throws(GzipError) {
        let progress = try inflater.inflate(piece, into: target)
        start += progress.consumed
        if progress.produced > 0 { return progress.produced }
        if inputEnded {
          try inflater.finish()
          return 0
        }
        if progress.consumed > 0 && start < end { continue }
      } catch {
        throw Self.refusal(error)
      }
      start = 0
      end = try await source.read(into: input)
      inputEnded = end == 0
    }
  }

  private static func refusal(_ error: GzipError) -> RPCError {
    guard error != .outOfMemory else { return .problem(.unavailable, reason: "BUSY", message: error.description, retryAfterSeconds: 1) }
    return .problem(.invalidArgument, reason: "INVALID_FIELD", field: "body", message: "body cannot be decompressed: \(error)")
  }
}
