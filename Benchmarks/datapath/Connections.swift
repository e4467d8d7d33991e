import Datapath
import Foundation

extension PacketSet {
  /// Segments of many TCP connections, one each.
  init(connections: Int, flags: UInt8, isReply: Bool, sequence: UInt32, acknowledgment: UInt32) {
    bytes = [UInt8](repeating: 0, count: connections * 64)
    for connection in 0..<connections {
      let start = connection * 64
      places.append((start, 60))
      func put(_ value: UInt32, _ count: Int, at offset: Int) {
        for index in 0..<count {
          bytes[start + offset + index] = UInt8(truncatingIfNeeded: value >> UInt32(8 * (count - 1 - index)))
        }
      }
      func sum(_ from: Int, _ to: Int, _ initial: Int = 0) -> UInt32 {
        var sum = initial
        for index in stride(from: from, to: to, by: 2) {
          sum += Int(bytes[start + index]) << 8 | Int(bytes[start + index + 1])
        }
        while sum > 0xffff { sum = (sum & 0xffff) + (sum >> 16) }
        return UInt32(~sum & 0xffff)
      }
      put(0x0200_0000, 4, at: 0)
      put(0x0200, 2, at: 6)
      put(0x0800, 2, at: 12)
      put(0x4500_002e, 4, at: 14)
      put(0x4006, 2, at: 22)
      let client = 0x0a00_0000 + UInt32(connection / 50_000)
      let port = UInt32(10_000 + connection % 50_000)
      put(isReply ? 0xc0a8_0001 : client, 4, at: 26)
      put(isReply ? client : 0xc0a8_0001, 4, at: 30)
      put(isReply ? 80 : port, 2, at: 34)
      put(isReply ? port : 80, 2, at: 36)
      put(sequence, 4, at: 38)
      put(acknowledgment, 4, at: 42)
      put(0x5000 | UInt32(flags), 2, at: 46)
      put(8_192, 2, at: 48)
      put(sum(14, 34), 2, at: 24)
      put(sum(26, 60, 6 + 26), 2, at: 50)
    }
  }
}

/// An engine with the flows of a firewall: what is new is committed, what is established passes.
struct ConnectionBench: ~Copyable {
  var engine: Engine
  var now: UInt64 = 1_000
  var sentCount = 0

  init(capacity: Int, translates: Bool) {
    var configuration = EngineConfiguration()
    configuration.reservedConnectionCount = capacity
    engine = Engine(configuration)
    for (number, name) in [(UInt32(1), "p1"), (2, "p2")] {
      request(.vport(.new, VportMessage(number: DatapathPortNumber(number), type: .netdev, name: name)))
    }
    var look = ConnectionTrackAction(zone: 1)
    if translates { look.translation = ConnectionTrackAction.Translation() }
    var commit = ConnectionTrackAction(zone: 1, commits: true)
    if translates {
      commit.translation = ConnectionTrackAction.Translation(direction: .source)
      commit.translation?.lowestAddress = [10, 200, 0, 0]
      commit.translation?.highestAddress = [10, 200, 0, 255]
    }
    let output = DatapathAction.output(DatapathPortNumber(2))
    forward(recirculation: 0, state: nil, [.connectionTrack(look), .recirculate(1)])
    forward(recirculation: 1, state: 0x21, [.connectionTrack(commit), output])
    forward(recirculation: 1, state: 0x22, [output])
  }

  private mutating func request(_ body: NetlinkMessage.Body) {
    for reply in engine.handle(message: NetlinkMessage(NetlinkHeader(), body).encode(), nowMilliseconds: now)
    {
      print("refused:", (try? NetlinkMessage.decode(reply)) as Any)
    }
  }

  private mutating func forward(recirculation: UInt64, state: UInt64?, _ actions: [DatapathAction]) {
    var key = FlowKey()
    var mask = FlowKey()
    key[.inPort] = 1
    key[.recirculationID] = recirculation
    key[.ethType] = 0x0800
    mask.fill(.inPort)
    mask.fill(.recirculationID)
    mask.fill(.ethType)
    mask.fill(.vlanTCI)
    if let state {
      key[.ctState] = state
      mask[.ctState] = 0x33
    }
    request(.flow(.new, FlowMessage(key: key, mask: mask, actions: actions)))
  }

  /// Hands in `count` packets, going round the set; returns the nanoseconds of each.
  mutating func run(_ packets: PacketSet, count: Int) -> Double {
    var index = 0
    var done = 0
    let start = ContinuousClock.now
    while done < count {
      done += packets.fill(&engine, from: &index, atMost: count - done)
      // Some 3 million packets a second.
      if done % 3_200 < 32 { now += 1 }
      engine.process(nowMilliseconds: now)
      while let output = engine.nextOutput() {
        sentCount += output.count
        engine.finishOutput(output, sent: output.count)
      }
    }
    let duration = ContinuousClock.now - start
    return (Double(duration.components.seconds) * 1e9 + Double(duration.components.attoseconds) / 1e9)
      / Double(count)
  }
}

/// Connections set up and used, and what they take.
func measureConnections(_ options: Options) {
  print("connections      nat  set-ups/s  ns a packet  million/s  bytes a connection")
  for translates in [false, true] {
    for count in options.connectionCounts {
      let begin = PacketSet(connections: count, flags: 2, isReply: false, sequence: 100, acknowledgment: 0)
      let answer = PacketSet(
        connections: count, flags: 0x12, isReply: true, sequence: 500, acknowledgment: 101)
      let data = PacketSet(
        connections: count, flags: 0x18, isReply: false, sequence: 101, acknowledgment: 501)
      var bench = ConnectionBench(capacity: count + 1_000, translates: translates)
      let setUp = bench.run(begin, count: count)
      // Of translated connections the answers would go to addresses that the bench does not know.
      if !translates { _ = bench.run(answer, count: count) }
      let established = bench.connectionCount
      if established != count { print("only \(established) of \(count) connections were made") }
      var times: [Double] = []
      for _ in 0..<options.runCount {
        times.append(bench.run(data, count: max(count, options.packetsPerRun)))
      }
      times.sort()
      let median = times[times.count / 2]
      print(
        String(
          format: "%11d  %7@  %9.0f  %11.1f  %9.2f  %18.1f", count, translates ? "source" : "none",
          1e9 / setUp,
          median, 1e3 / median, Double(bench.engine.connections.byteCount(isIPv6: false)) / Double(count)))
    }
  }
}

extension ConnectionBench {
  var connectionCount: Int { engine.connections.count }
}
