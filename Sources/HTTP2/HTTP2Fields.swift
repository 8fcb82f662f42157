import Bytes
import CNghttp2

/// A header block to be sent. Names are lower-case; values must be free of control characters, which the caller checks.
/// Pseudo-header fields come first.
public final class HTTP2Fields {
  private struct Entry {
    var nameOffset: Int
    var nameCount: Int
    var valueCount: Int
  }

  private var bytes = ByteBuffer()
  private var entries: [Entry] = []
  /// Set for fields that live as long as the process: nghttp2 then refers to them instead of copying.
  private var permanent: [nghttp2_nv] = []

  public init() {}

  /// Fields that are always the same. Static strings outlive every session, so they are sent without a copy.
  public init(permanent pairs: [(StaticString, StaticString)]) {
    let flags = UInt8(NGHTTP2_NV_FLAG_NO_COPY_NAME.rawValue | NGHTTP2_NV_FLAG_NO_COPY_VALUE.rawValue)
    permanent = pairs.map { name, value in
      nghttp2_nv(
        name: UnsafeMutablePointer(mutating: name.utf8Start), value: UnsafeMutablePointer(mutating: value.utf8Start),
        namelen: name.utf8CodeUnitCount, valuelen: value.utf8CodeUnitCount, flags: flags)
    }
  }

  public var count: Int { permanent.count + entries.count }

  public func add(_ name: String, _ value: String) {
    let start = bytes.count
    bytes.append(utf8: name)
    let middle = bytes.count
    bytes.append(utf8: value)
    entries.append(Entry(nameOffset: start, nameCount: middle - start, valueCount: bytes.count - middle))
  }

  public func removeAll() {
    bytes.clear()
    entries.removeAll(keepingCapacity: true)
  }

  func withNameValues<Result>(_ body: (UnsafePointer<nghttp2_nv>?, Int) -> Result) -> Result {
    if entries.isEmpty { return permanent.withUnsafeBufferPointer { body($0.baseAddress, $0.count) } }
    return bytes.withUnsafeBytes { raw in
      let base = UnsafeMutablePointer(mutating: raw.bindMemory(to: UInt8.self).baseAddress)
      var all = permanent
      all.reserveCapacity(count)
      for entry in entries {
        all.append(
          nghttp2_nv(
            name: base.map { $0 + entry.nameOffset }, value: base.map { $0 + entry.nameOffset + entry.nameCount },
            namelen: entry.nameCount, valuelen: entry.valueCount, flags: 0))
      }
      return all.withUnsafeBufferPointer { body($0.baseAddress, $0.count) }
    }
  }
}
