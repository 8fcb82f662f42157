/// First in, first out, in a ring that grows: nothing is moved when an element is taken.
public struct FIFOQueue<Element> {
  /// As many as a power of two, or none.
  private var slots: [Element?] = []
  private var head = 0
  public private(set) var count = 0

  /// Rings larger than this are given back when they are empty.
  private static var keptSlotsMax: Int { 1024 }

  public init() {}

  public var isEmpty: Bool { count == 0 }
  public var first: Element? { count == 0 ? nil : slots[head] }

  public mutating func append(_ element: Element) {
    if count == slots.count { grow() }
    slots[(head + count) & (slots.count - 1)] = element
    count += 1
  }

  @discardableResult
  public mutating func popFirst() -> Element? {
    guard count > 0 else { return nil }
    let element = slots[head].take()
    head = (head + 1) & (slots.count - 1)
    count -= 1
    if count == 0, slots.count > Self.keptSlotsMax { self = FIFOQueue() }
    return element
  }

  /// Everything, oldest first; the queue is empty afterwards.
  public mutating func drain() -> [Element] {
    var elements: [Element] = []
    elements.reserveCapacity(count)
    forEach { elements.append($0) }
    self = FIFOQueue()
    return elements
  }

  /// Visits the elements, oldest first.
  public func forEach(_ body: (Element) -> Void) {
    for place in 0..<count {
      if let element = slots[(head + place) & (slots.count - 1)] { body(element) }
    }
  }

  /// The oldest element that `matches`.
  public func first(where matches: (Element) -> Bool) -> Element? {
    for place in 0..<count {
      if let element = slots[(head + place) & (slots.count - 1)], matches(element) { return element }
    }
    return nil
  }

  private mutating func grow() {
    var larger: [Element?] = []
    larger.reserveCapacity(max(8, 2 * slots.count))
    forEach { larger.append($0) }
    larger.append(contentsOf: repeatElement(nil, count: max(8, 2 * slots.count) - larger.count))
    slots = larger
    head = 0
  }
}
