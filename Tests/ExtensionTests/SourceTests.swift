import Datapath
import Extension
import Testing

/// Who a packet comes from, as the switch is told.
@Suite struct SourceTests {
  let forwarding = ForwardingExtension(count: 1)
  let id = SwitchID(rawValue: 1)

  func key(_ port: UInt32, _ index: UInt16 = 0) -> AdapterKey {
    AdapterKey(id, SwitchPortID(rawValue: port), SwitchNICIndex(rawValue: index))
  }

  /// A switch with two physical adapters at port 1 and machines at ports 2 and 3, as ports 1, 2 and 3 of the datapath.
  init() {
    _ = forwarding.perform(.attach(id))
    add(1, [1, 2], SwitchPort(kind: .external, name: []), datapath: "external")
    for port in UInt32(2)...3 {
      add(port, [0], SwitchPort(kind: .synthetic, name: Array("vm\(port)".utf8)), datapath: "vm\(port)")
    }
  }

  func add(_ port: UInt32, _ indexes: [UInt16], _ description: SwitchPort, datapath name: String) {
    _ = forwarding.perform(.createPort(id, SwitchPortID(rawValue: port), description))
    for index in indexes {
      _ = forwarding.perform(
        .createAdapter(key(port, index), SwitchAdapter(kind: description.kind, name: [])))
      _ = forwarding.perform(.connectAdapter(key(port, index)))
    }
    _ = ask(.vport(.new, VportMessage(number: DatapathPortNumber(port), type: .netdev, name: name)))
  }

  func ask(_ body: NetlinkMessage.Body) -> [NetlinkMessage] {
    let replies = forwarding.engines.handle(
      NetlinkMessage(NetlinkHeader(flags: [.request]), body), nowMilliseconds: 1)
    forwarding.followPorts()
    return replies
  }

  func add(flowFrom port: UInt32, _ actions: [DatapathAction]) {
    var key = FlowKey()
    key.words[0] = UInt64(port) << 32
    var mask = FlowKey()
    mask.words[0] = ~0
    let replies = ask(.flow(.new, FlowMessage(key: key, mask: mask, actions: actions)))
    #expect(!replies.contains { if case .error(let code) = $0.body { code != 0 } else { false } })
  }

  /// What departs of a packet from an adapter.
  func send(from adapter: AdapterKey, _ kind: OutOfBandKind, lasting: Int = 0) -> [(DepartingPacket)] {
    let bytes: [UInt8] = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5] + Array(repeating: 7, count: 50)
    let arrival = unsafe forwarding.arrive(
      on: 0, from: adapter, OutOfBand(), kind, byteCount: bytes.count, lastingByteCount: lasting
    ) {
      unsafe $0.copyBytes(from: bytes)
      return true
    }
    #expect(arrival == .accepted(0))
    _ = forwarding.process(on: 0, nowMilliseconds: 1)
    return depart()
  }

  func depart() -> [DepartingPacket] {
    var departed: [DepartingPacket] = []
    let failed = forwarding.depart(on: 0) {
      departed.append($0)
      return nil
    }
    #expect(failed == 0)
    return departed
  }

  @Test func `the adapter that brought it, of several at one port`() {
    add(flowFrom: 1, [.output(DatapathPortNumber(2))])
    for index in UInt16(1)...2 {
      let departed = send(from: key(1, index), .receive)
      #expect(departed.map(\.source) == [key(1, index)] && departed.map(\.kind) == [.receive])
    }
  }

  @Test func `what the daemon sends for an adapter that is gone comes from one that is left`() {
    for gone in [UInt16(2), 1] {
      _ = forwarding.perform(.disconnectAdapter(key(1, gone)))
      _ = forwarding.perform(.deleteAdapter(key(1, gone)))
      var from = FlowKey()
      from.words[0] = 1 << 32
      let packet: [UInt8] = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5] + Array(repeating: 7, count: 50)
      _ = ask(
        .packet(.execute, PacketMessage(packet: packet, key: from, actions: [.output(DatapathPortNumber(2))]))
      )
      let departed = depart()
      // With the last of them the port is the switch's own.
      #expect(departed.map(\.source) == [gone == 2 ? key(1, 1) : AdapterKey(id, .trusted, .only)])
      #expect(departed.map(\.kind) == [gone == 2 ? .receive : .send])
      #expect(departed.map(\.row) == [nil])
    }
  }

  @Test func `what the switch encapsulated is its own`() throws {
    var header = [UInt8](repeating: 0, count: 50)
    header[12] = 8
    header.replaceSubrange(14..<24, with: [0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 17])
    header.replaceSubrange(34..<38, with: [0, 0, 0x12, 0xb5])
    header[42] = 8
    let push = TunnelPush(
      tunnelPort: DatapathPortNumber(9), outPort: DatapathPortNumber(1), kind: .vxlan, header: header)
    add(
      flowFrom: 2,
      [.output(DatapathPortNumber(3)), .clone([.tunnelPush(push), .output(DatapathPortNumber(1))])])
    let departed = send(from: key(2), .send, lasting: 64)
    let inner = try #require(departed.first { $0.destination.port.rawValue == 3 })
    #expect(inner.source == key(2) && inner.isOriginal)
    let outer = try #require(departed.first { $0.destination.port.rawValue == 1 })
    #expect(outer.source == AdapterKey(id, .trusted, .only) && outer.kind == .send && !outer.isOriginal)
  }

  @Test func `a physical adapter behind two ports is the original's destination once`() {
    _ = forwarding.perform(
      .updateAdapter(key(1, 1), SwitchAdapter(kind: .external, name: Array("eth1".utf8))))
    _ = forwarding.perform(.disconnectAdapter(key(1, 2)))
    _ = ask(.vport(.new, VportMessage(number: DatapathPortNumber(4), type: .netdev, name: "eth1")))
    add(flowFrom: 2, [1, 3, 4].map { .output(DatapathPortNumber($0)) })
    let departed = send(from: key(2), .send, lasting: 64)
    #expect(departed.filter { $0.destination == key(1, 1) }.count == 2)
    #expect(departed.filter { $0.destination == key(1, 1) && $0.isOriginal }.count == 1)
    #expect(departed.filter(\.isOriginal).count == 2)
  }

  @Test func `who is to get a packet twice gets the original and a copy`() {
    add(flowFrom: 2, [.output(DatapathPortNumber(3)), .output(DatapathPortNumber(3))])
    let departed = send(from: key(2), .send, lasting: 64)
    #expect(departed.map(\.isOriginal) == [true, false])
  }
}
