import Datapath
import OpenFlow
import PacketWire
import Testing

@testable import Switch

/// Two bridges of one datapath, with a way to add rules and translate packets.
struct Course {
  let datapath = DatapathLink(type: "system", name: "ovs-system")
  let environment = TranslationEnvironment()
  let inner: Bridge
  let outer: Bridge

  init() {
    inner = Bridge(name: "br-int", datapath: datapath)
    outer = Bridge(name: "br-phy", datapath: datapath)
    for bridge in [inner, outer] { datapath.bridges[bridge.name] = bridge }
    inner.ethernetAddress = MACAddress(0x0200_0000_0a01)
    outer.ethernetAddress = MACAddress(0x0200_0000_0b01)
    add(inner, "br-int", .local, 100, .internalDevice)
    add(outer, "br-phy", .local, 101, .internalDevice)
  }

  @discardableResult
  func add(
    _ bridge: Bridge, _ name: String, _ number: OpenFlowPortNumber, _ datapathNumber: UInt32?,
    _ kind: Interface.Kind = .system, vlan: VLANSettings = VLANSettings()
  ) -> Interface {
    let port = BridgePort(name: name, bridge: bridge)
    port.vlan = vlan
    let interface = Interface(name: name, type: "system", kind: kind, port: port)
    interface.number = number
    if let datapathNumber {
      interface.datapathNumber = DatapathPortNumber(datapathNumber)
      datapath.interfaces[DatapathPortNumber(datapathNumber)] = interface
    }
    port.interfaces = [interface]
    bridge.ports[name] = port
    bridge.interfaces[number] = interface
    return interface
  }

  func rule(
    _ bridge: Bridge, table: UInt8 = 0, priority: UInt16 = 0x8000, cookie: UInt64 = 0,
    _ fields: [(Field, FieldValue)] = [],
    _ actions: [Action]
  ) throws {
    var match = Match()
    for (field, value) in fields { match.set(field, value) }
    var change = FlowMod(.add, table: table, match: match)
    change.priority = priority
    change.newCookie = cookie
    change.actions = actions
    _ = try bridge.tables.apply(change, now: 0)
  }

  func translate(
    _ bridge: Bridge, _ key: FlowKey, actions: [Action]? = nil, trace: TraceNode? = nil
  ) -> Translation {
    let request = TranslationRequest(
      bridge: bridge, key: key, now: 1000, actions: actions, trace: trace
    )
    return Translator.translate(request, environment)
  }
}

func tcpKey(inPort: UInt32 = 1, vlan: UInt16 = 0) -> FlowKey {
  var key = FlowKey()
  key.inPort = OpenFlowPortNumber(inPort)
  key.ethernetSource = MACAddress(0x0200_0000_0001)
  key.ethernetDestination = MACAddress(0x0200_0000_0002)
  key.etherType = 0x0800
  key.ipv4Source = IPv4Address(10, 0, 0, 1)
  key.ipv4Destination = IPv4Address(10, 0, 0, 2)
  key.ipProtocol = 6
  key.timeToLive = 64
  key.transportSource = 1000
  key.transportDestination = 80
  if vlan != 0 {
    key.vlanTCI = 0x1000 | vlan
    key.vlanTPID = 0x8100
  }
  return key
}

func ports(_ actions: [DatapathAction]) -> [UInt32] {
  var ports: [UInt32] = []
  for case .output(let port) in actions { ports.append(port.rawValue) }
  return ports
}

@Test func `a packet that no rule matches is dropped`() {
  let course = Course()
  course.add(course.inner, "p1", OpenFlowPortNumber(1), 1)
  #expect(course.translate(course.inner, tcpKey()).actions.isEmpty)
}

@Test func `output sends to the port's datapath number, and not back where the packet came from`() throws {
  let course = Course()
  for number in 1...3 as ClosedRange<UInt32> {
    course.add(course.inner, "p\(number)", OpenFlowPortNumber(number), number + 10)
  }
  try course.rule(
    course.inner, [], [.output(OpenFlowPortNumber(1)), .output(OpenFlowPortNumber(2)), .output(.inPort)])
  #expect(ports(course.translate(course.inner, tcpKey()).actions) == [12, 11])
}

