/// Moments as text (RFC 3339, always UTC when written) and as Unix milliseconds.
public enum RFC3339 {
  /// `2025-01-26T10:00:00Z`, with `.123` only where there are milliseconds. Years outside 0000 to 9999 are clamped to them.
  public static func text(unixMilliseconds: Int64) -> String {
    let clamped = min(max(unixMilliseconds, -62_167_219_200_000), 253_402_300_799_999)
    let milliseconds = Int(floorRemainder(clamped, 1000))
    let seconds = (clamped - Int64(milliseconds)) / 1000
    let secondOfDay = Int(floorRemainder(seconds, 86_400))
    let (year, month, day) = civil(daysSinceEpoch: Int((seconds - Int64(secondOfDay)) / 86_400))
    var text = "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))T"
    text += "\(padded(secondOfDay / 3600, 2)):\(padded(secondOfDay / 60 % 60, 2)):\(padded(secondOfDay % 60, 2))"
    if milliseconds > 0 { text += ".\(padded(milliseconds, 3))" }
    return text + "Z"
  }

  /// Unix milliseconds; nil where the text is no moment of RFC 3339 section 5.6. Digits after the milliseconds are cut off,
  /// a leap second counts as the second before it.
  public static func unixMilliseconds(_ text: String) -> Int64? {
    let bytes = Array(text.utf8)
    guard bytes.count >= 20, bytes.count <= 40 else { return nil }
    func number(_ start: Int, _ count: Int) -> Int? {
      guard start + count <= bytes.count else { return nil }
      var value = 0
      for byte in bytes[start..<start + count] {
        guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
        value = value * 10 + Int(byte - UInt8(ascii: "0"))
      }
      return value
    }
    func has(_ index: Int, _ accepted: String) -> Bool { index < bytes.count && accepted.utf8.contains(bytes[index]) }
    guard let year = number(0, 4), has(4, "-"), let month = number(5, 2), has(7, "-"), let day = number(8, 2), has(10, "Tt "),
      let hour = number(11, 2), has(13, ":"), let minute = number(14, 2), has(16, ":"), let second = number(17, 2),
      (1...12).contains(month), day >= 1, day <= daysInMonth(month, of: year), hour < 24, minute < 60, second <= 60
    else { return nil }
    var index = 19
    var milliseconds = 0
    if has(index, ".") {
      var scale = 100
      index += 1
      let first = index
      while let digit = number(index, 1) {
        milliseconds += digit * scale
        scale /= 10
        index += 1
      }
      if index == first { return nil }
    }
    var offsetMinutes = 0
    if has(index, "Zz") {
      index += 1
    } else {
      guard has(index, "+-"), let hours = number(index + 1, 2), has(index + 3, ":"), let minutes = number(index + 4, 2), hours < 24, minutes < 60
      else { return nil }
      offsetMinutes = (hours * 60 + minutes) * (has(index, "-") ? -1 : 1)
      index += 6
    }
    guard index == bytes.count else { return nil }
    let days = daysSinceEpoch(year: year, month: month, day: day)
    let seconds = days * 86_400 + (hour * 60 + minute - offsetMinutes) * 60 + min(second, 59)
    return Int64(seconds) * 1000 + Int64(milliseconds)
  }

  // Days are counted from 1 March, so that the leap day is the last of its year (the proleptic Gregorian calendar in 400-year eras).

  private static func daysSinceEpoch(year: Int, month: Int, day: Int) -> Int {
    let shifted = month <= 2 ? year - 1 : year
    let era = (shifted >= 0 ? shifted : shifted - 399) / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  private static func civil(daysSinceEpoch days: Int) -> (year: Int, month: Int, day: Int) {
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
  }

  private static func daysInMonth(_ month: Int, of year: Int) -> Int {
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    return [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
  }

  private static func floorRemainder(_ value: Int64, _ divisor: Int64) -> Int64 {
    let remainder = value % divisor
    return remainder < 0 ? remainder + divisor : remainder
  }

  private static func padded(_ value: Int, _ width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}
