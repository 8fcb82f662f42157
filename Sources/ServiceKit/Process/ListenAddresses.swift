import EventLoops
import Foundation
import Logging

/// Where a program listens. With port 0 the first loop's choice holds for the others.
final class ListenAddresses: @unchecked Sendable {
  let admin: SocketAddress
  /// For probes; nil for none.
  let health: SocketAddress?
  private let lock = NSLock()
  private var mainAddress: SocketAddress
  private var rpcAddress: SocketAddress?
  private var isHTTP = false

  init(_ settings: Settings, hasRPCListen: Bool) {
    admin = settings.address(.adminListen)
    health = settings.optional(.healthListen) == nil ? nil : settings.address(.healthListen)
    mainAddress = settings.address(.listen)
    rpcAddress = hasRPCListen ? settings.address(.rpcListen) : nil
  }

  /// Two doors cannot have one address.
  func check(_ settings: Settings) {
    var seen: [String: String] = [:]
    for (name, address) in [("listen", main), ("admin.listen", admin), ("rpc.listen", rpcAddress)] {
      guard let address, (address.port ?? 0) != 0 else { continue }
      if let other = seen.updateValue(name, forKey: address.description) { settings.note("\(other) and \(name) are the same address, \(address)") }
    }
  }

  var main: SocketAddress { lock.withLock { mainAddress } }
  /// For RPC where `main` is HTTP.
  var rpc: SocketAddress { lock.withLock { rpcAddress ?? mainAddress } }

  func settle(http: SocketAddress?, rpc: SocketAddress?) {
    lock.withLock {
      if let http {
        isHTTP = true
        mainAddress = http
        if let rpc { rpcAddress = rpc }
      } else if let rpc {
        mainAddress = rpc
      }
    }
  }

  var logMetadata: Logger.Metadata {
    lock.withLock {
      var metadata: Logger.Metadata = [isHTTP ? "http" : "rpc": "\(mainAddress)"]
      if isHTTP, let rpcAddress { metadata["rpc"] = "\(rpcAddress)" }
      return metadata
    }
  }
}
