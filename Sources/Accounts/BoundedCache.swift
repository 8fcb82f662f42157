/// A map that forgets: entries past their time, and the oldest half of all when it is full. Not for sharing between threads.
struct BoundedCache<Key: Hashable, Value> {
  private struct Entry {
    let value: Value
    let writtenAt: UInt64
  }

  private var entries: [Key: Entry] = [:]
  private let countMax: Int

  init(countMax: Int) { self.countMax = countMax }

  var count: Int { entries.count }

  /// The value and its age in nanoseconds.
  func value(of key: Key, now: UInt64) -> (value: Value, age: UInt64)? {
    entries[key].map { ($0.value, now > $0.writtenAt ? now - $0.writtenAt : 0) }
  }

  mutating func set(_ value: Value, for key: Key, now: UInt64) {
    if entries.count >= countMax, entries[key] == nil {
      let middle = entries.values.map(\.writtenAt).sorted()[entries.count / 2]
      entries = entries.filter { $0.value.writtenAt > middle }
    }
    entries[key] = Entry(value: value, writtenAt: now)
  }

  mutating func remove(_ key: Key) { entries[key] = nil }
}
