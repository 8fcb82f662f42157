import Glibc

/// What an errno of the local store's file calls means to its caller.
enum FileError {
  static func from(_ code: Int32, doing action: String, _ path: String = "") -> ObjectStoreError {
    let reason = strerror(code).map { String(cString: $0) } ?? "error \(code)"
    let detail = path.isEmpty ? "\(action): \(reason)" : "\(action) \(path): \(reason)"
    switch code {
    case ENOSPC, EDQUOT: return .storeFull
    case ENOENT: return .notFound(path)
    case EACCES, EPERM, EROFS: return .accessDenied(detail)
    case EMFILE, ENFILE, ENOMEM, EIO, EAGAIN, ESTALE: return .unavailable(retryAfterSeconds: nil, detail: detail)
    case ENOTDIR, EISDIR, ELOOP, EFBIG: return .invalidRequest(detail)
    default: return .unexpected(detail)
    }
  }
}
