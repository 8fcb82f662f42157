/// First in, first out, without moving elements: what is taken leaves a hole at the front that is reclaimed now and then.
public struct FIFOQueue<Element> {
  private var slots: [Element?] = []
  private var head = 0

  public init() {}

  public var count: Int { slots.count - head }
  public var isEmpty: Bool { head == slots.count }
  public var first: Element? { isEmpty ? nil : slots[head] }

  public mutating func append(_ element: Element) { slots.append(element) }

  public mutating func popFirst() -> Element? {
    guard head < slots.count else { return nil }
    let element = slots[head]
    slots[head] = nil
    head += 1
    if head == slots.count {
      slots.removeAll(keepingCapacity: slots.capacity <= 1024)
      head = 0
    } else if head >= 1024, head > slots.count / 2 {
      slots.removeFirst(head)
      head = 0
    }
    return element
  }

  /// Everything, oldest first; the queue is empty afterwards.
  public mutating func drain() -> [Element] {
    let elements = slots[head...].compactMap { $0 }
    slots = []
    head = 0
    return elements
  }

  /// Visits the elements, oldest first.
  public func forEach(_ body: (Element) -> Void) {
    for slot in slots[head...] {
      if let slot { body(slot) }
    }
  }

  /// The oldest element that `matches`.
  public func first(where matches: (Element) -> Bool) -> Element? {
    for slot in slots[head...] {
      if let slot, matches(slot) { return slot }
    }
    return nil
  }
}
