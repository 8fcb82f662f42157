/// One element of a small XML document: its local name, its children, its text. Attributes are read over.
struct XMLElement: Sendable {
  var name: String
  var text = ""
  var children: [XMLElement] = []

  func first(_ name: String) -> XMLElement? { children.first { $0.name == name } }

  func all(_ name: String) -> [XMLElement] { children.filter { $0.name == name } }

  /// The text of the first child of that name, without surrounding white space.
  func value(_ name: String) -> String? {
    guard let text = first(name)?.text else { return nil }
    let isSpace = { (character: Character) in character == " " || character.isNewline || character == "\t" }
    return String(text.drop(while: isSpace).reversed().drop(while: isSpace).reversed())
  }
}
