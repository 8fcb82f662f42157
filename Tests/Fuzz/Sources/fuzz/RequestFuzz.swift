import Bytes
import Contracts
import JSON
import RPC

/// Every request message of the contracts: read, validated, written as JSON, and read again. The first byte chooses which.
enum RequestFuzz {
  private struct Kind {
    let wire: (UnsafeRawBufferPointer) -> Void
    let json: (UnsafeRawBufferPointer) -> Void
  }

  static func wire(_ input: UnsafeRawBufferPointer) {
    guard let kind = input.first else { return }
    kinds[Int(kind) % kinds.count].wire(UnsafeRawBufferPointer(rebasing: input.dropFirst()))
  }

  static func json(_ input: UnsafeRawBufferPointer) {
    guard let kind = input.first else { return }
    kinds[Int(kind) % kinds.count].json(UnsafeRawBufferPointer(rebasing: input.dropFirst()))
  }

  private static func kind<Message: RPCMessage & JSONCodable & Equatable>(
    _: Message.Type, _ validate: @escaping (Message) throws(RPCError) -> Void
  ) -> Kind {
    Kind(
      wire: { bytes in
        guard let message = try? Message(wire: bytes) else { return }
        check(message, validate)
      },
      json: { bytes in
        guard let message = try? Message(json: Array(bytes)) else { return }
        check(message, validate)
      })
  }

  private static func check<Message: RPCMessage & JSONCodable & Equatable>(_ message: Message, _ validate: (Message) throws(RPCError) -> Void) {
    try? validate(message)
    var buffer = ByteBuffer()
    do { try message.encode(into: &buffer) } catch { return }
    let again = buffer.withUnsafeBytes { try? Message(wire: $0) }
    Fuzz.require(again != nil, "what is sent can be read")
    Fuzz.require(Array(again?.json ?? []) == message.json, "a message comes back from the wire")
    Fuzz.require((try? JSONValue(parsing: message.json)) != nil, "a message's JSON is JSON")
  }

  nonisolated(unsafe) private static let kinds: [Kind] = [
    kind(AbortUploadRequest.self) { message throws(RPCError) in try message.validate() },
    kind(CacheChunkRequest.self) { message throws(RPCError) in try message.validate() },
    kind(CheckDuplicateRequest.self) { message throws(RPCError) in try message.validate() },
    kind(ClaimChunkRequest.self) { message throws(RPCError) in try message.validate() },
    kind(CloneFileRequest.self) { message throws(RPCError) in try message.validate() },
    kind(CloseUploadRequest.self) { message throws(RPCError) in try message.validate() },
    kind(DropChunksRequest.self) { message throws(RPCError) in try message.validate() },
    kind(FinalizeUploadRequest.self) { message throws(RPCError) in try message.validate() },
    kind(ForgetFileRequest.self) { message throws(RPCError) in try message.validate() },
    kind(GetLoadRequest.self) { message throws(RPCError) in try message.validate() },
    kind(GetStateRequest.self) { message throws(RPCError) in try message.validate() },
    kind(GetStatsRequest.self) { message throws(RPCError) in try message.validate() },
    kind(GetUploadRequest.self) { message throws(RPCError) in try message.validate() },
    kind(GetUsageRequest.self) { message throws(RPCError) in try message.validate() },
    kind(HeartbeatRequest.self) { message throws(RPCError) in try message.validate() },
    kind(ListChunksRequest.self) { message throws(RPCError) in try message.validate() },
    kind(ListEdgesRequest.self) { message throws(RPCError) in try message.validate() },
    kind(ListExpiredRequest.self) { message throws(RPCError) in try message.validate() },
    kind(MissingChunksRequest.self) { message throws(RPCError) in try message.validate() },
    kind(OpenUploadRequest.self) { message throws(RPCError) in try message.validate() },
    kind(PreWarmRequest.self) { message throws(RPCError) in try message.validate() },
    kind(RecordChunkRequest.self) { message throws(RPCError) in try message.validate() },
    kind(RegisterFileRequest.self) { message throws(RPCError) in try message.validate() },
    kind(ReleaseChunkRequest.self) { message throws(RPCError) in try message.validate() },
    kind(ReplanEdgesRequest.self) { message throws(RPCError) in try message.validate() },
    kind(ReportProbeRequest.self) { message throws(RPCError) in try message.validate() },
    kind(SaveStateRequest.self) { message throws(RPCError) in try message.validate() },
    kind(SelectEdgesRequest.self) { message throws(RPCError) in try message.validate() },
    kind(SummarizeChunksRequest.self) { message throws(RPCError) in try message.validate() },
    kind(UploadChunkRequest.self) { message throws(RPCError) in try message.validate() },
    kind(WarmUpRequest.self) { message throws(RPCError) in try message.validate() },
    kind(WatchStateRequest.self) { message throws(RPCError) in try message.validate() },
  ]
}
