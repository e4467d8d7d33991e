import PacketWire
import TestSupport
import Testing

@testable import Datapath

/// Asks an engine, and gives what it answers.
private func ask(
  _ harness: TrackHarness, _ message: TrackingMessage, _ flags: MessageFlags = [.request, .acknowledge]
) -> [NetlinkMessage.Body] {
  let header = NetlinkHeader(flags: flags, sequence: 9)
  let bytes = NetlinkMessage(header, .tracking(message)).encode()
  var bodies: [NetlinkMessage.Body] = []
  for reply in harness.harness.engine.handle(message: bytes, nowMilliseconds: harness.now) {
    for message in (try? NetlinkMessage.decode(reply)) ?? [] { bodies.append(message.body) }
  }
  return bodies
}

/// The connections of a dump, as text.
private func dump(_ harness: TrackHarness, _ filter: ConnectionMessage = ConnectionMessage()) -> [String] {
  let bodies = ask(harness, .connection(.get, filter), [.request, .dump])
  #expect(bodies.last == .done)
  return bodies.compactMap { body in
    guard case .tracking(.connection(_, let connection)) = body else { return nil }
    return ConnectionText().describe(connection)
  }
}

@Suite struct TrackingRequestTests {
  @Test func `connections are listed, all or those of a filter`() {
    let harness = TrackHarness()
    var hosts = Hosts()
    _ = harness.track(hosts.udp(), ct(zone: 3, commit: true, mark: (5, 0xff)))
    hosts.clientPort = 1001
    _ = harness.track(hosts.tcp(2, sequence: 1), ct(zone: 4, commit: true, label: (7, 7)))
    var wide = Hosts(isIPv6: true)
    wide.client = 8
    _ = harness.track(wide.echo(), ct(commit: true))
    let udp =
      "udp,orig=(src=10.0.0.1,dst=10.0.0.2,sport=1000,dport=80),"
      + "reply=(src=10.0.0.2,dst=10.0.0.1,sport=80,dport=1000),zone=3,mark=5"
    let tcp =
      "tcp,orig=(src=10.0.0.1,dst=10.0.0.2,sport=1001,dport=80),"
      + "reply=(src=10.0.0.2,dst=10.0.0.1,sport=80,dport=1001),zone=4,labels=0x7,protoinfo=(state=SYN_SENT)"
    let echo =
      "icmpv6,orig=(src=fd00::8,dst=fd00::2,id=5,type=128,code=0),"
      + "reply=(src=fd00::2,dst=fd00::8,id=5,type=129,code=0)"
    #expect(dump(harness).sorted() == [echo, tcp, udp])
    #expect(dump(harness, ConnectionMessage(zone: 4)) == [tcp])
    #expect(dump(harness, ConnectionMessage(zone: 5)).isEmpty)
    var filter = ConnectionMessage()
    filter.mark = 1
    filter.markMask = 1
    #expect(dump(harness, filter) == [udp])
    filter = ConnectionMessage()
    filter.labels = IPv6Address(high: 0, low: 2)
    filter.labelsMask = IPv6Address(high: 0, low: 2)
    #expect(dump(harness, filter) == [tcp])
    filter = ConnectionMessage()
    filter.original = TupleMessage(source: nil, destination: nil, protocolNumber: 58)
    #expect(dump(harness, filter) == [echo])
  }

  @Test func `connections are removed one, some or all`() throws {
    let harness = TrackHarness()
    func make() {
      for port in 1..<100 {
        var hosts = Hosts(client: port % 3 + 10)
        hosts.clientPort = port
        _ = harness.track(hosts.udp(), ct(zone: UInt16(port % 2), commit: true, mark: (UInt32(port), .max)))
      }
    }
    make()
    #expect(dump(harness).count == 99)
    let one = try ConnectionMessage(filter: [
      "zone=1", "ct_nw_src=10.0.0.11,ct_nw_dst=10.0.0.2,ct_nw_proto=17,ct_tp_src=1,ct_tp_dst=80",
    ])
    #expect(ask(harness, .connection(.get, one), .request).count == 1)
    #expect(ask(harness, .connection(.delete, one)) == [.error(0)])
    #expect(ask(harness, .connection(.delete, one)) == [.error(2)])
    #expect(ask(harness, .connection(.get, one)) == [.error(2)])
    #expect(dump(harness).count == 98)
    let some = try ConnectionMessage(filter: ["ct_nw_src=10.0.0.11,ct_nw_proto=17"])
    #expect(ask(harness, .connection(.delete, some)) == [.error(0)])
    #expect(dump(harness).count == 66)
    #expect(ask(harness, .connection(.delete, some)) == [.error(0)])
    let marked = try ConnectionMessage(filter: ["mark=0x3"])
    #expect(ask(harness, .connection(.delete, marked)) == [.error(0)])
    #expect(dump(harness).count == 65)
    #expect(ask(harness, .connection(.delete, ConnectionMessage(zone: 1))) == [.error(0)])
    #expect(dump(harness).allSatisfy { !$0.contains("zone=1") })
    make()
    #expect(ask(harness, .connection(.delete, ConnectionMessage())) == [.error(0)])
    #expect(dump(harness).isEmpty)
    #expect(ask(harness, .connection(.new, one)) == [.error(95)])
  }

