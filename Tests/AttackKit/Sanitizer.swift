import Glibc

/// Whether the tests were built with a sanitizer (`scripts/sanitize.sh` says so): then every step takes several times as long, and memory is
/// not what the program itself holds.
public enum Sanitizer {
  public static let isOn = getenv("JETTY_SANITIZER") != nil
  /// By how much times are longer.
  public static let slowness = isOn ? 6 : 1
}
