import Datapath
import TestSupport
import Testing

/// A flow message that uses much of the format.
func sampleFlow() -> FlowMessage {
  var key = FlowKey()
  key[word: 0, shift: 32, bitCount: 32] = 7
  key.words[1] = 0x0000_5e00_5301_0800
  key.words[2] = 0x0000_5e00_5302_1064
  key.words[3] = 0x0a00_0001_0a00_0002
  key.words[4] = 0x1100_4000_0035_3039
  key[word: 5, shift: 32, bitCount: 16] = 0x8100
  key.words[30] = 0xc0a8_0001_c0a8_0002
  key.words[35] = 77
  key.words[36] = 0x000a_0040_0000_12b5
  var mask = FlowKey()
  mask[word: 0, shift: 32, bitCount: 32] = 0xffff_ffff
  mask[word: 1, shift: 0, bitCount: 16] = 0xffff
  mask.words[2] = 0xffff
  mask[word: 5, shift: 32, bitCount: 16] = 0xffff
  mask[word: 5, shift: 16, bitCount: 16] = 0xffff
  mask.words[3] = 0xffff_ff00
  mask.words[4] = 0xff00_0003_0000_ffff
  mask.words[35] = ~0
  mask.words[36] = 0x0008_0000_0000_0000
  var message = FlowMessage(key: key, mask: mask, actions: sampleActions())
  message.identifier = FlowIdentifier(high: 1, low: 2)
  var statistics = FlowStatistics()
  statistics.packets = 3
  statistics.bytes = 300
  statistics.usedMilliseconds = 12345
  statistics.tcpFlags = 0x12
  message.statistics = statistics
  return message
}

/// Messages of every family.
func sampleMessages() -> [NetlinkMessage] {
  var datapath = DatapathMessage(name: "ovs-system")
  var counters = DatapathStatistics()
  counters.hits = 5
  counters.masks = 3
  datapath.statistics = counters
  datapath.drops = DropCounts { UInt64($0.rawValue) << 40 }
  var vport = VportMessage(number: DatapathPortNumber(3), type: .vxlan, name: "vxlan_sys_4789")
  vport.options = VportOptions(destinationPort: 4789)
  vport.options?.usesGroupPolicy = true
  vport.upcallProcessIDs = [1, 2]
  var ports = VportStatistics()
  ports.sentDropped = 8
  vport.statistics = ports
  var packet = PacketMessage(packet: [1, 2, 3], actions: sampleActions())
  packet.userData = [4, 5]
  packet.hash = 6
  packet.originalByteCount = 1500
  let header = NetlinkHeader(flags: [.request, .echo], sequence: 4, processID: 5, datapathIndex: 6)
  return [
    NetlinkMessage(header, .datapath(.new, datapath)), NetlinkMessage(header, .vport(.set, vport)),
    NetlinkMessage(header, .flow(.new, sampleFlow())), NetlinkMessage(header, .packet(.execute, packet)),
    NetlinkMessage(NetlinkHeader(sequence: 4), .error(17)), NetlinkMessage(NetlinkHeader(sequence: 4), .done),
  ]
}

@Test func `messages of every family survive a round trip`() throws {
  for message in sampleMessages() { #expect(try NetlinkMessage.decode(message.encode()) == [message]) }
}

@Test func `every truncation of a message is refused or means less, and never traps`() {
  for message in sampleMessages() {
    let bytes = message.encode()
    for count in 0..<bytes.count {
      var cut = Array(bytes[..<count])
      #expect((try? NetlinkMessage.decode(cut)) ?? [] == [])
      if count >= 4 { (cut[0], cut[1]) = (UInt8(count & 0xff), UInt8(count >> 8)) }
      _ = try? NetlinkMessage.decode(cut)
    }
  }
}

@Test func `changed bytes never trap the decoder`() {
  var random = SeededRandom(seed: 1)
  for message in sampleMessages() {
    let bytes = message.encode()
    for _ in 0..<3_000 {
      var changed = bytes
      for _ in 0..<4 { changed[random.below(changed.count)] = UInt8(random.below(256)) }
      if let decoded = try? NetlinkMessage.decode(changed) { for message in decoded { _ = message.encode() } }
    }
  }
}

@Test func `nesting has a limit`() {
  var bytes: [UInt8] = []
  for _ in 0..<100 {
    var writer = AttributeWriter()
    writer.put(20, bytes: bytes)
    bytes = writer.bytes
  }
  var writer = AttributeWriter()
  writer.put(1, bytes: [0])
  writer.put(3, bytes: bytes)
  var message = NetlinkMessage(NetlinkHeader(), .packet(.execute, PacketMessage(packet: []))).encode()
  message.removeSubrange(24...)
  message += writer.bytes
  (message[0], message[1]) = (UInt8(message.count & 0xff), UInt8(message.count >> 8))
  #expect(throws: MessageError.nestingTooDeep) { try NetlinkMessage.decode(message) }
}
