import Glibc

/// Ends the process at once, after what was written to standard output and error.
///
/// Programs with event loops end by this and not by `exit`, nor by returning from `main`: these run the cleanup of the C libraries (OpenSSL
/// frees its tables) while threads of loops and of libuv's pool may still use them.
public func endProcess(_ status: Int32) -> Never {
  fflush(nil)
  _exit(status)
}
