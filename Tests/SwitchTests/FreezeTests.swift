import Datapath
import OpenFlow
import PacketWire
import Testing

@testable import Switch

/// A translation of the packet that goes on from the only recirculation among actions.
private func resumed(
  _ course: Course, _ translation: Translation, _ change: (inout FlowKey) -> Void = { _ in }
) throws -> Translation {
  let number = try #require(recirculations(translation.actions).first)
  var key = tcpKey()
  key[.recirculationID] = UInt64(number)
  change(&key)
  let request = TranslationRequest(
    bridge: course.inner, key: key, now: 1000, frozen: course.environment.frozen.frozen(number, now: 1000))
  return Translator.translate(request, course.environment)
}

private func recirculations(_ actions: [DatapathAction]) -> [UInt32] {
  actions.flatMap { action -> [UInt32] in
    switch action {
    case .recirculate(let number): [number]
    case .clone(let inner): recirculations(inner)
    case .checkPacketLength(_, let greater, let less): recirculations(greater) + recirculations(less)
    default: []
    }
  }
}

private func withPorts() -> Course {
  let course = Course()
  for number in 1...4 as ClosedRange<UInt32> {
    course.add(course.inner, "p\(number)", OpenFlowPortNumber(number), number)
  }
  return course
}

private func toTable(_ table: UInt8) -> Action { .resubmit(ResubmitAction(port: .inPort, table: table)) }
private func out(_ port: UInt32) -> Action { .output(OpenFlowPortNumber(port)) }

@Test func `a packet that comes back goes on with the rest of every list, from the inside out`() throws {
  let course = withPorts()
  try course.rule(course.inner, cookie: 1, [], [.setField(.register0, 7), toTable(1), out(3)])
  try course.rule(
    course.inner, table: 1, cookie: 2, [], [.debugRecirculate, .stackPush(Subfield(.register0)), toTable(2)])
  try course.rule(course.inner, table: 2, [(.register0, 7)], [out(2), .writeActions([out(4)])])
  let first = course.translate(course.inner, tcpKey())
  #expect(first.actions.count == 1)
  #expect(ports(try resumed(course, first).actions) == [2, 3, 4])
}

@Test func `the same state has the same number, and another has another`() throws {
  let course = withPorts()
  try course.rule(
    course.inner, [], [.move(from: Subfield(.ipSource), to: Subfield(.register0)), .debugRecirculate, out(2)])
  let first = course.translate(course.inner, tcpKey()).actions
  #expect(course.translate(course.inner, tcpKey()).actions == first)
  var other = tcpKey()
  other.ipv4Source = IPv4Address(10, 0, 0, 9)
  #expect(course.translate(course.inner, other).actions != first)
  #expect(course.environment.frozen.count == 2)
}

@Test func `registers, stack, action set and the port come back with a packet`() throws {
  let course = withPorts()
  try course.rule(
    course.inner, [],
    [
      .setField(.metadata, 5), .setField(.register3, 9), .stackPush(Subfield(.register3)), .debugRecirculate,
      .stackPop(Subfield(.register4)), toTable(1),
    ])
  try course.rule(course.inner, table: 1, [(.metadata, 5), (.register4, 9), (.inPortOXM, 1)], [out(2)])
  let first = course.translate(course.inner, tcpKey())
  #expect(ports(try resumed(course, first) { $0.inPort = .none }.actions) == [2])
}

@Test func `states expire when neither packets nor flows mention them, and go with their bridge`() {
  let table = FrozenTable()
  let course = Course()
  let place = Place(bridge: course.inner, table: 0, packet: PipelinePacket(key: tcpKey()))
  let number = table.number(of: Frozen(place, next: .table(1)), now: 0)
  Credit.frozen(table, number).apply(packets: 1, bytes: 1, now: 50_000)
  table.expire(now: 100_000, idleMilliseconds: 10_000)
  #expect(table.count == 1)
  table.expire(now: 120_000, idleMilliseconds: 10_000)
  #expect(table.count == 0)
  #expect(table.number(of: Frozen(place, next: .table(1)), now: 0) != number)
  table.remove(bridge: "br-int")
  #expect(table.count == 0)
  #expect(table.frozen(number, now: 0) == nil && table.unknownCount == 1)
}

