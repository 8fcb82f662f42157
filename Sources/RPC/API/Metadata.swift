/// Key-value pairs that travel beside the messages: ordered, with repeated keys.
///
/// Keys are lower-case ASCII (`[0-9a-z_.-]`); a key that ends in `-bin` carries bytes, kept here as the unpadded base64 of the wire.
public struct Metadata: Sendable, Equatable {
  public struct Entry: Sendable, Equatable {
    public let key: String
    public let value: String
  }

  public private(set) var entries: [Entry] = []

  public init() {}

  public var isEmpty: Bool { entries.isEmpty }
  public var count: Int { entries.count }

  /// The first value of `key`. Setting replaces every value; setting nil removes them.
  public subscript(_ key: String) -> String? {
    get {
      let key = Metadata.normalized(key)
      return entries.first { $0.key == key }?.value
    }
    set {
      let key = Metadata.normalized(key)
      entries.removeAll { $0.key == key }
      if let newValue { entries.append(Entry(key: key, value: newValue)) }
    }
  }

  /// Adds a value and keeps those that are there already.
  public mutating func add(_ key: String, _ value: String) {
    entries.append(Entry(key: Metadata.normalized(key), value: value))
  }

  /// Adds a value of bytes; `key` gets the suffix `-bin` if it lacks it.
  public mutating func addBinary(_ key: String, _ value: some Collection<UInt8>) {
    let key = Metadata.normalized(key)
    entries.append(Entry(key: key.hasSuffix("-bin") ? key : key + "-bin", value: WireBase64.encode(value)))
  }

  /// Adds every entry of `other`.
  public mutating func add(_ other: Metadata) {
    entries.append(contentsOf: other.entries)
  }

  /// Every value of `key`, in order.
  public func all(_ key: String) -> [String] {
    let key = Metadata.normalized(key)
    return entries.filter { $0.key == key }.map(\.value)
  }

  /// The first value of a `-bin` key; nil if there is none or it is not base64.
  public func binary(_ key: String) -> [UInt8]? { allBinary(key).first }

  /// Every value of a `-bin` key. Values that a proxy joined with commas are taken apart; one that is not base64 is left out.
  public func allBinary(_ key: String) -> [[UInt8]] {
    let key = Metadata.normalized(key)
    return all(key.hasSuffix("-bin") ? key : key + "-bin").flatMap { joined in
      joined.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).compactMap { WireBase64.decode($0) }
    }
  }

  public func contains(_ key: String) -> Bool {
    let key = Metadata.normalized(key)
    return entries.contains { $0.key == key }
  }

  static func normalized(_ key: String) -> String {
    key.utf8.contains { $0 >= 0x41 && $0 <= 0x5A } ? key.lowercased() : key
  }
}

extension Metadata: ExpressibleByDictionaryLiteral {
  public init(dictionaryLiteral elements: (String, String)...) {
    for (key, value) in elements { add(key, value) }
  }
}
