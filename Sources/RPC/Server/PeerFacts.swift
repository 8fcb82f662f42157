import EventLoops

/// What is the same for every call of one connection.
final class PeerFacts {
  let loop: EventLoop
  let address: SocketAddress
  let certificate: PeerCertificate?
  let forwardedKeys: [String]

  init(loop: EventLoop, address: SocketAddress, certificate: PeerCertificate?, forwardedKeys: [String]) {
    self.loop = loop
    self.address = address
    self.certificate = certificate
    self.forwardedKeys = forwardedKeys
  }
}
