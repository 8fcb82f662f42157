/// A JSON text that cannot be read, or a value in it that is not what was asked for.
///
/// `description` is one sentence for the sender, such as `userLocation.lat must be a number`. It repeats names of members from
/// the text, never its values.
public struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Where, as a path of member names and indices (`probes[2].edgeId`). Empty for the text as a whole.
  public var path: String
  /// What is wrong there, to be read after the path: `must be a number`.
  public var problem: String

  public init(path: String, problem: String) {
    self.path = path
    self.problem = problem
  }

  public var description: String { path.isEmpty ? "the body \(problem)" : "\(path) \(problem)" }
}
