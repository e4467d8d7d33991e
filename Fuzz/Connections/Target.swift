import Datapath

/// An engine that lives as long as the fuzzer, and tracks whatever it is given.
final class TrackingEngine {
  var engine: Engine
  var now: UInt64 = 1

  init() {
    var configuration = EngineConfiguration()
    configuration.smallSlotCount = 64
    configuration.largeSlotCount = 4
    configuration.maximumFlowCount = 64
    configuration.maximumMaskCount = 16
    engine = Engine(configuration)
    _ = engine.connections.setMaximumCount(2_000)
    for number in UInt32(1)...4 {
      request(
        .vport(.new, VportMessage(number: DatapathPortNumber(number), type: .netdev, name: "p\(number)")))
    }
    var apply = ConnectionTrackAction(zone: 1)
    apply.translation = ConnectionTrackAction.Translation()
    let output = DatapathAction.output(DatapathPortNumber(4))
    install(
      1,
      [
        .connectionTrack(apply), .connectionTrack(translating(.source, [10, 0, 0, 200], [10, 0, 0, 201])),
        output,
      ])
    install(
      2, [.connectionTrack(apply), .connectionTrack(translating(.destination, [10, 0, 0, 9], [])), output])
    var force = ConnectionTrackAction(zone: 1, commits: true)
    force.forces = true
    force.helper = Array("ftp".utf8)
    force.mark = (5, 0xff)
    let wide = [UInt8](repeating: 0xfd, count: 16)
    install(
      3,
      [
        .connectionTrack(force), .connectionTrack(translating(.source, wide, wide)), .connectionTrackClear,
        output,
      ])
  }

  private func translating(
    _ direction: ConnectionTrackAction.Translation.Direction, _ lowest: [UInt8], _ highest: [UInt8]
  ) -> ConnectionTrackAction {
    var action = ConnectionTrackAction(zone: 1, commits: true)
    action.translation = ConnectionTrackAction.Translation(direction: direction)
    action.translation?.lowestAddress = lowest
    action.translation?.highestAddress = highest
    action.translation?.lowestPort = 4_000
    action.translation?.highestPort = 4_003
    return action
  }

  func request(_ body: NetlinkMessage.Body) {
    _ = engine.handle(message: NetlinkMessage(NetlinkHeader(), body).encode(), nowMilliseconds: now)
  }

  private func install(_ port: UInt32, _ actions: [DatapathAction]) {
    var key = FlowKey()
    key[.inPort] = UInt64(port)
    var mask = FlowKey()
    mask.fill(.inPort)
    request(.flow(.new, FlowMessage(key: key, mask: mask, actions: actions)))
  }
}

// The fuzzer has one thread.
nonisolated(unsafe) let tracking = TrackingEngine()

/// Packets one after the other: a byte that says from which port and how much time goes by, two of length, and the packet, whose
/// checksums are made right if the byte says so, since chance seldom does.
func fuzz(_ input: Span<UInt8>) {
  var place = 0
  while place + 3 < input.count {
    let choice = input[place]
    let count = min(Int(input[place + 1]) << 8 | Int(input[place + 2]), input.count - place - 3)
    var packet: [UInt8] = []
    for index in 0..<count { packet.append(input[place + 3 + index]) }
    place += 3 + count
    tracking.now += choice & 0x40 != 0 ? 20_000 : 1
    if choice & 0x80 != 0 { mend(&packet) }
    _ = tracking.engine.receive(
      RawSpan(_elements: packet.span), from: DatapathPortNumber(UInt32(choice % 3 + 1)))
    tracking.engine.process(nowMilliseconds: tracking.now)
    while let output = tracking.engine.nextOutput() {
      tracking.engine.finishOutput(output, sent: output.count)
    }
    _ = tracking.engine.drainUpcalls()
  }
  var position: Int? = 0
  var seen = 0
  while position != nil {
    seen += tracking.engine.connections.next(from: &position, nowMilliseconds: tracking.now).count
  }
  guard seen <= tracking.engine.connections.count, tracking.engine.connections.count <= 2_000 else {
    fatalError("more connections than there may be")
  }
}

/// Makes the checksums of an IPv4 packet right, as far as it has any.
private func mend(_ packet: inout [UInt8]) {
  guard packet.count >= 34, packet[12] == 8, packet[13] == 0 else { return }
  let header = Int(packet[14] & 15) * 4
  guard header >= 20, packet.count >= 14 + header else { return }
  packet[24] = 0
  packet[25] = 0
  store(~sum(packet[14..<14 + header], 0), at: 24, &packet)
  let start = 14 + header
  let end = min(packet.count, 14 + (Int(packet[16]) << 8 | Int(packet[17])))
  let fields: [UInt8: Int] = [1: 2, 6: 16, 17: 6]
  guard let field = fields[packet[23]], end >= start + field + 2 else { return }
  packet[start + field] = 0
  packet[start + field + 1] = 0
  let pseudo = packet[23] == 1 ? 0 : sum(packet[26..<34], UInt32(packet[23]) + UInt32(end - start))
  store(~sum(packet[start..<end], pseudo), at: start + field, &packet)
}

private func sum(_ bytes: ArraySlice<UInt8>, _ first: UInt32) -> UInt32 {
  var sum = first
  for (index, byte) in bytes.enumerated() { sum += index % 2 == 0 ? UInt32(byte) << 8 : UInt32(byte) }
  while sum > 0xffff { sum = (sum >> 16) + (sum & 0xffff) }
  return sum
}

private func store(_ value: UInt32, at place: Int, _ packet: inout [UInt8]) {
  packet[place] = UInt8(truncatingIfNeeded: value >> 8)
  packet[place + 1] = UInt8(truncatingIfNeeded: value)
}
