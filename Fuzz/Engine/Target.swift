import Datapath

/// An engine that lives as long as the fuzzer, with flows that rewrite, tag, encapsulate and decapsulate.
final class FuzzedEngine {
  var engine: Engine
  var now: UInt64 = 1

  init() {
    var configuration = EngineConfiguration()
    configuration.smallSlotCount = 256
    configuration.largeSlotCount = 8
    configuration.maximumFlowCount = 4096
    configuration.maximumMaskCount = 64
    engine = Engine(configuration)
    for number in UInt32(1)...4 {
      request(
        .vport(.new, VportMessage(number: DatapathPortNumber(number), type: .netdev, name: "p\(number)")))
    }
    request(.vport(.new, VportMessage(number: DatapathPortNumber(6), type: .vxlan, name: "vxlan_sys_4789")))
    request(.vport(.new, VportMessage(number: DatapathPortNumber(7), type: .gre, name: "gre_sys")))
    request(.vport(.new, VportMessage(number: DatapathPortNumber(8), type: .geneve, name: "genev_sys_6081")))
  }

  func request(_ body: NetlinkMessage.Body) {
    _ = engine.handle(message: NetlinkMessage(NetlinkHeader(), body).encode(), nowMilliseconds: now)
  }

  /// Everything from a port is treated so, whatever it looks like.
  func install(_ port: UInt32, _ actions: [DatapathAction]) {
    var key = FlowKey()
    key.words[0] = UInt64(port) << 32
    var mask = FlowKey()
    mask.words[0] = ~0
    request(.flow(.new, FlowMessage(key: key, mask: mask, actions: actions)))
  }

  func drain() {
    while let output = engine.nextOutput() { engine.finishOutput(output, sent: output.count) }
    _ = engine.drainUpcalls()
  }
}

// The fuzzer has one thread.
nonisolated(unsafe) let fuzzed: FuzzedEngine = {
  let fuzzed = FuzzedEngine()
  fuzzed.install(1, [.pushVLAN(tpid: 0x8100, tci: 0x1005), .output(.init(2)), .popVLAN, .output(.init(3))])
  fuzzed.install(2, [.tunnelPop(.init(6))])
  fuzzed.install(3, [.tunnelPop(.init(7))])
  fuzzed.install(4, [.tunnelPop(.init(8))])
  return fuzzed
}()

/// The first byte says whether the rest is a message of the daemon or a packet, and from which port.
func fuzz(_ input: Span<UInt8>) {
  guard input.count > 1 else { return }
  fuzzed.now += 1
  var rest: [UInt8] = []
  for index in 1..<input.count { rest.append(input[index]) }
  switch input[0] & 7 {
  case 0:
    _ = fuzzed.engine.handle(message: rest, nowMilliseconds: fuzzed.now)
  case let port:
    let bytes = RawSpan(_elements: rest.span)
    _ = fuzzed.engine.receive(bytes, from: DatapathPortNumber(UInt32(port)))
    fuzzed.engine.process(nowMilliseconds: fuzzed.now)
  }
  fuzzed.drain()
}
