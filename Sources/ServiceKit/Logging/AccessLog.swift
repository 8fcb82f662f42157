import Contracts
import EventLoops
import HTTPServer
import Logging
import RPC

/// One line for each request at an HTTP door and each call of an RPC server, with what to find it by and nothing of what it carried.
struct AccessLog {
  private let log: Logger
  /// 0: none is slow.
  private let slowNanoseconds: UInt64

  init(settings: Settings, log: Logger) {
    self.log = log
    slowNanoseconds = UInt64(settings.integer(.slowCall)) * 1_000_000
  }

  // MARK: Calls

  /// Calls that succeed are many and small: they are for debugging. What went wrong on our side is always written.
  func note(_ call: ServerCallEnd) {
    let isSlow = slowNanoseconds > 0 && call.durationNanoseconds >= slowNanoseconds && call.context?.method.type == .unary
    let level = Self.level(call.code, isSlow: isSlow)
    guard log.logLevel <= level else { return }
    var metadata: Logger.Metadata = [
      "method": "\(call.context.map { "\($0.method.service)/\($0.method.method)" } ?? RPCStatistics.other)", "code": "\(call.code.name)",
      "ms": "\(Self.milliseconds(call.durationNanoseconds))", "peer": "\(call.peer)",
    ]
    if let context = call.context {
      metadata["traceId"] = "\(context.trace.traceID)"
      metadata["spanId"] = "\(context.trace.spanID)"
      if let id = context.requestID { metadata["requestId"] = "\(id)" }
    }
    if let error = call.error {
      if let reason = error.problem?.reason { metadata["reason"] = "\(reason)" }
      // What is said about a bad request may repeat what was in it.
      if level >= .warning { metadata["error"] = "\(error.message)" }
    }
    log.log(level: level, isSlow ? "slow call" : "call", metadata: metadata)
  }

  private static func level(_ code: StatusCode, isSlow: Bool) -> Logger.Level {
    switch code {
    case .unknown, .internalError, .dataLoss: .error
    case .unavailable, .deadlineExceeded: .warning
    case .ok: isSlow ? .warning : .debug
    default: isSlow ? .warning : .info
    }
  }

  // MARK: Requests

  /// A path is never written: it may be anything. Its kind is.
  func note(_ request: HTTPRequest) {
    let record = request.record
    let nanoseconds = request.loop.nowNanoseconds &- record.begunNanoseconds
    // Chunks and streams take as long as their clients are slow.
    let isSlow = slowNanoseconds > 0 && nanoseconds >= slowNanoseconds && request.body.receivedBytes < 1 << 20 && record.sentBytes < 1 << 20
    let level = Self.level(record, isSlow: isSlow)
    guard log.logLevel <= level else { return }
    var metadata: Logger.Metadata = [
      "method": "\(HTTPMetrics.label(method: request.method))", "route": "\(record.route)", "status": "\(record.status)",
      "ms": "\(Self.milliseconds(nanoseconds))", "bytesIn": "\(request.body.receivedBytes)", "bytesOut": "\(record.sentBytes)",
      "peer": "\(request.peer)",
    ]
    if record.isBroken { metadata["broken"] = "true" }
    for (name, value) in record.identifiers { metadata[name] = "\(value)" }
    log.log(level: level, isSlow ? "slow request" : "request", metadata: metadata)
  }

  private static func level(_ record: HTTPRequestRecord, isSlow: Bool) -> Logger.Level {
    if isSlow || record.status == 503 || record.status == 504 || record.status == 507 { return .warning }
    if record.status >= 500 { return .error }
    return record.route == "/healthz" || record.route == "preflight" ? .debug : .info
  }

  private static func milliseconds(_ nanoseconds: UInt64) -> String {
    let micros = nanoseconds / 1_000
    let fraction = String(micros % 1_000)
    return "\(micros / 1_000)." + String(repeating: "0", count: 3 - fraction.utf8.count) + fraction
  }
}