@Test func `only what a rule looked at is in the mask`() throws {
  let course = Course()
  course.add(course.inner, "p1", OpenFlowPortNumber(1), 1)
  course.add(course.inner, "p2", OpenFlowPortNumber(2), 2)
  try course.rule(course.inner, [(.ethType, 0x0800), (.ipProtocol, 6)], [.output(OpenFlowPortNumber(2))])
  let wildcards = course.translate(course.inner, tcpKey()).wildcards
  #expect(wildcards.words[4] >> 56 == 0xff)
  #expect(wildcards.words[3] == 0)
  #expect(wildcards.transportDestination == 0)
  #expect(wildcards.ethernetSource == .zero)
}

@Test func `a set action changes only what differs, at the output`() throws {
  let course = Course()
  course.add(course.inner, "p1", OpenFlowPortNumber(1), 1)
  course.add(course.inner, "p2", OpenFlowPortNumber(2), 2)
  try course.rule(
    course.inner, [(.ethType, 0x0800)],
    [
      .setIPv4Source(0x0909_0909), .setIPv4Destination(0x0a00_0002), .decrementTTL(controllers: [0]),
      .output(OpenFlowPortNumber(2)),
    ])
  let actions = course.translate(course.inner, tcpKey()).actions
  guard actions.count == 2, case .set(let set) = actions[0] else {
    Issue.record("\(actions)")
    return
  }
  #expect(set.attribute == .ipv4)
  #expect(set.value.ipv4Source == IPv4Address(9, 9, 9, 9))
  #expect(set.mask.ipv4Destination == .zero)
  #expect(set.value.timeToLive == 63)
  #expect(set.mask.timeToLive == 0xff)
}

@Test func `a packet whose time to live ends goes no further`() throws {
  let course = Course()
  course.add(course.inner, "p1", OpenFlowPortNumber(1), 1)
  course.add(course.inner, "p2", OpenFlowPortNumber(2), 2)
  try course.rule(
    course.inner, [(.ethType, 0x0800)], [.decrementTTL(controllers: []), .output(OpenFlowPortNumber(2))])
  var key = tcpKey()
  key.timeToLive = 1
  #expect(course.translate(course.inner, key).actions.isEmpty)
}

@Test func `pushing and stripping a tag comes to nothing`() throws {
  let course = Course()
  course.add(course.inner, "p1", OpenFlowPortNumber(1), 1)
  course.add(course.inner, "p2", OpenFlowPortNumber(2), 2)
  try course.rule(
    course.inner, [],
    [.pushVLAN(0x8100), .setVLANID(5, pushesIfNeeded: false), .stripVLAN(), .output(OpenFlowPortNumber(2))])
  #expect(course.translate(course.inner, tcpKey()).actions == [.output(.init(2))])
}

@Test func `a pushed tag is pushed before the output`() throws {
  let course = Course()
  course.add(course.inner, "p1", OpenFlowPortNumber(1), 1)
  course.add(course.inner, "p2", OpenFlowPortNumber(2), 2)
  try course.rule(
    course.inner, [],
    [.pushVLAN(0x8100), .setVLANID(5, pushesIfNeeded: false), .output(OpenFlowPortNumber(2))])
  #expect(
    course.translate(course.inner, tcpKey()).actions == [
      .pushVLAN(tpid: 0x8100, tci: 0x1005), .output(.init(2)),
    ])
}

@Test func `goto_table and resubmit reach other tables`() throws {
  let course = Course()
  for number in 1...3 as ClosedRange<UInt32> {
    course.add(course.inner, "p\(number)", OpenFlowPortNumber(number), number)
  }
  try course.rule(
    course.inner, [],
    [.setField(.register(0), 7), .resubmit(ResubmitAction(table: 5)), .gotoTable(6)])
  try course.rule(course.inner, table: 5, [(.register(0), 7)], [.output(OpenFlowPortNumber(2))])
  try course.rule(course.inner, table: 6, [], [.output(OpenFlowPortNumber(3))])
  let translation = course.translate(course.inner, tcpKey())
  #expect(ports(translation.actions) == [2, 3])
  #expect(translation.wildcards.words[45] == 0)
}

