/// Header or trailer fields in the order they came. Names are lower case; one name may occur more than once.
///
/// Shared by HTTP/1.1 and HTTP/2. Linear search: messages have few fields.
public struct HTTPFields: Sendable, Equatable {
  public struct Field: Sendable, Equatable {
    /// Lower case.
    public let name: String
    public let value: String
  }

  public private(set) var all: [Field] = []

  public init() {}

  public init(_ fields: [(String, String)]) {
    all.reserveCapacity(fields.count)
    for (name, value) in fields { add(name, value) }
  }

  public var count: Int { all.count }
  public var isEmpty: Bool { all.isEmpty }

  /// The first value of `name` (lower case), or nil. Setting replaces every field of that name.
  public subscript(_ name: String) -> String? {
    get { all.first { $0.name == name }?.value }
    set {
      all.removeAll { $0.name == name }
      if let newValue { add(name, newValue) }
    }
  }

  /// Every value of `name` (lower case), in order.
  public func values(of name: String) -> [String] {
    all.compactMap { $0.name == name ? $0.value : nil }
  }

  public func contains(_ name: String) -> Bool {
    all.contains { $0.name == name }
  }

  /// True where a comma-separated list field holds `token`, compared without case. `token` must be lower case.
  public func lists(_ token: String, in name: String) -> Bool {
    all.contains { field in
      field.name == name && field.value.split(separator: ",").contains { Self.trimmed($0).lowercased() == token }
    }
  }

  public mutating func add(_ name: String, _ value: String) {
    all.append(Field(name: name.lowercased(), value: value))
  }

  /// As `add`, for a name that is known to be lower case.
  mutating func add(lowercased name: String, _ value: String) {
    all.append(Field(name: name, value: value))
  }

  public mutating func reserveCapacity(_ count: Int) {
    all.reserveCapacity(count)
  }

  private static func trimmed(_ text: Substring) -> Substring {
    var text = text
    while let first = text.utf8.first, first == 0x20 || first == 0x09 { text.removeFirst() }
    while let last = text.utf8.last, last == 0x20 || last == 0x09 { text.removeLast() }
    return text
  }
}
