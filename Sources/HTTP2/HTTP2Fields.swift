import Bytes
import CNghttp2

/// A header block to be sent. Names are lower-case; values must be free of control characters, which the caller checks.
/// Pseudo-header fields come first.
public final class HTTP2Fields {
  private struct Entry {
    var nameOffset: Int
    var nameCount: Int
    var valueCount: Int
    var flags: UInt8
  }

  private var bytes = ByteBuffer()
  private var entries: [Entry] = []
  /// What the block begins with.
  private(set) var template: HTTP2FieldTemplate?

  public init() {}

  /// Begins with the fields of `template`.
  public init(_ template: HTTP2FieldTemplate) { self.template = template }

  /// Fields that are always the same.
  public convenience init(permanent pairs: [(StaticString, StaticString)]) { self.init(HTTP2FieldTemplate(pairs)) }

  public var count: Int { (template?.fields.count ?? 0) + entries.count }

  public func add(_ name: String, _ value: String) {
    let start = bytes.count
    bytes.append(utf8: name)
    let middle = bytes.count
    bytes.append(utf8: value)
    entries.append(Entry(nameOffset: start, nameCount: middle - start, valueCount: bytes.count - middle, flags: 0))
  }

  /// Adds a field that is different every time, and so must not push what repeats out of the peer's header table.
  public func addUnindexed(_ name: StaticString, _ value: UnsafeRawBufferPointer) {
    let start = bytes.count
    bytes.append(name)
    bytes.append(value)
    entries.append(
      Entry(
        nameOffset: start, nameCount: name.utf8CodeUnitCount, valueCount: value.count, flags: UInt8(NGHTTP2_NV_FLAG_NO_INDEX.rawValue)))
  }

  /// Makes it ready for another block, which begins with the fields of `template`. The memory is kept.
  public func begin(_ template: HTTP2FieldTemplate?) {
    if self.template !== template { self.template = template }
    bytes.clear()
    entries.removeAll(keepingCapacity: true)
  }

  func withNameValues<Result>(_ body: (UnsafePointer<nghttp2_nv>?, Int) -> Result) -> Result {
    let begin = template?.fields ?? UnsafeBufferPointer(start: nil, count: 0)
    if entries.isEmpty { return body(begin.baseAddress, begin.count) }
    return bytes.withUnsafeBytes { raw in
      let base = UnsafeMutablePointer(mutating: raw.bindMemory(to: UInt8.self).baseAddress)
      return withUnsafeTemporaryAllocation(of: nghttp2_nv.self, capacity: begin.count + entries.count) { all in
        _ = all.initialize(from: begin)
        for (index, entry) in entries.enumerated() {
          all.initializeElement(
            at: begin.count + index,
            to: nghttp2_nv(
              name: base.map { $0 + entry.nameOffset }, value: base.map { $0 + entry.nameOffset + entry.nameCount },
              namelen: entry.nameCount, valuelen: entry.valueCount, flags: entry.flags))
        }
        return body(all.baseAddress, all.count)
      }
    }
  }
}
