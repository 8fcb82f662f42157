/// The verified certificate of a connection's other end.
final class PeerCertificate {
  /// Common name of the subject.
  let subject: String?
  /// DNS names and URIs among the alternative names.
  let names: [String]

  init(subject: String?, names: [String]) {
    self.subject = subject
    self.names = names
  }
}