@Test func `a packet that comes back with a number that no state has is dropped`() {
  let course = withPorts()
  var key = tcpKey()
  key[.recirculationID] = 77
  #expect(course.translate(course.inner, key).failure == .noRecirculationContext)
}

// MARK: Labels

@Test func `what lies beneath the last label is read before a table is searched for it`() throws {
  let course = withPorts()
  try course.rule(course.inner, [(.ethType, 0x8847)], [.popMPLS(0x0800), toTable(1)])
  try course.rule(course.inner, table: 1, [(.ethType, 0x0800), (.ipDestination, 0x0a00_0002)], [out(2)])
  var key = FlowKey()
  key.inPort = OpenFlowPortNumber(1)
  key.etherType = 0x8847
  key[.mplsEntry0] = 0x0006_4140
  let first = course.translate(course.inner, key)
  #expect(first.actions.first == .popMPLS(etherType: 0x0800))
  #expect(ports(try resumed(course, first).actions) == [2])
}

@Test func `a label that is taken off needs no other lookup for an output`() throws {
  let course = withPorts()
  try course.rule(course.inner, [(.ethType, 0x8847)], [.popMPLS(0x0800), .setEthernetSource(9), out(2)])
  var key = FlowKey()
  key.inPort = OpenFlowPortNumber(1)
  key.etherType = 0x8847
  key[.mplsEntry0] = 0x0006_4140
  let actions = course.translate(course.inner, key).actions
  #expect(recirculations(actions).isEmpty && ports(actions) == [2])
}

// MARK: Connection tracking

private func track(_ change: (inout OpenFlow.ConnectionTrackAction) -> Void = { _ in }) -> Action {
  var track = OpenFlow.ConnectionTrackAction()
  change(&track)
  return .connectionTrack(track)
}

@Test func `ct with a table sends a copy there, and the packet goes on untracked`() throws {
  let course = withPorts()
  try course.rule(course.inner, [(.ethType, 0x0800)], [track { $0.table = 1 }, toTable(1)])
  try course.rule(course.inner, table: 1, [(.ctState, 0)], [out(2)])
  try course.rule(course.inner, table: 1, priority: 40000, [(.ctState, 0x21)], [out(3)])
  let first = course.translate(course.inner, tcpKey())
  #expect(first.actions.first == .connectionTrack(Datapath.ConnectionTrackAction()))
  #expect(recirculations(first.actions).count == 1 && ports(first.actions) == [2])
  #expect(ports(try resumed(course, first) { $0[.ctState] = 0x21 }.actions) == [3])
}

@Test func `ct takes its zone from a field, and mark and label from actions inside`() throws {
  let course = withPorts()
  let action = track {
    $0.commits = true
    $0.zoneSource = Subfield(.register0, offset: 0, bitCount: 16)
    $0.actions = [
      .setField(SetFieldAction(.ctMark, value: 0xa0, mask: 0xf0)),
      .move(
        from: Subfield(.register1, offset: 0, bitCount: 32), to: Subfield(.ctLabel, offset: 96, bitCount: 32)),
    ]
  }
  try course.rule(
    course.inner, [(.ethType, 0x0800)], [.setField(.register0, 77), .setField(.register1, 5), action, out(2)])
  let translation = course.translate(course.inner, tcpKey())
  guard case .connectionTrack(let tracked)? = translation.actions.first else {
    Issue.record("no ct")
    return
  }
  #expect(tracked.zone == 77 && tracked.commits && !tracked.forces)
  #expect(tracked.mark.map { $0 == (0xa0, 0xf0) } == true)
  #expect(tracked.label.map { $0 == (5 << 96, 0xffff_ffff << 96) } == true)
  #expect(translation.wildcards[.ctMark] == 0)
  #expect(KeyPlace.ctLabel.words.allSatisfy { translation.wildcards.words[$0] == 0 })
}

