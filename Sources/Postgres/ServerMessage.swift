import CLibpq

/// Reads libpq's error results.
enum ServerMessage {
  static func error(_ raw: OpaquePointer) -> PostgresServerError {
    PostgresServerError(
      sqlState: field(raw, "C") ?? "", severity: field(raw, "V") ?? field(raw, "S") ?? "ERROR",
      message: field(raw, "M") ?? PQresultErrorMessage(raw).map { oneLine(String(cString: $0)) } ?? "unknown error", detail: field(raw, "D"),
      table: field(raw, "t"), constraint: field(raw, "n"))
  }

  /// One field of the message, by the letter that the protocol gives it.
  private static func field(_ raw: OpaquePointer, _ letter: Unicode.Scalar) -> String? {
    PQresultErrorField(raw, Int32(letter.value)).map { String(cString: $0) }
  }

  static func oneLine(_ text: String) -> String {
    text.split(whereSeparator: \.isNewline).map { $0.drop { $0 == " " || $0 == "\t" } }.joined(separator: "; ")
  }
}