@Test func `resubmits in a circle end with an error`() throws {
  let course = Course()
  course.add(course.inner, "p1", OpenFlowPortNumber(1), 1)
  try course.rule(course.inner, [], [.resubmit(ResubmitAction(table: 0))])
  let translation = course.translate(course.inner, tcpKey())
  #expect(translation.failure == .recursionTooDeep)
  #expect(translation.actions == [.drop(reason: 2)])
}

@Test func `clones nest as deep as resubmits, and no deeper`() throws {
  func nested(_ count: Int) -> Action {
    (0..<count).reduce(.output(OpenFlowPortNumber(1))) { inner, _ in .clone([inner]) }
  }
  let course = Course()
  course.add(course.inner, "p1", OpenFlowPortNumber(1), 1)
  course.add(course.inner, "p2", OpenFlowPortNumber(2), 2)
  try course.rule(course.inner, [], [nested(Translator.maximumDepth - 1)])
  let key = tcpKey(inPort: 2)
  #expect(ports(course.translate(course.inner, key).actions) == [1])
  try course.rule(course.inner, [], [nested(Translator.maximumDepth)])
  #expect(course.translate(course.inner, key).failure == .recursionTooDeep)
  try course.rule(course.inner, [], [.clone([.clone([.resubmit(ResubmitAction(table: 0))])])])
  #expect(course.translate(course.inner, key).failure == .recursionTooDeep)
}

@Test func `resubmits that double end with an error`() throws {
  let course = Course()
  course.add(course.inner, "p1", OpenFlowPortNumber(1), 1)
  for table in 0..<100 as Range<UInt8> {
    try course.rule(
      course.inner, table: table, [],
      [.resubmit(ResubmitAction(table: table + 1)), .resubmit(ResubmitAction(table: table + 1))])
  }
  #expect(course.translate(course.inner, tcpKey()).failure == .tooManyResubmits)
}

@Test func `an action set runs its output last, in the order of the specification`() throws {
  let course = Course()
  course.add(course.inner, "p1", OpenFlowPortNumber(1), 1)
  course.add(course.inner, "p2", OpenFlowPortNumber(2), 2)
  try course.rule(
    course.inner, [], [.writeActions([.output(OpenFlowPortNumber(2)), .pushVLAN(0x8100)]), .gotoTable(1)])
  try course.rule(course.inner, table: 1, [], [.setEthernetSource(9)])
  let actions = course.translate(course.inner, tcpKey()).actions
  #expect(actions.count == 3)
  #expect(actions.last == .output(.init(2)))
  #expect(actions.contains(.pushVLAN(tpid: 0x8100, tci: 0x1000)))
}

@Test func `a patch leads into the peer bridge and changes there are undone`() throws {
  let course = Course()
  course.add(course.inner, "p1", OpenFlowPortNumber(1), 1)
  course.add(course.inner, "p2", OpenFlowPortNumber(2), 2)
  course.add(course.inner, "to-phy", OpenFlowPortNumber(3), nil, .patch(peer: "to-int"))
  course.add(course.outer, "to-int", OpenFlowPortNumber(1), nil, .patch(peer: "to-phy"))
  course.add(course.outer, "eth0", OpenFlowPortNumber(2), 9)
  try course.rule(course.inner, [], [.output(OpenFlowPortNumber(3)), .output(OpenFlowPortNumber(2))])
  try course.rule(course.outer, [], [.setEthernetSource(7), .output(OpenFlowPortNumber(2))])
  let actions = course.translate(course.inner, tcpKey()).actions
  // Set, out of eth0, set back, out of p2.
  #expect(actions.count == 4)
  #expect(ports(actions) == [9, 2])
  guard case .set(let back) = actions[2] else {
    Issue.record("\(actions)")
    return
  }
  #expect(back.value.ethernetSource == MACAddress(0x0200_0000_0001))
}

// MARK: NORMAL

