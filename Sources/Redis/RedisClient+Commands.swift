/// The commands the services use, with Swift types. All throw as `send` does.
extension RedisClient {
  /// The bytes at `key`; nil where there is none.
  public func get(_ key: String) async throws -> [UInt8]? {
    try await reply {
      CommandEncoder.begin(words: 2, into: &$0)
      CommandEncoder.append("GET" as StaticString, into: &$0)
      CommandEncoder.append(key, into: &$0)
    }.optionalBytes
  }

  /// The text at `key`; nil where there is none.
  public func getString(_ key: String) async throws -> String? {
    try await reply {
      CommandEncoder.begin(words: 2, into: &$0)
      CommandEncoder.append("GET" as StaticString, into: &$0)
      CommandEncoder.append(key, into: &$0)
    }.optionalString
  }

  /// False only where `onlyIfAbsent` and there was a value already.
  @discardableResult
  public func set(_ key: String, _ value: RedisArgument, ttlMilliseconds: UInt64? = nil, onlyIfAbsent: Bool = false) async throws -> Bool {
    try await !reply {
      CommandEncoder.begin(words: 3 + (ttlMilliseconds == nil ? 0 : 2) + (onlyIfAbsent ? 1 : 0), into: &$0)
      CommandEncoder.append("SET" as StaticString, into: &$0)
      CommandEncoder.append(key, into: &$0)
      CommandEncoder.append(value, into: &$0)
      if let ttlMilliseconds {
        CommandEncoder.append("PX" as StaticString, into: &$0)
        CommandEncoder.append(.int(Int64(clamping: max(1, ttlMilliseconds))), into: &$0)
      }
      if onlyIfAbsent { CommandEncoder.append("NX" as StaticString, into: &$0) }
    }.isNull
  }

  /// How many of the keys there were.
  @discardableResult
  public func del(_ keys: String...) async throws -> Int64 {
    try await send(["DEL"] + keys.map { .string($0) }).integer
  }

  /// Sets fields of the hash at `key`. How many of them are new.
  @discardableResult
  public func hset(_ key: String, _ fields: [(String, RedisArgument)]) async throws -> Int64 {
    guard !fields.isEmpty else { return 0 }
    return try await reply {
      CommandEncoder.begin(words: 2 + 2 * fields.count, into: &$0)
      CommandEncoder.append("HSET" as StaticString, into: &$0)
      CommandEncoder.append(key, into: &$0)
      for (name, value) in fields {
        CommandEncoder.append(name, into: &$0)
        CommandEncoder.append(value, into: &$0)
      }
    }.integer
  }

  /// The fields of the hash at `key`; empty where there is none. Fields whose name is not UTF-8 are left out.
  public func hgetall(_ key: String) async throws -> [String: [UInt8]] {
    let parts = try await reply {
      CommandEncoder.begin(words: 2, into: &$0)
      CommandEncoder.append("HGETALL" as StaticString, into: &$0)
      CommandEncoder.append(key, into: &$0)
    }.array
    var fields: [String: [UInt8]] = [:]
    fields.reserveCapacity(parts.count / 2)
    for index in stride(from: 0, to: parts.count - 1, by: 2) {
      guard let name = try? parts[index].optionalString, let value = try parts[index + 1].optionalBytes else { continue }
      fields[name] = value
    }
    return fields
  }

  /// False where there is no such key.
  @discardableResult
  public func expire(_ key: String, milliseconds: UInt64) async throws -> Bool {
    try await send(["PEXPIRE", .string(key), .int(Int64(clamping: milliseconds))]).integer == 1
  }

  /// How many subscribers got it.
  @discardableResult
  public func publish(_ channel: String, _ message: RedisArgument) async throws -> Int64 {
    try await reply {
      CommandEncoder.begin(words: 3, into: &$0)
      CommandEncoder.append("PUBLISH" as StaticString, into: &$0)
      CommandEncoder.append(channel, into: &$0)
      CommandEncoder.append(message, into: &$0)
    }.integer
  }

  public func eval(_ script: String, keys: [String], arguments: [RedisArgument]) async throws -> RedisValue {
    try await send(["EVAL", .string(script), .int(Int64(keys.count))] + keys.map { .string($0) } + arguments)
  }

  /// Throws unless the server answers.
  public func ping() async throws {
    _ = try await send(["PING"])
  }
}
