import EventLoops
import Foundation
import Logging
import TLS

/// Looks at the certificate files every few seconds and takes what changed into use: new handshakes get it, connections that stand
/// are not touched. A pair that is broken or half-written leaves the old one in place. Any thread.
final class CertificateWatch: @unchecked Sendable {
  private struct Watched {
    let name: String
    let context: TLSContext
    var stamp: String
    let reloads: Counter
    let failures: Counter
  }

  private let lock = NSLock()
  private var watched: [Watched] = []
  private let log: Logger

  init(_ contexts: [(name: String, context: TLSContext)], metrics: MetricsRegistry, log: Logger) {
    self.log = log
    watched = contexts.map { name, context in
      let labels = [(name: "use", value: name)]
      metrics.reading(
        "jetty_tls_certificate_expiry_timestamp_seconds", "When the certificate in use expires, Unix time", labels
      ) { Double(context.certificate?.notAfterUnixSeconds ?? 0) }
      metrics.reading(
        "jetty_tls_handshake_failures_total", "TLS handshakes that failed, peers that speak no TLS included", counts: true, labels
      ) { Double(context.handshakeFailures) }
      return Watched(
        name: name, context: context, stamp: Self.stamp(context.files),
        reloads: metrics.counter("jetty_tls_reloads_total", "Changed certificate files taken into use", labels),
        failures: metrics.counter("jetty_tls_reload_failures_total", "Changed certificate files that could not be used", labels))
    }
    observeFailures()
  }

  var isEmpty: Bool { watched.isEmpty }

  /// Reads the files of every context whose files changed since the last look. May block on the file system: not on a loop.
  func look() {
    lock.withLock {
      for index in watched.indices {
        let one = watched[index]
        // Before reading: what changes while it is read is read again at the next look.
        let stamp = Self.stamp(one.context.files)
        guard stamp != one.stamp else { continue }
        watched[index].stamp = stamp
        do {
          try one.context.reload()
          one.reloads.increment()
          log.notice("certificate taken into use", metadata: ["use": "\(one.name)", "subject": "\(one.context.certificate?.subject ?? "")"])
        } catch {
          one.failures.increment()
          log.error("changed certificate files cannot be used; the old ones stay", metadata: ["use": "\(one.name)", "error": "\(error)"])
        }
      }
    }
  }

  /// Looks every so often until the task is cancelled.
  func run(everySeconds seconds: Int) async {
    while !Task.isCancelled {
      guard (try? await Task.sleep(for: .seconds(seconds))) != nil else { return }
      look()
    }
  }

  /// Each failed handshake is a line, but whoever sends garbage all day must not fill the disk with them.
  private func observeFailures() {
    let budget = LogBudget(linesMax: 30, seconds: 60)
    for one in watched {
      let (name, log) = (one.name, log)
      one.context.observeFailures { peer, reason in
        guard let suppressed = budget.spend() else { return }
        var metadata: Logger.Metadata = ["use": "\(name)", "peer": "\(peer)", "reason": "\(reason)"]
        if suppressed > 0 { metadata["suppressed"] = "\(suppressed)" }
        log.warning("TLS handshake failed", metadata: metadata)
      }
    }
  }

  /// Identity, size and times of the files; a file that is missing counts too. Follows symbolic links, as Kubernetes swaps them.
  private static func stamp(_ files: [String]) -> String {
    files.map { path in
      var status = stat()
      guard stat(path, &status) == 0 else { return "missing" }
      return "\(status.st_dev):\(status.st_ino):\(status.st_size):\(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)"
        + ":\(status.st_ctim.tv_sec).\(status.st_ctim.tv_nsec)"
    }.joined(separator: " ")
  }
}