@Test func `ct within a clone runs on a copy, since what it does can't be undone`() throws {
  let course = withPorts()
  try course.rule(
    course.inner, [(.ethType, 0x0800)], [.clone([track { $0.commits = true }, out(2)]), out(3)])
  let actions = course.translate(course.inner, tcpKey()).actions
  var expected = Datapath.ConnectionTrackAction()
  expected.commits = true
  #expect(
    actions == [
      .clone([.connectionTrack(expected), .output(DatapathPortNumber(2))]), .output(DatapathPortNumber(3)),
    ])
}

@Test func `ct_clear forgets the state of a packet that is tracked, and does nothing to others`() throws {
  let course = withPorts()
  try course.rule(course.inner, [(.ethType, 0x0800)], [.connectionTrackClear, track { $0.table = 1 }])
  try course.rule(course.inner, table: 1, [], [.connectionTrackClear, toTable(2)])
  try course.rule(course.inner, table: 2, [(.ctState, 0)], [out(2)])
  let first = course.translate(course.inner, tcpKey())
  #expect(!first.actions.contains(.connectionTrackClear))
  let second = try resumed(course, first) { $0[.ctState] = 0x21 }
  #expect(second.actions == [.connectionTrackClear, .output(DatapathPortNumber(2))])
}

// MARK: Length

@Test func `check_pkt_larger goes both ways to the end of every list`() throws {
  let course = withPorts()
  let bit = Subfield(.register0, offset: 0, bitCount: 1)
  try course.rule(course.inner, [], [toTable(1), out(4)])
  try course.rule(course.inner, table: 1, [], [.checkPacketLarger(byteCount: 1500, to: bit), toTable(2)])
  try course.rule(course.inner, table: 2, [(.register0, 1)], [out(2)])
  try course.rule(course.inner, table: 2, [(.register0, 0)], [out(3)])
  let (two, three, four) = (DatapathPortNumber(2), DatapathPortNumber(3), DatapathPortNumber(4))
  #expect(
    course.translate(course.inner, tcpKey()).actions == [
      .checkPacketLength(
        threshold: 1500, greater: [.output(two), .output(four)], lessOrEqual: [.output(three), .output(four)])
    ])
}

@Test func `checks of the length that follow each other end at a limit`() throws {
  let course = withPorts()
  let check = Action.checkPacketLarger(byteCount: 1500, to: Subfield(.register0, offset: 0, bitCount: 1))
  try course.rule(course.inner, [], [Action](repeating: check, count: 200) + [out(2)])
  #expect(course.translate(course.inner, tcpKey()).failure != nil)
}

// MARK: Packets of controllers

@Test(arguments: [OpenFlowPortNumber.none, .controller])
func `NORMAL floods a packet that a controller sends of its own`(port: OpenFlowPortNumber) throws {
  let course = withPorts()
  var key = tcpKey()
  key.inPort = port
  let translation = course.translate(course.inner, key, actions: [.output(.normal)])
  #expect(ports(translation.actions) == [1, 2, 3, 4, 100])
  #expect(!translation.credits.contains { if case .address = $0 { true } else { false } })
}

// MARK: What was looked at

/// Tables and packets at random, for actions that leave the way or lead into groups.
private struct Chance {
  var random: SplitMix64

  mutating func pick<Value>(_ values: [Value]) -> Value { values[Int(random.next() % UInt64(values.count))] }
  mutating func isIn(_ percent: UInt64) -> Bool { random.next() % 100 < percent }

