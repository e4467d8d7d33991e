import Datapath
import Extension
import TestSupport
import Testing

@Suite struct ForwardingExtensionTests {
  @Test func `random lives of switches with packets in flight keep every rule`() throws {
    var packets = 0
    var departures = 0
    var originals = 0
    var refusals = 0
    for run in UInt64(1)...60 {
      let seed = run &* 0x9e37_79b9_7f4a_7c15
      var random = SeededRandom(seed: seed)
      let simulation = SwitchSimulation { random.byte() }
      do {
        for _ in 0..<400 { try simulation.step() }
      } catch let failure as SimulationFailure {
        Issue.record("seed \(seed): \(failure.text)")
      }
      packets += simulation.packetCount
      departures += simulation.departureCount
      originals += simulation.originalCount
      refusals += simulation.refusalCount
    }
    // The random host does something of everything; how much varies, as dictionaries have an order of their own in each run.
    #expect(packets > 5_000)
    #expect(departures > 100)
    #expect(originals > 10)
    #expect(refusals > 1_000 && refusals < 1 << 32)
  }
}