  @Test func `limits are set, listed and taken away`() {
    let harness = TrackHarness()
    func limits(_ zones: [UInt16] = []) -> [ConnectionLimit] {
      let asked = ConnectionLimitMessage(zones.map { ConnectionLimit(zone: $0) })
      guard case .tracking(.limit(_, let answer))? = ask(harness, .limit(.get, asked), .request).first else {
        return []
      }
      return answer.limits
    }
    #expect(limits() == [ConnectionLimit(zone: nil)])
    let set = ConnectionLimitMessage([
      ConnectionLimit(zone: nil, limit: 10), ConnectionLimit(zone: 3, limit: 1),
      ConnectionLimit(zone: 65535, limit: 0),
    ])
    #expect(ask(harness, .limit(.set, set)) == [.error(0)])
    var hosts = Hosts()
    _ = harness.track(hosts.udp(), ct(zone: 3, commit: true))
    hosts.clientPort += 1
    _ = harness.track(hosts.udp(), ct(zone: 3, commit: true))
    #expect(
      limits() == [
        ConnectionLimit(zone: nil, limit: 10), ConnectionLimit(zone: 3, limit: 1, count: 1),
        ConnectionLimit(zone: 65535),
      ])
    #expect(limits([4]) == [ConnectionLimit(zone: nil, limit: 10), ConnectionLimit(zone: 4, limit: 10)])
    let away = ConnectionLimitMessage([ConnectionLimit(zone: nil), ConnectionLimit(zone: 3)])
    #expect(ask(harness, .limit(.delete, away)) == [.error(0)])
    #expect(limits() == [ConnectionLimit(zone: nil), ConnectionLimit(zone: 65535)])
  }

  @Test func `timeout policies are set, listed and taken away`() {
    let harness = TrackHarness()
    func policies() -> [TimeoutPolicyMessage] {
      ask(harness, .policy(.get, TimeoutPolicyMessage()), [.request, .dump]).compactMap { body in
        guard case .tracking(.policy(_, let message)) = body else { return nil }
        return message
      }
    }
    let name = Array("7".utf8)
    for message in TimeoutPolicyMessage.messages(name: name, [(.udpFirst, 5), (.icmpReply, 6)]) {
      #expect(ask(harness, .policy(.new, message)) == [.error(0)])
    }
    #expect(policies().count == 3)
    #expect(harness.connections.policy(7)?[.udpFirst] == 5)
    #expect(harness.connections.policy(7)?[.icmpReply] == 6)
    #expect(harness.connections.policy(7)?[.tcpEstablished] == 86_400)
    // A message is all that there is about its protocol.
    var udp = TimeoutPolicyMessage(name: name)
    udp.protocolNumber = 17
    #expect(ask(harness, .policy(.new, udp)) == [.error(0)])
    #expect(harness.connections.policy(7)?[.udpFirst] == 60)
    #expect(harness.connections.policy(7)?[.icmpReply] == 6)
    _ = harness.track(Hosts().echo(), ct(commit: true, timeout: "7"))
    #expect(ask(harness, .policy(.delete, TimeoutPolicyMessage(name: name))) == [.error(0)])
    #expect(ask(harness, .policy(.delete, TimeoutPolicyMessage(name: name))) == [.error(2)])
    #expect(ask(harness, .policy(.get, TimeoutPolicyMessage(name: name))) == [.error(2)])
    #expect(ask(harness, .policy(.new, TimeoutPolicyMessage(name: Array("x".utf8)))) == [.error(22)])
    #expect(policies().isEmpty)
  }

  @Test func `settings are asked for and changed`() {
    let harness = TrackHarness()
    func settings() -> ConnectionSettingsMessage? {
      let answer = ask(harness, .settings(.get, ConnectionSettingsMessage()), .request).first
      guard case .tracking(.settings(_, let settings))? = answer else { return nil }
      return settings
    }
    #expect(settings()?.maximumConnectionCount == 3_000_000)
    #expect(settings()?.connectionCount == 0)
    #expect(settings()?.checksSequence == true)
    var change = ConnectionSettingsMessage()
    change.maximumConnectionCount = 1
    change.checksSequence = false
    #expect(ask(harness, .settings(.set, change)) == [.error(0)])
    var hosts = Hosts()
    _ = harness.track(hosts.udp(), ct(commit: true))
    hosts.clientPort += 1
    _ = harness.track(hosts.udp(), ct(commit: true))
    #expect(settings()?.maximumConnectionCount == 1)
    #expect(settings()?.connectionCount == 1)
    #expect(settings()?.checksSequence == false)
  }

  @Test func `a group of engines lists and removes its connections in steps`() throws {
    var configuration = EngineConfiguration()
    configuration.datapathIndex = 6
    let group = EngineGroup(count: 2, configuration)
    func handle(_ message: TrackingMessage, _ flags: MessageFlags) -> [NetlinkMessage.Body] {
      group.handle(NetlinkMessage(NetlinkHeader(flags: flags), .tracking(message)), nowMilliseconds: 1)
        .map { $0.body }
    }
    #expect(handle(.connection(.get, ConnectionMessage()), [.request, .dump]) == [.done])
    #expect(handle(.connection(.delete, ConnectionMessage()), [.request, .acknowledge]) == [.error(0)])
    #expect(handle(.limit(.get, ConnectionLimitMessage()), .request).count == 1)
    let header = NetlinkHeader(flags: [.request, .dump])
    let mayDump = group.beginDump(NetlinkMessage(header, .tracking(.limit(.get, .init())))) != nil
    #expect(!mayDump)
  }
}
