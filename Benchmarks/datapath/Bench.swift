import Datapath

/// An engine, and the part of a daemon that answers its upcalls.
struct Bench: ~Copyable {
  var engine: Engine
  private let prefixes: [(address: UInt32, length: Int)]
  private let ports: [UInt16]
  private var now: UInt64 = 1
  /// What a flow does with a packet.
  private let actions: [DatapathAction]

  init(ruleCount: Int, hasMeter: Bool = false) {
    actions = (hasMeter ? [.meter(0)] : []) + [.output(DatapathPortNumber(2))]
    var configuration = EngineConfiguration()
    configuration.maximumUpcallCount = 64
    engine = Engine(configuration)
    for (number, name) in [(UInt32(1), "p1"), (2, "p2")] {
      let vport = VportMessage(number: DatapathPortNumber(number), type: .netdev, name: name)
      _ = engine.handle(
        message: NetlinkMessage(NetlinkHeader(), .vport(.new, vport)).encode(), nowMilliseconds: 0)
    }
    if hasMeter {
      let meter = DatapathMeter(
        countsKilobits: false, bands: [DatapathMeterBand(.drop, rate: .max)])
      _ = engine.handle(
        message: NetlinkMessage(NetlinkHeader(), .meter(.set, MeterMessage(id: 0, meter))).encode(),
        nowMilliseconds: 0)
    }
    var random = SystemRandom(seed: 7)
    var prefixes: [(UInt32, Int)] = []
    var ports: [UInt16] = []
    if ruleCount > 1 {
      for length in 8..<24 { prefixes.append((UInt32(truncatingIfNeeded: random.next()), length)) }
      ports = [53, 4789]
    }
    self.prefixes = prefixes
    self.ports = ports
  }

  /// Hands in `count` packets, going round the set, and takes out what the engine sends.
  mutating func run(_ packets: PacketSet, count: Int) {
    var index = 0
    var done = 0
    while done < count {
      done += packets.fill(&engine, from: &index, atMost: count - done)
      engine.process(nowMilliseconds: now)
      while let output = engine.nextOutput() { engine.finishOutput(output, sent: output.count) }
      if engine.hasUpcalls { answerUpcalls() }
    }
    now += 1
  }

  private mutating func answerUpcalls() {
    for message in engine.drainUpcalls() {
      guard let decoded = try? NetlinkMessage.decode(message).first,
        case .packet(.miss, let packet) = decoded.body,
        let key = packet.key
      else { continue }
      let flow = FlowMessage(key: key, mask: mask(for: key), actions: actions)
      let request = NetlinkMessage(NetlinkHeader(), .flow(.new, flow)).encode()
      for reply in engine.handle(message: request, nowMilliseconds: now) {
        print("refused:", (try? NetlinkMessage.decode(reply)) as Any)
      }
    }
  }

  /// The bits that a switch would have had to look at to choose a rule for the packet.
  private func mask(for key: FlowKey) -> FlowKey {
    var mask = FlowKey()
    mask.words[0] = ~0
    mask.words[1] = 0xffff
    mask.words[2] = 0xffff
    mask.words[4] = 0x0000_0003_0000_0000
    mask.words[9] = 0xffff_ffff_0000_0000
    guard !prefixes.isEmpty else { return mask }
    let target = UInt32(truncatingIfNeeded: key.words[3])
    var bits = 0
    for prefix in prefixes {
      bits = max(bits, min(prefix.length, (target ^ prefix.address).leadingZeroBitCount + 1))
    }
    mask.words[3] = UInt64(UInt32(truncatingIfNeeded: ~(UInt64(0xffff_ffff) >> UInt64(bits))))
    var portBits = 0
    let port = UInt16(truncatingIfNeeded: key.words[4])
    for rule in ports { portBits = max(portBits, min(16, (port ^ rule).leadingZeroBitCount + 1)) }
    mask.words[4] |= 0xff00_0000_0000_0000
    mask.words[4] |= UInt64(~(UInt16(truncatingIfNeeded: UInt32(0xffff) >> UInt32(portBits))))
    return mask
  }
}