@Test func `NORMAL floods what it does not know, and learns`() throws {
  let course = Course()
  for number in 1...3 as ClosedRange<UInt32> {
    course.add(course.inner, "p\(number)", OpenFlowPortNumber(number), number)
  }
  try course.rule(course.inner, [], [.output(.normal)])
  let first = course.translate(course.inner, tcpKey())
  #expect(ports(first.actions) == [2, 3, 100])
  for credit in first.credits { credit.apply(packets: 1, bytes: 60, now: 1000) }
  var answer = tcpKey(inPort: 2)
  (answer.ethernetSource, answer.ethernetDestination) = (answer.ethernetDestination, answer.ethernetSource)
  #expect(ports(course.translate(course.inner, answer).actions) == [1])
}

@Test func `access ports and trunks carry what they should, tagged as they should`() throws {
  let course = Course()
  course.add(course.inner, "a5", OpenFlowPortNumber(1), 1, vlan: VLANSettings(mode: .access, tag: 5))
  course.add(course.inner, "b5", OpenFlowPortNumber(2), 2, vlan: VLANSettings(mode: .access, tag: 5))
  course.add(course.inner, "c6", OpenFlowPortNumber(3), 3, vlan: VLANSettings(mode: .access, tag: 6))
  course.add(course.inner, "t", OpenFlowPortNumber(4), 4)
  course.add(course.inner, "t6", OpenFlowPortNumber(5), 5, vlan: VLANSettings(mode: .trunk, trunks: [6]))
  try course.rule(course.inner, [], [.output(.normal)])
  let untagged = course.translate(course.inner, tcpKey())
  #expect(
    untagged.actions == [
      .output(.init(2)), .pushVLAN(tpid: 0x8100, tci: 0x1005), .output(.init(4)), .output(.init(100)),
    ])
  let tagged = course.translate(course.inner, tcpKey(inPort: 4, vlan: 6))
  #expect(
    tagged.actions == [
      .popVLAN, .output(.init(3)), .pushVLAN(tpid: 0x8100, tci: 0x1006), .output(.init(5)),
      .output(.init(100)),
    ])
  // An access port takes no tagged frames.
  #expect(course.translate(course.inner, tcpKey(inPort: 1, vlan: 5)).actions.isEmpty)
}

@Test func `frames for bridges themselves are not forwarded`() throws {
  let course = Course()
  course.add(course.inner, "p1", OpenFlowPortNumber(1), 1)
  course.add(course.inner, "p2", OpenFlowPortNumber(2), 2)
  try course.rule(course.inner, [], [.output(.normal)])
  var key = tcpKey()
  key.ethernetDestination = MACAddress(0x0180_c200_0000)
  #expect(course.translate(course.inner, key).actions.isEmpty)
  course.inner.settings.forwardsBPDU = true
  #expect(ports(course.translate(course.inner, key).actions) == [2, 100])
}

@Test func `protected ports do not forward to each other`() throws {
  let course = Course()
  for number in 1...3 as ClosedRange<UInt32> {
    course.add(course.inner, "p\(number)", OpenFlowPortNumber(number), number).port.isProtected = number < 3
  }
  try course.rule(course.inner, [], [.output(.normal)])
  #expect(ports(course.translate(course.inner, tcpKey()).actions) == [3, 100])
}

// MARK: Tunnels

func v4(_ last: UInt8) -> IPv6Address { IPv6Address(mapped: IPv4Address(172, 31, 0, last)) }

