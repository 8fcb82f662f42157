import Glibc

/// The Date field (RFC 9110 section 5.6.7), made once a second.
struct HTTPDate {
  private var second: time_t = -1
  private var cached = ""

  var text: String {
    mutating get {
      let now = time(nil)
      if now != second {
        second = now
        cached = Self.format(unixSeconds: Int64(now))
      }
      return cached
    }
  }

  /// IMF-fixdate, such as "Sun, 06 Nov 1994 08:49:37 GMT".
  static func format(unixSeconds: Int64) -> String {
    var moment = time_t(unixSeconds)
    var parts = tm()
    guard gmtime_r(&moment, &parts) != nil else { return "Thu, 01 Jan 1970 00:00:00 GMT" }
    func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let day = days[Int(parts.tm_wday) % 7]
    let month = months[Int(parts.tm_mon) % 12]
    return "\(day), \(two(parts.tm_mday)) \(month) \(Int(parts.tm_year) + 1900) \(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)) GMT"
  }

  private static let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
  private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
}
