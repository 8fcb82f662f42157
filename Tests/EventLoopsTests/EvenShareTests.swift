import EventLoops
import Testing

@Suite struct EvenShareTests {
  @Test func sharesAreEvenAndNotLessThanTheLeast() {
    #expect(2_048.evenShare(among: 0, least: 4) == 2_048)
    #expect(2_048.evenShare(among: 3, least: 4) == 682)
    #expect(2_048.evenShare(among: 1_000, least: 4) == 4)
  }
}
