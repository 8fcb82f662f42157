import Glibc

/// UTC in the one notation that signatures use, without a calendar library.
enum UTCTime {
  /// Seconds since 1970 by the system's clock.
  static func now() -> Int64 { Int64(time(nil)) }

  /// `20260131T235959Z`.
  static func compact(_ unixSeconds: Int64) -> String {
    let days = unixSeconds.floorDivided(by: 86_400)
    let second = unixSeconds - days * 86_400
    let (year, month, day) = civil(fromDays: days)
    return padded(year, 4) + padded(month, 2) + padded(day, 2) + "T" + padded(second / 3600, 2) + padded(second / 60 % 60, 2)
      + padded(second % 60, 2) + "Z"
  }

  /// The proleptic Gregorian date of a day counted from 1970-01-01: years are taken to begin in March, so that the leap day
  /// comes last and a month's first day is a linear function of its number.
  private static func civil(fromDays days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let shifted = days + 719_468  // from 0000-03-01
    let era = shifted.floorDivided(by: 146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
  }

  private static func padded(_ value: Int64, _ width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}

extension Int64 {
  fileprivate func floorDivided(by divisor: Int64) -> Int64 {
    self >= 0 ? self / divisor : -((-self + divisor - 1) / divisor)
  }
}
