/// `timestamptz` as text, in UTC and ISO style, which every connection is set to.
enum Timestamp {
  /// `2024-02-29 12:34:56.789+00`; years before 1 as PostgreSQL wants them (`0001-… BC`).
  static func text(milliseconds: Int64) -> String {
    var (days, rest) = Int(milliseconds).quotientAndRemainder(dividingBy: 86_400_000)
    if rest < 0 {
      days -= 1
      rest += 86_400_000
    }
    let (year, month, day) = civil(days: days)
    let time = "\(two(rest / 3_600_000)):\(two(rest / 60_000 % 60)):\(two(rest / 1000 % 60)).\(padded(rest % 1000, 3))+00"
    return year > 0 ? "\(padded(year, 4))-\(two(month))-\(two(day)) \(time)" : "\(padded(1 - year, 4))-\(two(month))-\(two(day)) \(time) BC"
  }

  /// Milliseconds since 1970, rounded down; nil for anything that is not such a text (`infinity` too).
  static func milliseconds(_ text: UnsafeRawBufferPointer) -> Int64? {
    var scanner = Scanner(bytes: text)
    guard let year = scanner.number(), scanner.skip("-"), let month = scanner.number(), scanner.skip("-"),
      let day = scanner.number(), scanner.skip(" "),
      let hour = scanner.number(), scanner.skip(":"), let minute = scanner.number(), scanner.skip(":"), let second = scanner.number()
    else { return nil }
    guard (1...12).contains(month), (1...31).contains(day), hour <= 24, minute < 60, second <= 60, year <= 294_276 else { return nil }
    var thousandths = 0
    if scanner.skip(".") {
      let start = scanner.position
      guard let fraction = scanner.number() else { return nil }
      let digits = scanner.position - start
      guard digits <= 6 else { return nil }
      thousandths = scaled(fraction, digits)
    }
    guard scanner.skip("+") || scanner.skip("-"), scanner.number() == 0 else { return nil }
    let isBC = scanner.skip(" ") && scanner.skip("B") && scanner.skip("C")
    guard scanner.isAtEnd else { return nil }
    let day0 = days(year: isBC ? 1 - year : year, month: month, day: day)
    return Int64(day0) * 86_400_000 + Int64((hour * 60 + minute) * 60 + second) * 1000 + Int64(thousandths)
  }

  /// A fraction of up to six digits in thousandths.
  private static func scaled(_ fraction: Int, _ digits: Int) -> Int {
    var value = fraction
    for _ in digits..<6 { value *= 10 }
    return value / 1000
  }

  /// Days since 1970-01-01 of a Gregorian date (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
  private static func days(year: Int, month: Int, day: Int) -> Int {
    let shifted = month <= 2 ? year - 1 : year
    let era = (shifted >= 0 ? shifted : shifted - 399) / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  private static func civil(days: Int) -> (year: Int, month: Int, day: Int) {
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
  }

  private static func two(_ number: Int) -> String { padded(number, 2) }

  private static func padded(_ number: Int, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
  }

  private struct Scanner {
    let bytes: UnsafeRawBufferPointer
    var position = 0

    var isAtEnd: Bool { position == bytes.count }

    mutating func skip(_ character: Unicode.Scalar) -> Bool {
      guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
      position += 1
      return true
    }

    /// Up to nine decimal digits.
    mutating func number() -> Int? {
      let start = position
      var value = 0
      while position < bytes.count, position - start < 9, case let digit = bytes[position], digit >= 0x30, digit <= 0x39 {
        value = value * 10 + Int(digit - 0x30)
        position += 1
      }
      return position > start ? value : nil
    }
  }
}
