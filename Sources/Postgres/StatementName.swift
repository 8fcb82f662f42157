/// How the server knows a prepared statement: `s` and a number.
struct StatementName: Equatable {
  let number: Int

  /// Calls `body` with the name as libpq wants it. Written anew each time, which is quicker than turning a string into a C string.
  func withCString<R>(_ body: (UnsafePointer<CChar>) -> R) -> R {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 24) { name in
      // A letter, at most 20 digits, a NUL: written from the end.
      var place = 23
      name.initializeElement(at: place, to: 0)
      var rest = UInt(number.magnitude)
      repeat {
        place -= 1
        name.initializeElement(at: place, to: CChar(UInt(UInt8(ascii: "0")) + rest % 10))
        rest /= 10
      } while rest > 0
      place -= 1
      name.initializeElement(at: place, to: CChar(UInt8(ascii: "s")))
      guard let base = name.baseAddress else { preconditionFailure("an allocation of 24 elements has an address") }
      return body(UnsafePointer(base + place))
    }
  }
}
