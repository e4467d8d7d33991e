import Datapath
import OpenFlow
import Testing

@testable import Switch

/// What peers can do to a bridge: much at a time, many at a time, and messages that are not right.
@Suite struct AgentLimitTests {
  @Test func `A peer that asks and does not read is not heard until it has read`() {
    let peer = AgentTests.peer()
    for priority in 1...400 { peer.send(.flowModification(AgentTests.add(UInt16(priority), outputs: [2]))) }
    peer.harness.drainsStreams = false
    let request = Message.flowStatisticsRequest(FlowStatisticsRequest(table: nil, match: Match()))
    let bytes = request.encode(peer.form, xid: 1)
    _ = peer.harness.takeOutput(peer.stream)
    peer.send(bytes: bytes)
    let one = peer.harness.takeOutput(peer.stream).count
    peer.send(bytes: (0..<100).flatMap { _ in bytes })
    var total = peer.harness.takeOutput(peer.stream).count
    #expect(total + one > OpenFlowSession.backlogByteLimit && total < 2 * OpenFlowSession.backlogByteLimit)
    peer.send(bytes: bytes)
    #expect(peer.harness.takeOutput(peer.stream).isEmpty)
    var rounds = 0
    repeat {
      peer.harness.step([.streamDrained(peer.stream)])
      total += peer.harness.takeOutput(peer.stream).count
      rounds += 1
    } while total < 101 * one && rounds < 1000
    #expect(rounds > 2 && total >= 101 * one)
  }

  @Test func `A bridge takes so many connections and no more`() {
    let peer = AgentTests.peer()
    let harness = peer.harness
    _ = harness.takeEffects()
    var peers = [peer]
    for _ in 0..<BridgeAgent.sessionLimit + 3 { peers.append(OpenFlowPeer(harness)) }
    let agent = harness.virtualSwitch.agents["br0"]
    #expect(agent?.sessions.count == BridgeAgent.sessionLimit && agent?.refusedSessionCount == 4)
    let closed = harness.takeEffects().filter { if case .closeStream = $0 { true } else { false } }
    #expect(closed.count == 4)
    harness.step([.streamClosed(peer.stream, reason: "")])
    #expect(OpenFlowPeer(harness).ask(.barrierRequest).count == 1)
  }

  @Test func `The messages of bundles have a limit in bytes together`() throws {
    let peer = AgentTests.peer(.v14)
    let session = try #require(peer.harness.virtualSwitch.agents["br0"]?.sessions[peer.stream])
    session.bundleByteLimit = 400
    let inner = Message.flowModification(AgentTests.add(1, outputs: [2])).encode(peer.form, xid: 1)
    var errors: [OpenFlowError?] = []
    for id in [UInt32(1), 2, 1, 2, 3, 4] {
      let addition = Message.bundleAdd(BundleAdd(bundleID: id, flags: .atomic, message: inner))
      peer.send(bytes: addition.encode(peer.form, xid: 1))
      let answers = peer.receive()
      if case .error(let error)? = answers.first { errors.append(error.error) } else { errors.append(nil) }
    }
    #expect(inner.count == 80)
    #expect(errors == [nil, nil, nil, nil, nil, .bundleFailedMessageTooMany])
  }

  @Test func `To delete groups and meters that are not there is no error`() {
    let peer = AgentTests.peer()
    let anyGroup: [UInt8] = [0xff, 0xff, 0xff, 0xfc]
    #expect(peer.error(.opaque(.groupModification, [0, 2, 0, 0] + anyGroup)) == nil)
    let anyMeter = MeterConfiguration(meter: MeterNumber.all)
    #expect(peer.error(.meterModification(MeterMod(.delete, anyMeter))) == nil)
  }

  @Test(arguments: [OpenFlowVersion.v10, .v13, .v15])
  func `Requests that are too long, or not padded, are refused`(version: OpenFlowVersion) {
    let peer = AgentTests.peer(version)
    func answers(_ message: Message, adding count: Int) -> [Message] {
      var bytes = message.encode(peer.form, xid: 9) + [UInt8](repeating: 0, count: count)
      bytes[2] = UInt8(bytes.count >> 8)
      bytes[3] = UInt8(bytes.count & 0xff)
      _ = peer.receive()
      peer.send(bytes: bytes)
      return peer.receive()
    }
    for (message, count) in [
      (Message.featuresRequest, 8), (.getConfigurationRequest, 1), (.barrierRequest, 8),
      (.descriptionRequest, 4), (.tableStatisticsRequest, 8), (.portStatisticsRequest(.none), 8),
      (.portDescriptionRequest(.none), 8), (.flowModification(AgentTests.add(1, outputs: [2])), 4),
    ] {
      guard case .error(let error)? = answers(message, adding: count).first else {
        Issue.record("\(message.kind) with \(count) more bytes was taken")
        continue
      }
      #expect(error.error == .badRequestBadLength)
    }
    #expect(answers(.echoRequest([1]), adding: 3).count == 1)
  }

  @Test func `A match on the switch's own fields, or on bits that it masks out, is refused`() {
    let peer = AgentTests.peer()
    var hidden = AgentTests.add(1, outputs: [2])
    hidden.match.set(.recirculationID, 1)
    #expect(peer.error(.flowModification(hidden)) == .badRequestNotPermitted)
    var bytes = AgentTests.add(1, outputs: [2])
    bytes.match.set(.ethDestination, 0x0100_0000_0000, mask: 0x0100_0000_0000)
    var wire = Message.flowModification(bytes).encode(peer.form, xid: 9)
    // In the value of eth_dst/01:00:00:00:00:00, a bit that is not in the mask.
    let header: [UInt8] = [0x80, 0x00, 0x07, 0x0c]
    let place = wire.indices.first { wire[$0...].starts(with: header) } ?? 0
    wire[place + 9] = 1
    peer.send(bytes: wire)
    var errors: [OpenFlowError?] = []
    for case .error(let error) in peer.receive() { errors.append(error.error) }
    #expect(errors == [.badMatchBadWildcards])
  }
}
