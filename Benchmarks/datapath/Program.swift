// What: the packet engine in memory. Packets of many connections are looped through receive, parse, lookup,
// action and output, and the time of one packet is printed.
//
// How: the bench plays the daemon too. It answers each upcall with the megaflow that a switch with one rule, or
// with eighteen more of different shapes above it, would install, so that the masks in the table are like those
// that Open vSwitch makes from such rules. After a round that fills the caches, rounds are timed and the median
// is printed.

import Datapath
import Foundation

/// What the command line asks for.
struct Options {
  var flowCounts = [1, 1_000, 8_000, 100_000, 1_000_000]
  var ruleCounts = [1, 19]
  var packetsPerRun = 4_000_000
  var runCount = 5
  var capture: String?
  var connectionCounts = [10_000, 1_000_000]
  /// Whether connections are measured in place of flows.
  var measuresConnections = false
  /// Whether every packet goes through one meter, which lets all through.
  var hasMeter = false
  /// Whether tunnels are measured in place of flows.
  var measuresTunnels = false

  init(_ arguments: [String]) {
    var index = 0
    while index < arguments.count {
      let value = index + 1 < arguments.count ? arguments[index + 1] : ""
      switch arguments[index] {
      case "--smoke":
        flowCounts = [1, 1_000]
        connectionCounts = [1_000]
        packetsPerRun = 20_000
        runCount = 1
        index += 1
        continue
      case "--meter":
        hasMeter = true
        index += 1
        continue
      case "--connections":
        measuresConnections = true
        index += 1
        continue
      case "--tunnels":
        measuresTunnels = true
        index += 1
        continue
      case "--flows": flowCounts = value.split(separator: ",").compactMap { Int($0) }
      case "--rules": ruleCounts = value.split(separator: ",").compactMap { Int($0) }
      case "--packets": packetsPerRun = Int(value) ?? packetsPerRun
      case "--runs": runCount = max(1, Int(value) ?? runCount)
      case "--pcap": capture = value
      default:
        print(
          "usage: datapath-bench [--smoke] [--meter] [--flows N,N] [--rules 1,19] [--packets N] [--runs N] [--pcap FILE]\n"
            + "       datapath-bench --tunnels|--connections [--smoke] [--packets N] [--runs N]"
        )
        exit(arguments[index] == "--help" ? 0 : 1)
      }
      index += 2
    }
  }
}

@main
enum Program {
  static func main() {
    let options = Options(Array(CommandLine.arguments.dropFirst()))
    if options.measuresConnections {
      measureConnections(options)
      return
    }
    if options.measuresTunnels {
      measureTunnels(options)
      return
    }
    print("   rules    packets'  ns a packet     million/s     megaflows  masks  cache hits")
    print("              flows")
    for rules in options.ruleCounts {
      if let capture = options.capture {
        guard let packets = PacketSet(capture: capture) else {
          print("datapath-bench: \(capture): not a capture of Ethernet packets")
          exit(1)
        }
        measure(packets, rules: rules, options)
      } else {
        for flows in options.flowCounts { measure(PacketSet(flows: flows), rules: rules, options) }
      }
    }
  }
}

/// Loops a set of packets through a new engine and prints one line.
func measure(_ packets: PacketSet, rules: Int, _ options: Options) {
  var bench = Bench(ruleCount: rules, hasMeter: options.hasMeter)
  for _ in 0..<8 {
    bench.run(packets, count: max(packets.count, 64))
    bench.engine.maintain()
  }
  let before = bench.engine.statistics
  var times: [Double] = []
  for _ in 0..<options.runCount {
    let start = ContinuousClock.now
    bench.run(packets, count: options.packetsPerRun)
    let duration = ContinuousClock.now - start
    let nanoseconds =
      Double(duration.components.seconds) * 1e9 + Double(duration.components.attoseconds) / 1e9
    times.append(nanoseconds / Double(options.packetsPerRun))
  }
  times.sort()
  let after = bench.engine.statistics
  let median = times[times.count / 2]
  let share =
    Double(after.cacheHits - before.cacheHits) / Double(max(1, after.hits - before.hits)) * 100
  print(
    String(
      format: "%8d  %10d  %11.1f  %12.2f  %12d  %5d  %8.1f %%", rules, packets.count, median, 1e3 / median,
      Int(after.flows), Int(after.masks), share))
}
