import HTTPServer

/// Bytes that are pulled. Used by one task at a time, on one loop.
public protocol ByteSource: AnyObject {
  /// Writes the next bytes to the front of `target` (never empty) and answers how many; 0 when there are no more. May suspend;
  /// `target` must stay valid meanwhile.
  func read(into target: UnsafeMutableRawBufferPointer) async throws -> Int
}

extension HTTPRequestBody: ByteSource {}
