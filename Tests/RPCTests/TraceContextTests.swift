import Testing

@testable import RPC

@Suite struct TraceContextTests {
  private static let valid = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

  @Test func aValidParentIsTakenOver() throws {
    let context = try #require(TraceContext(parent: Self.valid, states: ["rojo=00f067aa0ba902b7", "congo=t61rcWkgMzE"]))
    #expect(context.traceID == "0af7651916cd43dd8448eb211c80319c")
    #expect(context.spanID == "b7ad6b7169203331")
    #expect(context.isSampled)
    #expect(context.state == "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE")
    #expect(context.parent == Self.valid)
  }

  @Test func aChildHasTheTraceAndASpanOfItsOwn() throws {
    let parent = try #require(TraceContext(parent: Self.valid, states: ["a=b"]))
    let child = parent.child()
    #expect(child.traceID == parent.traceID && child.state == parent.state && child.isSampled)
    #expect(child.spanID != parent.spanID)
    #expect(TraceContext(parent: child.parent) != nil)
  }

  @Test func newTracesDiffer() {
    let traces = (0..<1_000).map { _ in TraceContext() }
    #expect(Set(traces.map(\.traceID)).count == 1_000)
    #expect(Set(traces.map(\.spanID)).count == 1_000)
  }

  /// W3C Trace Context, section 3.2.2: what is not valid starts a new trace.
  @Test(arguments: [
    "", "00", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331", "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "00-00000000000000000000000000000000-b7ad6b7169203331-01", "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
    "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0g",
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more", "00_0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331_01",
    "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01more", "0g-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
  ])
  func whatIsNoParentIsRefused(_ text: String) { #expect(TraceContext(parent: text) == nil) }

  @Test func laterVersionsMayBeLonger() {
    #expect(TraceContext(parent: "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-comes") != nil)
  }

  @Test(arguments: ["novalue", "UPPER=x", "=x", "a=", "a=\u{7}", String(repeating: "a=b,", count: 33) + "a=b", String(repeating: "a", count: 600)])
  func aStateThatIsNoneIsLeftOut(_ state: String) throws {
    #expect(try #require(TraceContext(parent: Self.valid, states: [state])).state == nil)
  }
}
