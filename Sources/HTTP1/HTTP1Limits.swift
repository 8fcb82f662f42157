/// What one HTTP/1.1 message may take before it is refused. Every limit has its own status.
public struct HTTP1Limits: Sendable {
  /// Method, target and version (414 above it). RFC 9112 section 3 asks for at least 8,000.
  public var requestLineBytesMax = 8192
  /// One field line (431 above it).
  public var fieldLineBytesMax = 8192
  /// All field lines of a head together (431 above it).
  public var fieldBytesMax = 32 * 1024
  /// Field lines of a head, or of a trailer section (431 above it).
  public var fieldCountMax = 100
  /// All trailer lines together (431 above it).
  public var trailerBytesMax = 8192
  /// One chunk-size line with its extensions (400 above it).
  public var chunkLineBytesMax = 256
  /// All chunk extensions of a message together (400 above it): they carry nothing that anyone here reads.
  public var chunkExtensionBytesMax = 4096
  /// Empty lines before a request line, which some old clients send (400 above it).
  public var leadingEmptyLinesMax = 1

  public init() {}
}
