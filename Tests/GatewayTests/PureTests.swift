import Contracts
import Doors
import HTTPServer
import JSON
import RPC
import Testing

@testable import Gateway

@Suite struct PureTests {
  @Test func theFirstEdgeFollowsTheWeights() {
    let rota = EdgeRota(edges: [
      .init(id: "a", address: "a:1", weight: 0.5), .init(id: "b", address: "b:1", weight: 0.3), .init(id: "c", address: "c:1", weight: 0.2),
    ])
    #expect(rota.order(draw: 0).map(\.id) == ["a", "b", "c"])
    #expect(rota.order(draw: 0.6).map(\.id) == ["b", "c", "a"])
    #expect(rota.order(draw: 0.99).map(\.id) == ["c", "a", "b"])
    #expect(rota.order(draw: 0, resting: ["a"]).map(\.id) == ["b", "c", "a"])
    #expect(rota.order(draw: 0.5, resting: ["a", "b", "c"]).map(\.id) == ["a", "b", "c"])
    let odd = EdgeRota(edges: [.init(id: "a", address: "", weight: .nan), .init(id: "b", address: "", weight: -1)])
    #expect(odd.order(draw: 0.5).map(\.id) == ["a", "b"])
    #expect(EdgeRota(edges: []).order(draw: 0.5).isEmpty)
  }

  @Test func memoryIsBounded() {
    var memory = BoundedMemory<Int, Int>(countMax: 10)
    for number in 0..<100 { memory.set(number, for: number, untilMilliseconds: 1000) }
    #expect((0..<100).filter { memory.value(of: $0, nowMilliseconds: 0) != nil }.count <= 10)
    #expect(memory.value(of: 99, nowMilliseconds: 999) == 99)
    #expect(memory.value(of: 99, nowMilliseconds: 1000) == nil)
    memory.remove(99)
    #expect(memory.value(of: 99, nowMilliseconds: 0) == nil)
  }

  @Test func rateRules() {
    #expect(RateRule(requestsPerSecond: 100) == RateRule(requestsPerSecond: 100))
    #expect(RateRule(requestsPerSecond: 100).burst == 200)
    #expect(RateRule(requestsPerSecond: 0).ratePerSecond == 1)
    #expect(RateRule(requestsPerSecond: .max).burst == .max)
    #expect(RateVerdict.denied(retryAfterMilliseconds: 1).retryAfterSeconds == 1)
    #expect(RateVerdict.denied(retryAfterMilliseconds: 1001).retryAfterSeconds == 2)
  }

  private func json(_ response: HTTPResponse) -> JSONValue {
    guard case .bytes(let bytes) = response.body else { return .null }
    return (try? JSONValue(parsing: bytes)) ?? .null
  }

  @Test func problemsAreFlattened() {
    let incomplete = HTTPResponse.problem(
      RPCError.problem(
        .failedPrecondition, reason: "INCOMPLETE_UPLOAD", message: "Incomplete upload",
        incomplete: IncompleteUpload(uploaded: 1, expected: 3, missing: [1, 2])))
    #expect(incomplete.status == 400)
    let members = json(incomplete)
    #expect(members["error"]?.stringValue == "Incomplete upload" && members["uploaded"]?.int64Value == 1 && members["expected"]?.int64Value == 3)
    #expect(members["missing"]?.arrayValue?.count == 2 && members["reason"]?.stringValue == "INCOMPLETE_UPLOAD")
    let budget = HTTPResponse.problem(
      RPCError.problem(
        .failedPrecondition, reason: "BUDGET_TOO_SMALL", field: "budget", message: "budget is too small",
        budget: BudgetTooSmall(minimumCostMicroDollars: 107_375)))
    #expect(budget.status == 422 && json(budget)["minimumCost"]?.doubleValue == 0.107375 && json(budget)["field"]?.stringValue == "budget")
    let away = HTTPResponse.problem(RPCError.problem(.unavailable, reason: "UNAVAILABLE", message: "", retryAfterSeconds: 7))
    #expect(away.status == 503 && away.fields["retry-after"] == "7")
    #expect(HTTPResponse.problem(RPCError(.unauthenticated, "no")).fields["www-authenticate"] != nil)
  }

  @Test(arguments: [
    (StatusCode.invalidArgument, 400), (.unauthenticated, 401), (.permissionDenied, 403), (.notFound, 404), (.alreadyExists, 409),
    (.failedPrecondition, 409), (.resourceExhausted, 429), (.cancelled, 499), (.internalError, 500), (.unknown, 500), (.dataLoss, 500),
    (.unimplemented, 501), (.unavailable, 503), (.deadlineExceeded, 504),
  ])
  func codes(code: StatusCode, status: Int) {
    #expect(HTTPResponse.problem(RPCError(code, "text")).status == status)
  }

  @Test func whatIsNotForClientsStaysInside() {
    struct Secret: Error {}
    let response = HTTPResponse.problem(for: Secret())
    #expect(response.status == 500 && json(response)["error"]?.stringValue == "The service failed.")
    let unreachable = HTTPResponse.problem(RPCError(.unavailable, "cannot reach 10.0.0.7:7001: connection refused"))
    #expect(unreachable.status == 503 && json(unreachable)["error"]?.stringValue == "A part of the service does not answer just now. Try again.")
  }

  @Test(arguments: [
    (nil, 100, ByteRange.whole), ("bytes=0-9", 100, .part(offset: 0, count: 10)), ("bytes=90-", 100, .part(offset: 90, count: 10)),
    ("bytes=-5", 100, .part(offset: 95, count: 5)), ("bytes=-500", 100, .part(offset: 0, count: 100)),
    ("bytes=0-999", 100, .part(offset: 0, count: 100)), ("bytes=100-", 100, .unsatisfiable), ("bytes=-0", 100, .unsatisfiable),
    ("bytes=0-", 0, .unsatisfiable), ("bytes=5-4", 100, .whole), ("bytes=0-1,3-4", 100, .whole), ("items=0-1", 100, .whole),
    ("bytes=a-b", 100, .whole), ("bytes=-", 100, .whole), ("bytes=99999999999999999999-", 100, .unsatisfiable),
  ] as [(String?, UInt64, ByteRange)])
  func ranges(field: String?, size: UInt64, wanted: ByteRange) {
    #expect(ByteRange(field, size: size) == wanted)
  }
}
