/// Every limit of this module. The first four are S3's own, so that what one store takes the other takes too.
public enum ObjectStoreLimits {
  /// Parts of one multipart upload.
  public static let partsMax = 10_000
  /// Bytes of one part.
  public static let partBytesMax: UInt64 = 5 << 30
  /// Bytes of a part that is not the last (S3 refuses smaller ones when the upload is completed).
  public static let partBytesMin: UInt64 = 5 << 20
  /// Seconds that a presigned URL may live.
  public static let urlSecondsMax: UInt32 = 7 * 24 * 3600
  /// Bytes of an object key, and of one of its segments (a file name on disk has at most 255).
  public static let keyBytesMax = 512
  public static let keySegmentBytesMax = 200
  /// Bytes of an object that is written in one piece.
  public static let smallObjectBytesMax = 1 << 20
  /// Bytes of a buffer for object bytes; a part being stored holds two of them, a read one.
  public static let bufferBytes = 256 << 10
  /// Bytes of an answer in XML: a page of 1,000 parts needs about 300 KB.
  public static let xmlBytesMax = 2 << 20
  /// Elements and nesting of an answer in XML.
  public static let xmlElementsMax = 16_384
  public static let xmlDepthMax = 8
  /// Bytes of an ETag or a multipart upload id.
  public static let identifierBytesMax = 1024
}
