import Glibc

/// The certificate authority of the tests and what it signed: `Tests/Conformance/certificates.sh` makes them, anew for each clone.
/// The server's certificate is for `*.test.google.fr` as in gRPC's own tests, and for localhost.
public enum TestCertificates {
  public static let authority = "ca.pem"
  public static let server = "server.pem"
  public static let serverKey = "server.key"

  /// The path of one of the files.
  /// - Throws: `UsageError` where it is not there.
  public static func path(_ name: String) throws -> String {
    let path = directory + "/" + name
    guard access(path, R_OK) == 0 else {
      throw UsageError("there is no test certificate at \(path): Tests/Conformance/certificates.sh makes it, or name your own")
    }
    return path
  }

  /// `.certificates` of the package.
  private static var directory: String {
    let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
    return parts.joined(separator: "/") + "/.certificates"
  }
}
