import EventLoops
import RPC
import Synchronization
import Testing

/// Which server a call goes to.
@Suite("Choice of servers", .timeLimit(.minutes(1)))
struct ServerChoiceTests {
  // MARK: pick_first

  @Test func pickFirstStaysWithTheFirstThatAnswers() async throws {
    try await Fleet.run(3) { fleet in
      let channel = try fleet.channel { $0.loadBalancing = .pickFirst }
      defer { channel.close() }
      #expect(Set(try await fleet.ask(channel, 20)) == ["0"])
      #expect(fleet.members[1].server.acceptedConnections == 0, "the others are left alone")
      fleet.members[0].server.close()
      let next = try await fleet.ask(channel) { $0.allSatisfy { $0 == "1" } }
      #expect(Set(next) == ["1"])
      try fleet.members[0].revive(fleet.loop)
      #expect(Set(try await fleet.ask(channel, 20)) == ["1"], "the choice stands")
      fleet.members[1].server.close()
      let back = try await fleet.ask(channel) { $0.allSatisfy { $0 == "0" } }
      #expect(Set(back) == ["0"], "a new choice begins with the first")
    }
  }

  @Test func pickFirstDoesNotWaitLongForASilentServer() async throws {
    try await Fleet.run(1) { fleet in
      let silent = try Listener(address: .loopback(port: 0), loop: fleet.loop) { _, _ in }
      let addresses = [silent.boundAddress, fleet.members[0].address]
      let channel = try fleet.channel(addresses: { addresses }) { $0.loadBalancing = .pickFirst }
      let start = fleet.loop.nowNanoseconds
      #expect(try await fleet.ask(channel, 1) == ["0"])
      #expect(fleet.loop.nowNanoseconds - start < 4_000_000_000, "the time-out for connecting is 5 s")
      channel.close()
      silent.close()
    }
  }

  @Test func pickFirstFailsWhenAllHaveFailedAndGoesOnTrying() async throws {
    try await Fleet.run(2) { fleet in
      for member in fleet.members { member.server.close() }
      let channel = try fleet.channel { $0.loadBalancing = .pickFirst }
      defer { channel.close() }
      #expect(try await fleet.ask(channel, 2) == ["UNAVAILABLE", "UNAVAILABLE"])
      #expect(channel.connectivity == .transientFailure)
      try fleet.members[1].revive(fleet.loop)
      let answers = try await fleet.ask(channel) { $0.allSatisfy { $0 == "1" } }
      #expect(Set(answers) == ["1"])
    }
  }

  // MARK: Names

  @Test func addressesComeAndGo() async throws {
    try await Fleet.run(3) { fleet in
      let known = Mutex([fleet.members[0].address, fleet.members[1].address])
      let channel = try fleet.channel(addresses: { known.withLock { $0 } }) { $0.addressesAgeMaxMilliseconds = 30 }
      defer { channel.close() }
      let before = try await fleet.ask(channel) { Set($0) == ["0", "1"] }
      #expect(Set(before) == ["0", "1"])
      // Runs at a server that goes away by name, not by itself.
      let long = [0, 1].map { _ in
        Task(executorPreference: fleet.loop) { () -> Blob in try await channel.unary(Fleet.wait, Blob("400")) }
      }
      let zero = fleet.members[0].server
      try await eventually(on: fleet.loop) { zero.runningCalls == 1 }
      known.withLock { $0 = [fleet.members[1].address, fleet.members[2].address] }
      let after = try await fleet.ask(channel) { Set($0) == ["1", "2"] }
      #expect(Set(after) == ["1", "2"])
      var finished: Set<String> = []
      for call in long { finished.insert(try await call.value.text) }
      #expect(finished == ["0", "1"], "calls that run are not broken")
      try await eventually(on: fleet.loop) { zero.openConnections == 0 }
    }
  }

  /// The turn must not point behind the last server that is left.
  @Test func manyServersBecomeOne() async throws {
    try await Fleet.run(4) { fleet in
      let known = Mutex(fleet.members.map(\.address))
      let channel = try fleet.channel(addresses: { known.withLock { $0 } }) { $0.addressesAgeMaxMilliseconds = 30 }
      defer { channel.close() }
      for last in fleet.members.indices {
        known.withLock { $0 = fleet.members.map(\.address) }
        _ = try await fleet.ask(channel) { Set($0).count == 4 }
        // Whoever was asked last, as many calls as it takes for the turn to have come to each.
        _ = try await fleet.ask(channel, last)
        known.withLock { $0 = [fleet.members[last].address] }
        let after = try await fleet.ask(channel) { Set($0) == ["\(last)"] }
        #expect(Set(after) == ["\(last)"])
      }
    }
  }