func tunnelCourse(_ encapsulation: TunnelKind) throws -> Course {
  let course = Course()
  course.add(course.inner, "p1", OpenFlowPortNumber(1), 1)
  course.add(course.outer, "eth0", OpenFlowPortNumber(1), 9)
  var settings = TunnelSettings(encapsulation: encapsulation)
  settings.remoteAddress = .fixed(v4(2))
  settings.localAddress = .fixed(v4(1))
  settings.keyIn = .flow
  settings.keyOut = .flow
  settings.destinationPort = encapsulation == .vxlan ? 4789 : encapsulation == .geneve ? 6081 : 0
  let tunnel = course.add(course.inner, "tun", OpenFlowPortNumber(2), nil, .tunnel(settings))
  tunnel.datapathNumber = DatapathPortNumber(6)
  #expect(course.environment.tunnels.replace(with: [tunnel]).isEmpty)
  course.environment.endpoints.replace(with: [
    .init(address: v4(1), bridge: "br-phy", prefixBitCount: 120, isOwn: true)
  ])
  course.environment.routes.replace(origin: .endpoint, with: course.environment.endpoints.routes)
  try course.rule(
    course.inner, [(.inPortOXM, 1)], [.setTunnel(100, isWide: false), .output(OpenFlowPortNumber(2))])
  try course.rule(course.inner, [(.inPortOXM, 2), (.tunnelID, 100)], [.output(OpenFlowPortNumber(1))])
  try course.rule(course.outer, [], [.output(.normal)])
  return course
}

@Test func `an unknown next hop is asked for, once a second`() throws {
  let course = try tunnelCourse(.vxlan)
  let first = course.translate(course.inner, tcpKey())
  #expect(first.actions.isEmpty)
  #expect(first.injections.count == 1)
  #expect(first.injections.first?.bridge === course.outer)
  let frame = first.injections.first?.frame ?? []
  #expect(frame.count == 60)
  #expect(Array(frame.prefix(6)) == [255, 255, 255, 255, 255, 255])
  #expect(Array(frame[12..<22]) == [8, 6, 0, 1, 8, 0, 6, 4, 0, 1])
  #expect(Array(frame[28..<32]) == [172, 31, 0, 1])
  #expect(Array(frame[38..<42]) == [172, 31, 0, 2])
  #expect(course.translate(course.inner, tcpKey()).injections.isEmpty)
}

@Test(arguments: [
  (TunnelKind.vxlan, 50), (.gre, 42), (.geneve, 50),
])
func `a known next hop gets the packet with its headers`(_ kind: TunnelKind, _ size: Int)
  throws
{
  let course = try tunnelCourse(kind)
  course.environment.neighbors.learn(
    .init(bridge: "br-phy", address: v4(2)), MACAddress(0x0200_0000_0b02), now: 0)
  let actions = course.translate(course.inner, tcpKey()).actions
  guard case .tunnelPush(let push)? = actions.first else {
    Issue.record("\(actions)")
    return
  }
  #expect(push.header.count == size)
  #expect(push.tunnelPort == .init(6))
  // The underlay's bridge floods, since it has not learned the next hop's port; not to its own port.
  #expect(Array(actions.dropFirst()) == [.output(.init(9))])
  let key = Array(push.header[(size - (kind == .gre ? 4 : 4))...])
  #expect(key == (kind == .gre ? [0, 0, 0, 100] : [0, 0, 100, 0]))
}

@Test(arguments: TunnelKind.allCases, [false, true])
func `a tunnel of any kind is configured, and its headers are those that the datapath takes`(
  kind: TunnelKind, overIPv6: Bool
) throws {
  let row = kind.row
  var options = Settings()
  for (name, value) in [
    ("remote_ip", overIPv6 ? "fd00::2" : "192.0.2.2"), ("key", "flow"), ("csum", "true"), ("seq", "true"),
    ("exts", "gbp"),
  ] {
    options[name] = value
  }
  let settings = try TunnelSettings(name: "t", encapsulation: kind, options: options)
  #expect(settings.destinationPort == row.carrier.defaultPort)
  #expect(settings.hasSequence == row.abilities.contains(.sequence))
  #expect(settings.hasGroupPolicy == row.abilities.contains(.groupPolicy))
  #expect(settings.datapathPortName.hasPrefix(row.portName) && settings.datapathPortName.utf8.count <= 15)

  var key = FlowKey()
  key.tunnelID = 99
  key.tunnelFlags = [.key, .operations]
  let header = TunnelHeader(
    settings: settings, source: overIPv6 ? IPv6Address(high: 1, low: 1) : v4(1),
    destination: overIPv6 ? IPv6Address(high: 1, low: 2) : v4(2), from: MACAddress(2),
    to: MACAddress(4), key: key, inner: FlowKey())
  #expect(TunnelKind(header.kind) == kind)
  let push = TunnelPush(
    tunnelPort: Datapath.DatapathPortNumber(1), outPort: Datapath.DatapathPortNumber(2), kind: header.kind,
    header: header.bytes)
  let text = DatapathText().describe([.tunnelPush(push)])
  #expect(try DatapathText.readActions(text) { _ in nil } == [.tunnelPush(push)], "\(text)")

  // The underlay sees the packet that this end would take out of the tunnel.
  let course = Course()
  let interface = course.add(course.inner, "tun", OpenFlowPortNumber(2), nil, .tunnel(settings))
  interface.datapathNumber = DatapathPortNumber(6)
  let map = TunnelMap()
  #expect(map.replace(with: [interface]).isEmpty)
  var wildcards = FlowKey()
  let port = map.port(terminating: header.outerKey, wildcards: &wildcards)
  #expect(port == interface.datapathNumber)
}

