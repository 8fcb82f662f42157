/// A mistake on the command line; its description is for the person who typed it.
public struct UsageError: Error, CustomStringConvertible {
  public let description: String

  public init(_ description: String) { self.description = description }
}

/// Flags as gRPC's interoperability programs take them in every language: `--name=value`, `--name value`, with one or two dashes, and
/// `--name`, `--name=true`, `--name=false` for those that are on or off.
public struct Flags {
  private var values: [String: String] = [:]

  /// - Parameters:
  ///   - texts: the flags that have a value.
  ///   - switches: those that are on or off.
  public init(_ arguments: [String], texts: Set<String>, switches: Set<String>) throws {
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      guard argument.hasPrefix("-") else { throw UsageError("\"\(argument)\" is not a flag") }
      let parts = argument.drop { $0 == "-" }.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      let name = parts[0]
      if switches.contains(name) {
        var value = parts.count > 1 ? parts[1] : "true"
        if parts.count == 1, let next = rest.first, next == "true" || next == "false" { value = rest.removeFirst() }
        guard value == "true" || value == "false" else { throw UsageError("--\(name) is true or false, not \"\(value)\"") }
        values[name] = value
      } else if texts.contains(name) {
        guard let value = parts.count > 1 ? parts[1] : rest.popFirst() else { throw UsageError("--\(name) needs a value") }
        values[name] = value
      } else {
        throw UsageError("unknown flag --\(name)")
      }
    }
  }

  /// The value of a flag; nil where it was not given.
  public subscript(_ name: String) -> String? { values[name] }

  /// Whether a switch is on.
  public func isOn(_ name: String) -> Bool { values[name] == "true" }

  /// A TCP port; nil where the flag was not given.
  public func port(_ name: String) throws -> UInt16? {
    guard let text = values[name] else { return nil }
    guard let port = UInt16(text) else { throw UsageError("--\(name) is a port from 0 to 65535, not \"\(text)\"") }
    return port
  }
}
