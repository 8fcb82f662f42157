import Bytes
import Contracts
import Model
import Postgres
import RPC

/// Table `outbox`: each event as the request that tells it, in the wire form of its contract.
enum OutboxRow {
  static func insert(_ events: [OutboxEvent], in session: PostgresSession) async throws {
    for event in events {
      let (queue, kind, payload) = try encode(event)
      try await session.query(
        "INSERT INTO outbox (file_id, account_id, queue, kind, payload) VALUES ($1, $2, $3, $4, $5)",
        [.string(event.file.text), .string(event.account.text), .string(queue), .string(kind), .bytes(payload)])
    }
  }

  /// Columns outbox_id, account_id, kind, payload, attempts.
  static func entry(_ row: PostgresRow) throws -> OutboxEntry {
    guard let account = AccountID(try row["account_id"].string),
      let event = try decode(kind: try row["kind"].string, payload: try row["payload"].bytes, account: account)
    else { throw PostgresError.decoding("table outbox holds an event that cannot be read: \(try row["outbox_id"].int64)") }
    return OutboxEntry(number: try row["outbox_id"].int64, event: event, attempts: Int(clamping: try row["attempts"].int64))
  }

  private static func encode(_ event: OutboxEvent) throws -> (queue: String, kind: String, payload: [UInt8]) {
    switch event {
    case .registerFile(let file): ("dedup", "register", try wire(RegisterFileRequest(file)))
    case .forgetFile(let id, let account): ("dedup", "forget", try wire(ForgetFileRequest(fileId: id.text, accountId: account.text)))
    // One queue for both: UploadState asks for the chunk map when a session closes, so it is dropped afterwards.
    case .closeUpload: ("session", "close", try wire(CloseUploadRequest(event)))
    case .dropChunks(let id, _): ("session", "drop", try wire(DropChunksRequest(fileId: id.text)))
    }
  }

  private static func decode(kind: String, payload: [UInt8], account: AccountID) throws -> OutboxEvent? {
    switch kind {
    case "register":
      return StoredFile(try message(payload) as RegisterFileRequest).map { .registerFile($0) }
    case "forget":
      return FileID((try message(payload) as ForgetFileRequest).fileId).map { .forgetFile($0, account) }
    case "close":
      let request: CloseUploadRequest = try message(payload)
      guard let id = FileID(request.fileId), let ending = OutboxEvent.Ending(request.status) else { return nil }
      return .closeUpload(
        id, account, ending, cost: MicroDollars(request.actualCostMicroDollars), uploaded: ByteCount(request.bytesUploaded))
    case "drop":
      return FileID((try message(payload) as DropChunksRequest).fileId).map { .dropChunks($0, account) }
    default:
      return nil
    }
  }

  private static func wire(_ message: some RPCMessage) throws -> [UInt8] {
    var buffer = ByteBuffer()
    try message.encode(into: &buffer)
    return buffer.array
  }

  private static func message<Message: RPCMessage>(_ payload: [UInt8]) throws -> Message {
    try payload.withUnsafeBytes { try Message(wire: $0) }
  }
}

extension RegisterFileRequest {
  init(_ file: StoredFile) {
    self.init(
      fileId: file.id.text, accountId: file.account.text, userId: file.user.text, fileHash: file.hash?.text ?? "", fileSize: file.size.rawValue,
      fileName: file.name, fileType: file.mediaType, objectKey: file.objectKey, verified: file.isVerified)
  }
}

extension StoredFile {
  init?(_ request: RegisterFileRequest) {
    guard let id = FileID(request.fileId), let account = AccountID(request.accountId), let user = UserID(request.userId) else { return nil }
    self.init(
      id: id, account: account, user: user, name: request.fileName, mediaType: request.fileType, size: ByteCount(request.fileSize),
      hash: ContentHash(request.fileHash), objectKey: request.objectKey, isVerified: request.verified)
  }
}

extension CloseUploadRequest {
  init(_ event: OutboxEvent) {
    guard case .closeUpload(let id, _, let ending, let cost, let uploaded) = event else {
      self.init()
      return
    }
    self.init(fileId: id.text, status: ending.status, actualCostMicroDollars: cost.rawValue, bytesUploaded: uploaded.rawValue)
  }
}

extension OutboxEvent.Ending {
  var status: UploadStatus {
    switch self {
    case .completed: .completed
    case .aborted: .aborted
    case .expired: .expired
    }
  }

  init?(_ status: UploadStatus) {
    switch status {
    case .completed: self = .completed
    case .aborted: self = .aborted
    case .expired: self = .expired
    default: return nil
    }
  }
}