  mutating func match() -> [(Field, FieldValue)] {
    var fields: [(Field, FieldValue)] = []
    if isIn(40) { fields.append((.ethType, pick([0x0800, 0x86dd, 0x0806, 0x8847]))) }
    if isIn(20) { fields.append((.inPortOXM, pick([1, 2]))) }
    if isIn(20) { fields.append((.ethDestination, pick([0x0200_0000_0002, 0x0200_0000_0003]))) }
    if isIn(30) { fields.append((.ctState, pick([0, 0x21, 0x22]))) }
    if isIn(15) { fields.append((.ctMark, pick([0, 1]))) }
    if isIn(15) { fields.append((.ctZone, pick([0, 5]))) }
    if isIn(25) { fields.append((pick([.register0, .register1]), pick([0, 1, 7]))) }
    if fields.contains(where: { $0.0 == .ethType && $0.1 == 0x0800 }) {
      if isIn(40) { fields.append((.ipDestination, pick([0x0a00_0002, 0x0a00_0003]))) }
      if isIn(40) {
        fields.append((.ipProtocol, 6))
        if isIn(60) { fields.append((.tcpDestination, pick([80, 81]))) }
      }
    }
    return fields
  }

  mutating func actions(after table: UInt8, _ fields: [(Field, FieldValue)]) -> [Action] {
    let isIPv4 = fields.contains { $0.0 == .ethType && $0.1 == 0x0800 }
    let isMPLS = fields.contains { $0.0 == .ethType && $0.1 == 0x8847 }
    let next = table + 1
    return (0..<(1 + random.next() % 3)).map { _ in
      var choices: [Action] = [
        out(2), out(3), out(4), .setField(.register0, pick([1, 7])),
        .setEthernetDestination(0x0200_0000_0003),
        .move(from: Subfield(.register0), to: Subfield(.register1)),
        .checkPacketLarger(byteCount: 1000, to: Subfield(.register1, offset: 0, bitCount: 1)),
        .clone([.setField(.register1, 7), toTable(next)]), .debugRecirculate, .pushVLAN(0x8100),
        .stripVLAN(isPop: true),
        .output(.normal), .connectionTrackClear, .group(pick([1, 2, 3])),
        .resubmit(ResubmitAction(port: .inPort, table: next)),
        .pushMPLS(0x8847),
      ]
      if isIPv4 {
        let zone = UInt16(random.next() % 2) * 5
        choices += [
          track {
            $0.table = next; $0.zone = zone
          },
          track {
            $0.commits = true; $0.actions = [.setField(.ctMark, 1)]
          },
          track { $0.zoneSource = Subfield(.ethSource, offset: 0, bitCount: 16) },
          .decrementTTL(controllers: [0]),
          .setField(.ipDestination, 0x0a00_0003),
          .move(from: Subfield(.ipSource), to: Subfield(.ipDestination)),
        ]
      }
      if isMPLS { choices += [.popMPLS(0x0800), .popMPLS(0x8847), .setMPLSTTL(9), .decrementMPLSTTL] }
      return pick(choices)
    }
  }

  mutating func packet() -> FlowKey {
    var key = tcpKey(inPort: pick([1, 2]), vlan: pick([0, 0, 5]))
    key[.ctState] = pick([0, 0, 0x21, 0x22])
    if key[.ctState] != 0 {
      key[.ctZone] = pick([0, 5])
      key[.ctMark] = pick([0, 1])
    }
    if isIn(30) {
      for word in [KeyPlace.ipSource.word, KeyPlace.ipProtocol.word] { key.words[word] = 0 }
      key.etherType = 0x8847
      key[.mplsEntry0] = pick([0x0006_4140, 0x0006_4040])
      if key[.mplsEntry0] & 0x100 == 0 { key[.mplsEntry1] = 0x0007_4140 }
    }
    return key
  }
}

