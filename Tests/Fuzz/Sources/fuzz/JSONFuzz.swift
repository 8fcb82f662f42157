import JSON

/// JSON texts: what was read and written again reads the same.
enum JSONFuzz {
  static func values(_ input: UnsafeRawBufferPointer) {
    guard let value = try? JSONValue(parsing: input) else { return }
    var writer = JSONWriter()
    writer.value(value)
    guard let again = try? JSONValue(parsing: writer.bytes) else { return Fuzz.require(false, "what is written can be read") }
    var second = JSONWriter()
    second.value(again)
    Fuzz.require(second.bytes == writer.bytes, "writing is stable")
    guard let reader = try? JSONReader(value) else { return }
    _ = (try? reader.string("a"), try? reader.uint64("a"), try? reader.int32("a"))
    _ = (try? reader.microDollars("a"), try? reader.timestampMilliseconds("a"))
  }
}
