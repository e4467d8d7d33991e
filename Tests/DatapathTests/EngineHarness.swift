import Datapath
import TestSupport

/// An engine with ports 1 to 4, and what a worker and a daemon do around it.
final class EngineHarness {
  var engine: Engine
  var now: UInt64 = 1000

  init(capabilities: OffloadCapabilities = [], _ change: (inout EngineConfiguration) -> Void = { _ in }) {
    var configuration = EngineConfiguration()
    configuration.smallSlotCount = 512
    configuration.largeSlotCount = 32
    change(&configuration)
    engine = Engine(configuration)
    for number in UInt32(1)...4 {
      add(VportMessage(number: DatapathPortNumber(number), type: .netdev, name: "p\(number)"))
      engine.setCapabilities(capabilities, of: DatapathPortNumber(number))
    }
  }

  func add(_ port: VportMessage) { _ = request(.vport(.new, port)) }

  /// Sends a request and decodes what comes back.
  @discardableResult
  func request(_ body: NetlinkMessage.Body, flags: MessageFlags = [.request, .acknowledge])
    -> [NetlinkMessage]
  {
    let bytes = NetlinkMessage(NetlinkHeader(flags: flags, sequence: 5), body).encode()
    return engine.handle(message: bytes, nowMilliseconds: now).flatMap {
      (try? NetlinkMessage.decode($0)) ?? []
    }
  }

  /// Installs actions for all packets of a port; further words may be matched.
  @discardableResult
  func forward(_ port: UInt32, _ actions: [DatapathAction], recirculation: UInt32 = 0) -> [NetlinkMessage] {
    var key = FlowKey()
    key.words[0] = UInt64(port) << 32 | UInt64(recirculation)
    var mask = FlowKey()
    mask.words[0] = ~0
    // A message cannot leave open whether there is a tag, so the three cases are three flows.
    var replies: [NetlinkMessage] = []
    for (tci, inner) in [(UInt64(0), UInt64(0)), (0x1000, 0), (0x1000, 0x1000)] {
      key.words[2] = tci
      mask.words[2] = tci == 0 ? 0xffff : 0x1000
      key.words[5] = inner << 16 | (tci == 0 ? 0 : 0x8100_0000_0000) | (inner == 0 ? 0 : 0x8100)
      mask.words[5] = inner == 0 ? 0xffff_0000 : 0x1000_0000
      replies += request(.flow(.new, FlowMessage(key: key, mask: mask, actions: actions)))
    }
    return replies
  }

  /// Hands in packets, runs a batch, and returns what was sent.
  func send(_ packets: [[UInt8]], from port: UInt32 = 1, offload: Offload = Offload(), tag: UInt32 = 0)
    -> [Sent]
  {
    for packet in packets {
      _ = engine.receive(
        RawSpan(_elements: packet.span), from: DatapathPortNumber(port), offload: offload, tag: tag)
    }
    engine.process(nowMilliseconds: now)
    return drain()
  }

  /// Takes out what the engine has to send.
  func drain() -> [Sent] { engine.takeSent() }

  /// The messages for the daemon.
  func upcalls() -> [(command: PacketMessage.Command, message: PacketMessage)] {
    engine.drainUpcalls().compactMap { bytes in
      guard case .packet(let command, let message)? = (try? NetlinkMessage.decode(bytes))?.first?.body else {
        return nil
      }
      return (command, message)
    }
  }

  /// The key of a packet, as the daemon is told.
  func key(_ packet: [UInt8]) -> FlowKey? {
    _ = send([packet], from: 4)
    return upcalls().first?.message.key
  }

  func drops(_ reason: DropReason) -> UInt64 { engine.dropCount(reason) }
  var totalDrops: UInt64 { DropReason.allCases.reduce(0) { $0 + engine.dropCount($1) } }
  var statistics: DatapathStatistics { engine.statistics }
}

/// An output action.
func output(_ port: UInt32) -> DatapathAction { .output(DatapathPortNumber(port)) }

/// A set action made of fields of a key.
func set(_ attribute: KeyAttribute, _ fields: (word: Int, shift: Int, bits: Int, value: UInt64)...)
  -> DatapathAction
{
  var value = FlowKey()
  var mask = FlowKey()
  for field in fields {
    value[word: field.word, shift: field.shift, bitCount: field.bits] = field.value
    mask[word: field.word, shift: field.shift, bitCount: field.bits] = ~0
  }
  return .set(SetAction(attribute, value: value, mask: mask))
}