@Test func `every bit that a translation left wild may have any value`() throws {
  for seed in 1...60 as ClosedRange<UInt64> {
    var chance = Chance(random: SplitMix64(seed: seed))
    let course = withPorts()
    for text in [
      "group_id=1,type=all,bucket=output:2,bucket=resubmit(,3),output:3",
      "group_id=2,type=select,selection_method=dp_hash,bucket=output:2,bucket=output:3,bucket=output:4",
      "group_id=3,type=indirect,bucket=group:1",
    ] { try GroupTranslationTests.put(text, course) }
    for table in 0..<5 as Range<UInt8> {
      for priority in 1...6 as ClosedRange<UInt16> {
        let fields = chance.match()
        try course.rule(
          course.inner, table: table, priority: priority, fields, chance.actions(after: table, fields))
      }
    }
    for _ in 0..<6 {
      let key = chance.packet()
      try flipWildBits(course, key, nil, seed, depth: 0)
    }
  }
}

/// Translates a packet, then the same with each bit changed that was not looked at, and goes on wherever it comes back.
private func flipWildBits(
  _ course: Course, _ key: FlowKey, _ frozen: Frozen?, _ seed: UInt64, depth: Int
) throws {
  func translate(_ key: FlowKey) -> Translation {
    let request = TranslationRequest(bridge: course.inner, key: key, now: 1000, frozen: frozen)
    return Translator.translate(request, course.environment)
  }
  let expected = translate(key)
  // Bits that no packet can have, or that a change of which makes another kind of packet with other fields.
  let places: [KeyPlace] = [
    .ethDestination, .ethSource, .vlanTCI, .ipSource, .ipDestination, .ipProtocol, .ctState, .ctZone, .ctMark,
    .mplsEntry0, .mplsEntry1, .datapathHash, .skbPriority,
  ]
  var words: Set<Int> = []
  for place in places { words.insert(place.word) }
  for word in words.sorted() {
    for bit in 0..<64 as Range<UInt64> where expected.wildcards.words[word] & 1 << bit == 0 {
      var other = key
      other.words[word] ^= 1 << bit
      guard isPacket(other, key) else { continue }
      let found = translate(other)
      guard found.actions != expected.actions || found.wildcards != expected.wildcards else { continue }
      Issue.record(
        "seed \(seed), depth \(depth): word \(word), bit \(bit): \(expected.actions) is \(found.actions)")
      return
    }
  }
  guard depth < 3 else { return }
  for number in recirculations(expected.actions) {
    var next = key
    next[.recirculationID] = UInt64(number)
    next[.ctState] = 0x21
    next[.datapathHash] = 0x1234_5678
    try flipWildBits(
      course, next, course.environment.frozen.frozen(number, now: 1000), seed, depth: depth + 1)
  }
}

/// Whether a packet can differ from another in this way alone.
private func isPacket(_ key: FlowKey, _ other: FlowKey) -> Bool {
  // What has no tag has nothing in its place, and neither has what has no labels or no IP header.
  if key[.vlanTCI] != other[.vlanTCI], !other.hasVLAN || !key.hasVLAN { return false }
  if !other.isMPLS, key[.mplsEntry0] != 0 || key[.mplsEntry1] != 0 { return false }
  let ipWords = [KeyPlace.ipSource.word, KeyPlace.ipProtocol.word]
  for word in ipWords where other.isMPLS && key.words[word] != other.words[word] { return false }
  if other.isMPLS, other[.mplsEntry0] & 0x100 != 0, key[.mplsEntry1] != 0 { return false }
  for place in [KeyPlace.ipProtocol, .ethType] where key[place] != other[place] { return false }
  if key.inPort != other.inPort || key[.recirculationID] != other[.recirculationID] { return false }
  // What comes from a port has no hash, and what has been hashed keeps one.
  if other[.recirculationID] == 0 { return key[.datapathHash] == other[.datapathHash] }
  return key[.datapathHash] != 0 || other[.datapathHash] == 0
}
