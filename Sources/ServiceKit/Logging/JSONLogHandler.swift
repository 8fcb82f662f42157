import Foundation
import JSON
import Logging
import Glibc
import RPC

/// One JSON object a line on standard error: time, level, service, message, and the metadata as members.
struct JSONLogHandler: LogHandler {
  var metadata: Logger.Metadata = [:]
  var logLevel: Logger.Level
  private let label: String
  private let service: String

  init(label: String, service: String, level: Logger.Level) {
    self.label = label
    self.service = service
    logLevel = level
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    var line = JSONLine()
    line.add("time", RFC3339.text(unixMilliseconds: Int64(Date().timeIntervalSince1970 * 1000)))
    line.add("level", event.level.rawValue)
    line.add("service", service)
    if label != service { line.add("logger", label) }
    line.add("message", event.message.description)
    let all = event.metadata.map { metadata.merging($0) { _, new in new } } ?? metadata
    if all["traceId"] == nil, let context = RPCContext.current {
      if let id = context.requestID { line.add("requestId", id) }
      if let trace = context.trace {
        line.add("traceId", trace.traceID)
        line.add("spanId", trace.spanID)
      }
    }
    for (key, value) in all.sorted(by: { $0.key < $1.key }) { line.add(key, value.description) }
    line.write()
  }
}

/// Builds one line with every control character escaped, and writes it with one system call.
private struct JSONLine {
  private var bytes: [UInt8] = [0x7B]

  mutating func add(_ key: String, _ value: String) {
    if bytes.count > 1 { bytes.append(0x2C) }
    quote(key)
    bytes.append(0x3A)
    quote(value)
  }

  private mutating func quote(_ text: String) {
    bytes.append(0x22)
    for byte in text.utf8.prefix(8192) {
      switch byte {
      case 0x22, 0x5C:
        bytes.append(0x5C)
        bytes.append(byte)
      case 0..<0x20:
        let digits = Array("0123456789abcdef".utf8)
        bytes += Array("\\u00".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      default:
        bytes.append(byte)
      }
    }
    bytes.append(0x22)
  }

  func write() {
    let line = bytes + [0x7D, 0x0A]
    _ = line.withUnsafeBytes { Glibc.write(2, $0.baseAddress, $0.count) }
  }
}
