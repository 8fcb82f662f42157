/// Remembers values for a while, and not more than so many: two generations, the older is forgotten when the younger is full.
struct BoundedMemory<Key: Hashable, Value> {
  private var young: [Key: (value: Value, until: UInt64)] = [:]
  private var old: [Key: (value: Value, until: UInt64)] = [:]
  private let generationCountMax: Int

  init(countMax: Int) { generationCountMax = max(1, countMax / 2) }

  func value(of key: Key, nowMilliseconds: UInt64) -> Value? {
    guard let entry = young[key] ?? old[key], entry.until > nowMilliseconds else { return nil }
    return entry.value
  }

  mutating func set(_ value: Value, for key: Key, untilMilliseconds: UInt64) {
    if young.count >= generationCountMax, young[key] == nil {
      old = young
      young = [:]
    }
    young[key] = (value, untilMilliseconds)
  }

  mutating func remove(_ key: Key) {
    young[key] = nil
    old[key] = nil
  }
}