  @Test func aLostServerIsLookedForByName() async throws {
    try await Fleet.run(2) { fleet in
      let known = Mutex([fleet.members[0].address])
      let channel = try fleet.channel(addresses: { known.withLock { $0 } }) { $0.addressesAgeMaxMilliseconds = nil }
      defer { channel.close() }
      #expect(try await fleet.ask(channel, 1) == ["0"])
      known.withLock { $0 = [fleet.members[1].address] }
      fleet.members[0].server.close()
      let answers = try await fleet.ask(channel) { $0.allSatisfy { $0 == "1" } }
      #expect(Set(answers) == ["1"])
    }
  }

  @Test func lookUpsThatFailAreRepeatedAndKeepWhatIsKnown() async throws {
    struct Nothing: Error {}
    try await Fleet.run(1) { fleet in
      let works = Mutex(false)
      let address = fleet.members[0].address
      let channel = try fleet.channel(addresses: {
        guard works.withLock({ $0 }) else { throw Nothing() }
        return [address]
      }) { $0.addressesAgeMaxMilliseconds = 20 }
      defer { channel.close() }
      let refused = try await failure { () -> Blob in try await channel.unary(Fleet.who, Blob()) }
      #expect(refused.code == .unavailable)
      #expect(refused.message.contains("fleet.test:1"))
      let patient = Task(executorPreference: fleet.loop) { () -> Blob in
        try await channel.unary(Fleet.who, Blob(), options: CallOptions(timeoutMilliseconds: 20_000, waitForReady: true))
      }
      works.withLock { $0 = true }
      #expect(try await patient.value.text == "0")
      works.withLock { $0 = false }
      try await fleet.loop.sleep(milliseconds: 100)
      #expect(try await fleet.ask(channel, 3) == ["0", "0", "0"])
    }
  }

  // MARK: Health and outliers

  @Test func serversThatDoNotServeGetNoCalls() async throws {
    try await Fleet.run(2, hasHealth: true) { fleet in
      fleet.members[0].health = 2
      let channel = try fleet.channel { $0.healthCheckedService = "test.Fleet" }
      defer { channel.close() }
      let one = try await fleet.ask(channel) { Set($0) == ["1"] }
      #expect(Set(one) == ["1"])
      fleet.members[0].health = 1
      let both = try await fleet.ask(channel) { Set($0) == ["0", "1"] }
      #expect(Set(both) == ["0", "1"])
      for member in fleet.members { member.health = 2 }
      let none = try await fleet.ask(channel) { Set($0) == ["UNAVAILABLE"] }
      #expect(Set(none) == ["UNAVAILABLE"])
      channel.close()
      try await eventually(on: fleet.loop) { fleet.members.allSatisfy { $0.healthWatchers == 0 } }
    }
  }

  @Test func serversWithoutHealthServiceCountAsHealthy() async throws {
    try await Fleet.run(2) { fleet in
      let channel = try fleet.channel { $0.healthCheckedService = "" }
      defer { channel.close() }
      let both = try await fleet.ask(channel) { Set($0) == ["0", "1"] }
      #expect(Set(both) == ["0", "1"])
    }
  }

  @Test func outliersAreEjectedForAWhile() async throws {
    try await Fleet.run(3) { fleet in
      var ejection = OutlierEjection()
      ejection.intervalMilliseconds = 30
      ejection.ejectionMilliseconds = 300
      ejection.callsMin = 3
      let channel = try fleet.channel { $0.outlierEjection = ejection }
      defer { channel.close() }
      _ = try await fleet.ask(channel) { Set($0) == ["0", "1", "2"] }
      fleet.members[1].fails = true
      let without = try await fleet.ask(channel) { Set($0) == ["0", "2"] }
      #expect(Set(without) == ["0", "2"])
      fleet.members[1].fails = false
      let again = try await fleet.ask(channel) { Set($0) == ["0", "1", "2"] }
      #expect(Set(again) == ["0", "1", "2"], "after its time it gets another chance")
    }
  }

  @Test func notEverybodyIsEjected() async throws {
    try await Fleet.run(2) { fleet in
      var ejection = OutlierEjection()
      ejection.intervalMilliseconds = 20
      ejection.callsMin = 3
      let channel = try fleet.channel { $0.outlierEjection = ejection }
      defer { channel.close() }
      for member in fleet.members { member.fails = true }
      for _ in 0..<10 {
        _ = try await fleet.ask(channel, 10)
        try await fleet.loop.sleep(milliseconds: 10)
      }
      let before = fleet.members.map(\.calls).reduce(0, +)
      _ = try await fleet.ask(channel, 10)
      #expect(fleet.members.map(\.calls).reduce(0, +) == before + 10, "calls still reach a server")
    }
  }
}
