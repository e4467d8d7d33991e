import TestSupport
import Testing

@testable import Datapath

@Suite struct TrackHelperTests {
  /// A connection with a helper, and what its first packet was.
  private func begin(
    _ harness: TrackHarness, _ hosts: Hosts, nat translation: ConnectionTrackAction.Translation?
  )
    -> (index: Int, original: ConnectionTuple)
  {
    var action = ct(commit: true, mark: (7, ~0), nat: translation)
    action.helper = Array("ftp".utf8)
    _ = harness.track(hosts.tcp(2, sequence: 100), action)
    let pass = harness.harness.engine.trackPass[0]
    #expect(pass.interested == .ftp)
    return (pass.connection, pass.original)
  }

  @Test func `what a helper expects is related, and ends with its connection`() {
    let harness = TrackHarness()
    let control = begin(harness, Hosts(), nat: nil)
    let isExpected = harness.connections.box.value.expect(
      control.index, control.original, port: 2000, callsClient: true, keepsAddress: false)
    #expect(isExpected)
    let data = Hosts(client: 2, server: 1, clientPort: 20, serverPort: 2000)
    let first = harness.track(data.tcp(2, sequence: 1), ct(commit: true))
    #expect(first.text == "new|rel|trk" && first.mark == 7)
    #expect(first.key[.ctTransportDestination] == 80)
    let answer = harness.track(data.tcp(reply: true, 0x12, sequence: 9, acknowledgment: 2), ct(mark: (1, ~0)))
    #expect(answer.text == "est|rel|rpl|trk" && answer.mark == 7)
    #expect(harness.dump().compactMap(\.parent) == [control.original])
    #expect(harness.connections.box.value.expectations.count == 1)
    #expect(harness.connections.flush(control.original, nowMilliseconds: harness.now))
    #expect(harness.connections.box.value.expectations.count == 0)
    let gone = harness.connections.box.value.expect(
      control.index, control.original, port: 2000, callsClient: true, keepsAddress: false)
    #expect(!gone)
  }

  @Test func `what is expected of a translated client comes to it`() {
    let harness = TrackHarness()
    let control = begin(harness, Hosts(), nat: nat(.source, [10, 0, 0, 200]))
    _ = harness.connections.box.value.expect(
      control.index, control.original, port: 2000, callsClient: true, keepsAddress: false)
    let data = Hosts(client: 2, server: 200, clientPort: 20, serverPort: 2000)
    let first = harness.track(data.tcp(2, sequence: 1), ct(commit: true, nat: nat()))
    #expect(first.text == "new|rel|trk|dnat" && first.addresses[1] == [10, 0, 0, 1])
    #expect(defects(first.bytes) == [])
    let back = Hosts(client: 2, server: 1, clientPort: 20, serverPort: 2000)
    let answer = harness.track(back.tcp(reply: true, 0x12, sequence: 1, acknowledgment: 2), ct(nat: nat()))
    #expect(answer.text == "est|rel|rpl|trk|snat" && answer.addresses[0] == [10, 0, 0, 200])
  }

  @Test func `what a translated client is told to call is called from its outer address`() {
    let harness = TrackHarness()
    let control = begin(harness, Hosts(), nat: nat(.source, [10, 0, 0, 200]))
    _ = harness.connections.box.value.expect(
      control.index, control.original, port: 3000, callsClient: false, keepsAddress: false)
    let data = Hosts(clientPort: 4000, serverPort: 3000)
    let first = harness.track(data.tcp(2, sequence: 1), ct(commit: true, nat: nat()))
    #expect(first.text == "new|rel|trk|snat" && first.addresses[0] == [10, 0, 0, 200])
  }

  @Test func `expectations have a limit`() {
    let harness = TrackHarness()
    let control = begin(harness, Hosts(), nat: nil)
    for port in 1...ExpectationTable.maximumCount {
      let isExpected = harness.connections.box.value.expect(
        control.index, control.original, port: UInt16(port), callsClient: true, keepsAddress: false)
      #expect(isExpected)
    }
    let isExpected = harness.connections.box.value.expect(
      control.index, control.original, port: 9000, callsClient: true, keepsAddress: false)
    #expect(!isExpected)
  }

  @Test func `numbers of segments are moved by what a helper has added`() {
    let harness = TrackHarness()
    let control = begin(harness, Hosts(), nat: nat(.source, [10, 0, 0, 200]))
    let outer = Hosts(client: 200)
    _ = harness.track(outer.tcp(reply: true, 0x12, sequence: 500, acknowledgment: 101), ct(nat: nat()))
    harness.connections.box.value.addSkew(control.index, control.original, by: 3, isReply: false)
    let sent = harness.track(Hosts().tcp(0x18, sequence: 101, acknowledgment: 501, count: 4), ct(nat: nat()))
    #expect(sent.text == "est|trk|snat" && Array(sent.bytes[38..<42]) == big(104, 4))
    #expect(defects(sent.bytes) == [])
    let answer = harness.track(
      outer.tcp(reply: true, 0x10, sequence: 501, acknowledgment: 108), ct(nat: nat()))
    #expect(answer.text == "est|rpl|trk|dnat" && Array(answer.bytes[42..<46]) == big(105, 4))
    #expect(defects(answer.bytes) == [])
  }
}
