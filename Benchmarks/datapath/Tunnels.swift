import Datapath
import Foundation

/// Headers as a switch prebuilds them.
struct PrebuiltTunnel {
  let name: String
  let type: VportType
  let header: [UInt8]

  private static func ethernetIPv4(_ proto: UInt8) -> [UInt8] {
    [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0] + [0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, proto, 0, 0]
      + [192, 0, 2, 1, 192, 0, 2, 2]
  }

  static var all: [PrebuiltTunnel] {
    let vxlan: [UInt8] = [8, 0, 0, 0, 0, 0, 77, 0]
    let geneve: [UInt8] = [2, 0, 0x65, 0x58, 0, 0, 77, 0, 1, 2, 0x80, 1, 10, 11, 12, 13]
    let gre: [UInt8] = [0x20, 0, 0x65, 0x58, 0, 0, 0, 77]
    return [
      PrebuiltTunnel(
        name: "vxlan", type: .vxlan, header: ethernetIPv4(17) + [0, 0, 0x12, 0xb5, 0, 0, 0, 0] + vxlan),
      PrebuiltTunnel(
        name: "vxlan csum", type: .vxlan, header: ethernetIPv4(17) + [0, 0, 0x12, 0xb5, 0, 0, 1, 1] + vxlan),
      PrebuiltTunnel(
        name: "geneve", type: .geneve, header: ethernetIPv4(17) + [0, 0, 0x17, 0xc1, 0, 0, 0, 0] + geneve),
      PrebuiltTunnel(name: "gre", type: .gre, header: ethernetIPv4(47) + gre),
    ]
  }
}

/// An engine that puts what comes in by port 1 into a tunnel, and takes what comes in by port 2 out of it.
struct TunnelBench: ~Copyable {
  private var engine: Engine
  private var now: UInt64 = 1
  private var lastSent: [UInt8] = []

  init(_ tunnel: PrebuiltTunnel) {
    engine = Engine(EngineConfiguration())
    for (number, type) in [(UInt32(1), VportType.netdev), (2, .netdev), (10, tunnel.type)] {
      let vport = VportMessage(number: DatapathPortNumber(number), type: type, name: "p\(number)")
      request(.vport(.new, vport))
    }
    let push = TunnelPush(
      tunnelPort: DatapathPortNumber(10), outPort: DatapathPortNumber(2), kind: tunnel.type,
      header: tunnel.header)
    forward(1, [.tunnelPush(push), .output(DatapathPortNumber(2))])
    forward(2, [.tunnelPop(DatapathPortNumber(10))])
    forward(10, [.output(DatapathPortNumber(1))])
  }

  private mutating func request(_ body: NetlinkMessage.Body) {
    for reply in engine.handle(message: NetlinkMessage(NetlinkHeader(), body).encode(), nowMilliseconds: now)
    {
      print("refused:", (try? NetlinkMessage.decode(reply)) as Any)
    }
  }

  private mutating func forward(_ port: UInt32, _ actions: [DatapathAction]) {
    var key = FlowKey()
    key.words[0] = UInt64(port) << 32
    var mask = FlowKey()
    mask.words[0] = ~0
    mask.words[2] = 0xffff
    mask.words[5] = 0xffff_0000
    request(.flow(.new, FlowMessage(key: key, mask: mask, actions: actions)))
  }

  /// Hands in a packet `count` times and answers what it became.
  mutating func run(_ packet: [UInt8], from port: UInt32, count: Int) -> [UInt8] {
    let bytes = RawSpan(_elements: packet.span)
    var sent: [UInt8] = []
    var done = 0
    while done < count {
      var batch = 0
      while batch < Engine.batchCapacity && done < count {
        _ = engine.receive(bytes, from: DatapathPortNumber(port))
        batch += 1
        done += 1
      }
      engine.process(nowMilliseconds: now)
      while let output = engine.nextOutput() {
        if sent.isEmpty, let first = engine.first(of: output) {
          unsafe sent.append(contentsOf: engine.pointer(of: first))
        }
        engine.finishOutput(output, sent: output.count)
      }
    }
    now += 1
    return sent
  }
}

/// Measures the way into and out of each kind of tunnel.
func measureTunnels(_ options: Options) {
  print("    tunnel       bytes    into, ns   out of, ns")
  for tunnel in PrebuiltTunnel.all {
    for size in [60, 1_400] {
      var packet = [UInt8](repeating: 7, count: size)
      packet.replaceSubrange(0..<14, with: [2, 0, 0, 0, 0, 4, 2, 0, 0, 0, 0, 3, 8, 0])
      let length = [UInt8((size - 14) >> 8), UInt8((size - 14) & 0xff)]
      packet.replaceSubrange(14..<24, with: [0x45, 0] + length + [0, 0, 0, 0, 64, 17])
      var bench = TunnelBench(tunnel)
      let outer = bench.run(packet, from: 1, count: 1)
      let inner = bench.run(outer, from: 2, count: 1)
      precondition(inner == packet, "\(tunnel.name) does not carry packets")
      var times: [[Double]] = [[], []]
      for _ in 0..<options.runCount {
        for (index, (bytes, port)) in [(packet, UInt32(1)), (outer, 2)].enumerated() {
          let start = ContinuousClock.now
          _ = bench.run(bytes, from: port, count: options.packetsPerRun)
          let duration = ContinuousClock.now - start
          let nanoseconds =
            Double(duration.components.seconds) * 1e9 + Double(duration.components.attoseconds) / 1e9
          times[index].append(nanoseconds / Double(options.packetsPerRun))
        }
      }
      let medians = times.map { $0.sorted()[$0.count / 2] }
      print(
        "    " + tunnel.name.padding(toLength: 11, withPad: " ", startingAt: 0)
          + String(format: "%7d  %10.1f  %11.1f", size, medians[0], medians[1]))
    }
  }
}
