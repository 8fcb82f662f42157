/// The store's word for one version of an object's or a part's bytes. Opaque; kept without quotes.
public struct ETag: Sendable, Hashable, CustomStringConvertible {
  public let description: String

  /// Takes an ETag as a store or a record has it, quoted or not. Throws where it is empty, too long or not printable ASCII.
  public init(_ text: some StringProtocol) throws(ObjectStoreError) {
    var bare = text[...]
    if bare.utf8.count >= 2, bare.hasPrefix("\""), bare.hasSuffix("\"") { bare = bare.dropFirst().dropLast() }
    let printable = bare.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "<") && $0 != UInt8(ascii: "&") }
    guard !bare.isEmpty, bare.utf8.count <= ObjectStoreLimits.identifierBytesMax, printable else {
      throw .invalidRequest("an ETag is 1 to \(ObjectStoreLimits.identifierBytesMax) printable characters")
    }
    description = String(bare)
  }
}

/// The store's name for one multipart upload. Opaque.
public struct MultipartID: Sendable, Hashable, CustomStringConvertible {
  public let description: String

  /// Takes an id as a store or a record has it. Throws where it is empty, too long or not printable ASCII.
  public init(_ text: some StringProtocol) throws(ObjectStoreError) {
    guard !text.isEmpty, text.utf8.count <= ObjectStoreLimits.identifierBytesMax, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
      throw .invalidRequest("a multipart upload id is 1 to \(ObjectStoreLimits.identifierBytesMax) printable characters")
    }
    description = String(text)
  }
}

/// What a store knows of one object.
public struct ObjectInfo: Sendable, Equatable {
  /// Bytes.
  public var size: UInt64
  public var etag: ETag

  public init(size: UInt64, etag: ETag) {
    self.size = size
    self.etag = etag
  }
}

/// One stored part of a multipart upload.
public struct PartInfo: Sendable, Equatable {
  /// 1-based.
  public var number: Int
  /// Bytes.
  public var size: UInt64
  public var etag: ETag

  public init(number: Int, size: UInt64, etag: ETag) {
    self.number = number
    self.size = size
    self.etag = etag
  }
}

/// One part that an upload is completed with.
public struct CompletedPart: Sendable, Equatable {
  /// 1-based.
  public var number: Int
  public var etag: ETag

  public init(number: Int, etag: ETag) {
    self.number = number
    self.etag = etag
  }
}