@Test func `a packet for the endpoint is taken out of its tunnel`() throws {
  let course = try tunnelCourse(.vxlan)
  var key = tcpKey()
  key.ethernetDestination = course.outer.ethernetAddress
  key.ipv4Destination = IPv4Address(172, 31, 0, 1)
  key.ipProtocol = 17
  key.transportDestination = 4789
  let translation = course.translate(course.outer, key)
  #expect(translation.actions == [.tunnelPop(.init(6))])
  #expect(translation.wildcards.transportDestination == 0xffff)
  // Another port is nobody's: there is no host behind the endpoint.
  key.transportDestination = 53
  #expect(course.translate(course.outer, key).actions == [.output(.init(101))])
}

@Test func `what comes out of a tunnel belongs to the interface of its addresses and key`() throws {
  let course = try tunnelCourse(.vxlan)
  var key = tcpKey()
  key.tunnelSource = v4(2)
  key.tunnelDestination = v4(1)
  key.tunnelID = 100
  let found = course.environment.tunnels.interface(port: DatapathPortNumber(6), key: key)
  #expect(found?.name == "tun")
  key.tunnelSource = v4(3)
  #expect(course.environment.tunnels.interface(port: DatapathPortNumber(6), key: key) == nil)
}

@Test func `the switch answers ARP for its own endpoint`() throws {
  let course = try tunnelCourse(.vxlan)
  var key = FlowKey()
  key.inPort = OpenFlowPortNumber(1)
  key.ethernetSource = MACAddress(0x0200_0000_0b02)
  key.ethernetDestination = .broadcast
  key.etherType = 0x0806
  key.ipProtocol = 1
  key.ipv4Source = IPv4Address(172, 31, 0, 2)
  key.ipv4Destination = IPv4Address(172, 31, 0, 1)
  key.words[17] = 0x0200_0000_0b02 << 16
  let translation = course.translate(course.outer, key)
  #expect(translation.slowPath == .action)
  let frame = translation.injections.first?.frame ?? []
  #expect(frame.count == 60)
  #expect(Array(frame.prefix(12)) == [2, 0, 0, 0, 0x0b, 2, 2, 0, 0, 0, 0x0b, 1])
  #expect(frame.count > 21 && frame[21] == 2)
  for credit in translation.credits { credit.apply(packets: 1, bytes: 60, now: 1000) }
  #expect(
    course.environment.neighbors.lookup(.init(bridge: "br-phy", address: v4(2)), now: 1001)
      == MACAddress(0x0200_0000_0b02))
}

@Test func `a trace reads as the oracle's does`() throws {
  let course = Course()
  course.add(course.inner, "p1", OpenFlowPortNumber(1), 1)
  course.add(course.inner, "p2", OpenFlowPortNumber(2), 2)
  try course.rule(course.inner, [], [.resubmit(ResubmitAction(table: 1)), .output(OpenFlowPortNumber(2))])
  let root = TraceNode(.bridge, "")
  _ = course.translate(course.inner, tcpKey(), trace: root)
  var text = ""
  root.render(into: &text)
  #expect(text.contains("bridge(\"br-int\")\n----------------\n 0. "))
  #expect(text.contains("\n     1. No match.\n            drop\n    "))
}
