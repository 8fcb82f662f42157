import Model

/// A stored file as this service knows it.
public struct StoredFile: Sendable, Equatable {
  public var id: FileID
  public var account: AccountID
  public var user: UserID
  public var hash: ContentHash
  public var size: ByteCount
  public var description: FileDescription
  /// Where its bytes lie in the object store.
  public var objectKey: String
  /// The bytes were read back and match the hash.
  public var isVerified: Bool

  public init(
    id: FileID, account: AccountID, user: UserID, hash: ContentHash, size: ByteCount, description: FileDescription, objectKey: String,
    isVerified: Bool
  ) {
    self.id = id
    self.account = account
    self.user = user
    self.hash = hash
    self.size = size
    self.description = description
    self.objectKey = objectKey
    self.isVerified = isVerified
  }
}

/// What is said about a file besides its bytes.
public struct FileDescription: Sendable, Equatable {
  public var name: String
  /// Media type; empty where nobody said.
  public var type: String
  public var size: ByteCount

  public init(name: String, type: String, size: ByteCount) {
    self.name = name
    self.type = type
    self.size = size
  }
}

/// A file that may stand for another.
public struct Match: Sendable, Equatable {
  public enum Kind: Sendable, Equatable {
    /// Same bytes.
    case exact
    /// Alike in name, type and size: a hint for a person, never a reason to skip an upload.
    case similar
  }

  public var id: FileID
  public var objectKey: String
  public var name: String
  public var kind: Kind
  /// Cosine similarity; 1 for the same bytes.
  public var similarity: Double

  public init(id: FileID, objectKey: String, name: String, kind: Kind, similarity: Double) {
    self.id = id
    self.objectKey = objectKey
    self.name = name
    self.kind = kind
    self.similarity = similarity
  }
}
