import Testing

@testable import Switch

struct ControllerLinkTests {
  private static func harness(_ change: (inout DesiredController) -> Void = { _ in }) -> SwitchHarness {
    let harness = SwitchHarness()
    var bridge = SwitchHarness.bridge(ports: [])
    var controller = DesiredController(row: "row", target: "tcp:10.0.0.1:6653")
    change(&controller)
    bridge.controllers = [controller]
    harness.configure([bridge])
    return harness
  }

  private static func opened(_ harness: SwitchHarness) -> [StreamID] {
    harness.takeEffects().compactMap { if case .openStream(let id, _) = $0 { id } else { nil } }
  }

  @Test func `a controller that does not say hello is given up, and tried again`() throws {
    let harness = Self.harness()
    let stream = try #require(Self.opened(harness).first)
    harness.step([.streamOpened(stream)])
    harness.advance(milliseconds: 1500)
    let closed = harness.takeEffects().contains { if case .closeStream(stream) = $0 { true } else { false } }
    #expect(closed)
    #expect(harness.virtualSwitch.agents["br0"]?.sessions.isEmpty == true)
    harness.advance(milliseconds: 1500)
    #expect(Self.opened(harness).count == 1)
  }

  @Test func `a connection that is still being made is closed with its bridge`() throws {
    let harness = Self.harness()
    let stream = try #require(Self.opened(harness).first)
    harness.configure([])
    let closed = harness.takeEffects().filter { if case .closeStream(stream) = $0 { true } else { false } }
    #expect(closed.count == 1)
  }

  @Test(arguments: [Int64.max, Int64.min, -1, 0, 1])
  func `times of any size can be asked for`(_ milliseconds: Int64) throws {
    let harness = Self.harness {
      $0.inactivityProbeMilliseconds = milliseconds
      $0.maximumBackoffMilliseconds = milliseconds
    }
    let stream = try #require(Self.opened(harness).first)
    let peer = OpenFlowPeer(harness, stream: stream, version: .v13)
    harness.advance(milliseconds: 3000)
    #expect(harness.virtualSwitch.agents["br0"]?.controllers["tcp:10.0.0.1:6653"]?.isConnected == true)
    harness.step([.streamClosed(peer.stream, reason: "reset")])
    harness.advance(milliseconds: 3000)
    #expect(harness.virtualSwitch.agents["br0"]?.sessions.isEmpty == true)
  }
}
