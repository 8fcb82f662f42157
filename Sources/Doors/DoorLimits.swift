/// Bounds of what comes in through an HTTP door besides those of the server itself.
public enum DoorLimits {
  /// Plain bytes of one chunk: a file of 5 TiB in 10,000 chunks has chunks of 525 MiB.
  public static let chunkBytesMax: UInt64 = 600 << 20
  /// Text of a small member (`fileId`, `hash`) of a chunk in JSON.
  public static let memberBytesMax = 256
  /// Members of a chunk in JSON; unknown ones are ignored, but not endlessly.
  public static let membersMax = 32
  /// Bytes of a chunk in JSON besides `data`.
  public static let overheadBytesMax = 64 << 10
  /// Nesting of unknown members of a chunk in JSON.
  public static let depthMax = 16
  /// Fixed buffer between a body and whoever parses or inflates it.
  public static let pieceBytes = 64 << 10
  /// What is read and thrown away of a chunk that is stored already, so that its connection can go on.
  public static let drainBytesMax: UInt64 = 1 << 20
}
