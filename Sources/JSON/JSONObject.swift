/// The members of a JSON object, in the order of the text, each name once.
public struct JSONObject: Sendable, Equatable, Sequence {
  public private(set) var members: [(name: String, value: JSONValue)] = []

  public init() {}

  public var count: Int { members.count }
  public var isEmpty: Bool { members.isEmpty }

  public func makeIterator() -> IndexingIterator<[(name: String, value: JSONValue)]> { members.makeIterator() }

  /// The value of a member, nil where there is none. Setting nil removes it.
  public subscript(_ name: String) -> JSONValue? {
    get {
      for member in members where member.name == name { return member.value }
      return nil
    }
    set {
      let index = members.firstIndex { $0.name == name }
      switch (index, newValue) {
      case (let index?, let value?): members[index].value = value
      case (let index?, nil): members.remove(at: index)
      case (nil, let value?): members.append((name, value))
      case (nil, nil): break
      }
    }
  }

  /// Adds a member that the caller knows to be new.
  mutating func append(_ name: String, _ value: JSONValue) { members.append((name, value)) }

  /// Two objects are equal when they have the same members, whatever their order.
  public static func == (left: JSONObject, right: JSONObject) -> Bool {
    guard left.count == right.count else { return false }
    if left.count <= 16 { return left.members.allSatisfy { right[$0.name] == $0.value } }
    let others = Dictionary(right.members.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
    return left.members.allSatisfy { others[$0.name] == $0.value }
  }
}
