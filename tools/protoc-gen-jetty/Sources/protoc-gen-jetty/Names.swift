/// Names as protoc-c 1.4 writes them.
enum CNames {
  /// `jetty.v1.SelectEdgesRequest` is the struct `Jetty__V1__SelectEdgesRequest`.
  static func type(_ fullName: String) -> String {
    fullName.split(separator: ".").map { camel(String($0)) }.joined(separator: "__")
  }

  /// ... and the prefix of its functions is `jetty__v1__select_edges_request`.
  static func function(_ fullName: String) -> String {
    fullName.split(separator: ".").map { lower(String($0)) }.joined(separator: "__")
  }

  /// protoc-c puts an underscore after these, and `base` is taken by its own header of every struct.
  static let reserved: Set<String> = [
    "base", "auto", "break", "case", "char", "const", "continue", "default", "do", "double", "else", "enum", "extern", "float", "for", "goto", "if",
    "inline", "int", "long", "register", "restrict", "return", "short", "signed", "sizeof", "static", "struct", "switch", "typedef", "union",
    "unsigned", "void", "volatile", "while", "class", "new", "delete", "operator", "private", "public", "protected", "this", "template", "virtual",
    "bool", "true", "false", "namespace", "using", "try", "catch", "throw", "typename", "friend", "explicit", "export", "mutable", "and", "or", "not",
  ]

  private static func camel(_ part: String) -> String {
    var result = ""
    var startsWord = true
    for character in part {
      if character == "_" {
        startsWord = true
      } else {
        result += startsWord ? character.uppercased() : String(character)
        startsWord = false
      }
    }
    return result
  }

  private static func lower(_ part: String) -> String {
    var result = ""
    var followsUpper = false
    for character in part {
      if character.isUppercase, !followsUpper, !result.isEmpty { result += "_" }
      followsUpper = character.isUppercase
      result += character.lowercased()
    }
    return result
  }
}

/// Names of the generated Swift.
enum SwiftNames {
  /// A message or an enum that were named like a module of the package would hide the module.
  private static let modules: Set<String> = [
    "Bytes", "JSON", "Model", "EventLoops", "TLS", "Compression", "HTTP1", "HTTP2", "RPC", "Contracts", "RPCServices", "HTTPServer", "HTTPClient",
    "Redis", "Postgres", "ObjectStore", "Accounts", "ServiceKit", "UploadClient", "EdgeSelection", "ChunkMetadata", "UploadState", "Dedup",
    "Finalize", "Gateway", "EdgeWorker",
  ]

  /// The main package has its types at the top level, any other one inside an enum of its own.
  static let mainPackage = "jetty.v1"

  /// `grpc.health.v1` is `GRPCHealthV1`; nil for the main package.
  static func namespace(ofPackage package: String) -> String? {
    if package == mainPackage { return nil }
    return package.split(separator: ".").map { $0 == "grpc" ? "GRPC" : upperFirst(String($0)) }.joined().replacing("V1alpha", with: "V1Alpha")
  }

  static func type(_ name: String) -> String { modules.contains(name) ? "\(name)Kind" : name }

  /// `file_id` is `fileId`, as in JSON.
  static func property(_ name: String) -> String {
    let words = name.split(separator: "_")
    return words.enumerated().map { $0.offset == 0 ? String($0.element) : upperFirst(String($0.element)) }.joined()
  }

  /// `PRIORITY_SPEED` of the enum `Priority` is the word `speed`.
  static func word(ofValue value: String, inEnum name: String) -> String {
    var prefix = ""
    for character in name {
      if character.isUppercase, !prefix.isEmpty { prefix += "_" }
      prefix += character.uppercased()
    }
    return (value.hasPrefix(prefix + "_") ? String(value.dropFirst(prefix.count + 1)) : value).lowercased()
  }

  static func lowerFirst(_ name: String) -> String { name.prefix(1).lowercased() + name.dropFirst() }
  static func upperFirst(_ name: String) -> String { name.prefix(1).uppercased() + name.dropFirst() }

  private static let keywords: Set<String> = [
    "as", "associatedtype", "break", "case", "catch", "class", "continue", "default", "defer", "deinit", "do", "else", "enum", "extension",
    "fallthrough", "false", "fileprivate", "for", "func", "guard", "if", "import", "in", "init", "inout", "internal", "is", "let", "nil",
    "operator", "private", "protocol", "public", "repeat", "rethrows", "return", "self", "static", "struct", "subscript", "super", "switch",
    "throw", "throws", "true", "try", "typealias", "var", "where", "while",
  ]

  static func escaped(_ name: String) -> String { keywords.contains(name) ? "`\(name)`" : name }
}
