import UploadClient

/// What the shell is told. Documented in `jetty --help`.
enum ExitStatus: Error, Sendable, Hashable {
  case failed
  case usage
  case unauthorized
  case notFound
  case fileChanged
  case unavailable
  case stopped(signal: Int32)

  var rawValue: Int32 {
    switch self {
    case .failed: 1
    case .usage: 2
    case .unauthorized: 3
    case .notFound: 4
    case .fileChanged: 5
    case .unavailable: 6
    case .stopped(let signal): 128 + signal
    }
  }

  init(_ kind: UploadFailure.Kind) {
    self =
      switch kind {
      case .file, .refused, .protocolViolation: .failed
      case .fileChanged: .fileChanged
      case .unauthorized: .unauthorized
      case .notFound: .notFound
      case .unavailable: .unavailable
      }
  }
}
