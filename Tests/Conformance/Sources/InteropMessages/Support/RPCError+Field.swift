import RPC

/// The coding beside this file is the project's own (links to Sources/Contracts/Support), compiled here as Contracts does.
/// This is the one thing that it takes from elsewhere in Contracts.
extension RPCError {
  static func field(_ path: String, _ problem: String) -> RPCError { RPCError(.invalidArgument, "\(path) \(problem)") }
}
