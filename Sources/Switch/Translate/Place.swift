// What: where a packet is on its way through the pipeline, and what it carries there, as one value.
//
// Why: a clone, a patch, a tunnel, a group's bucket and a packet that comes back all leave the way and return to it, or go on
// from it later. Each saves a `Place` (or the packet in it) and restores it by one assignment, so that a new member can't be
// forgotten in one of them.

import Datapath
import OpenFlow

/// A point of a packet's way through the pipeline.
struct Place {
  /// The bridge whose pipeline the packet is in.
  var bridge: Bridge
  /// The table that was looked up last.
  var table: UInt8
  /// The rule whose actions run, if a rule's do.
  var rule: Rule?
  /// That rule's cookie; 0 without one.
  var cookie: UInt64 = 0
  /// How many resubmits to the same or an earlier table, patches, tunnels and clones lead here.
  var depth = 0
  /// Whether addresses are learned: not behind a tunnel's outer header.
  var learns = true
  /// Whether the actions that run are those of a group's bucket.
  var isInBucket = false
  /// Where the steps are noted, if someone reads them.
  var trace: TraceNode?
  /// The packet.
  var packet: PipelinePacket

  /// The first table of a bridge, with a packet that carries nothing yet, one level deeper.
  func entrance(of bridge: Bridge, _ key: FlowKey) -> Place {
    Place(
      bridge: bridge, table: 0, depth: depth + 1, learns: learns,
      trace: trace?.add(.bridge, "bridge(\"\(bridge.name)\")"), packet: PipelinePacket(entering: key))
  }
}

/// A packet as the actions so far have left it, with what the pipeline keeps beside it.
struct PipelinePacket {
  /// Its headers, metadata and registers.
  var key: FlowKey
  /// What `push` has put aside.
  var stack = FieldStack()
  /// What `write_actions` has collected.
  var actionSet: [Action] = []
  /// Whether connection tracking has seen it, and where its way goes on the connection's state is to be seen.
  var isTracked = false
  /// Whether the last label was taken off: what lies beneath has not been read.
  var wasMPLS = false
}

extension PipelinePacket {
  /// A packet that enters a bridge, with nothing in its action set.
  init(entering key: FlowKey) {
    self.init(key: key)
    noteOutput()
  }

  /// Sets `actset_output` to the port that the action set sends to: none while it sends to none, or to a group.
  mutating func noteOutput() {
    var port = OpenFlowPortNumber.unset
    for action in actionSet {
      switch action {
      case .group:
        port = .unset
        key[.actionSetOutput] = UInt64(port.rawValue)
        return
      case .output(let target, _), .outputTruncated(let target, _): port = target
      default: break
      }
    }
    key[.actionSetOutput] = UInt64(port.rawValue)
  }
}

/// The values that `push` actions have put aside.
struct FieldStack: Hashable {
  private struct Entry: Hashable {
    var value: FieldValue
    var byteCount: Int
  }
  private var entries: [Entry] = []
  /// What the values take, in bytes: each in whole bytes, and one byte for its length.
  private(set) var byteCount = 0

  /// Puts a value of so many bits aside.
  mutating func push(_ value: FieldValue, bitCount: Int) {
    let entry = Entry(value: value, byteCount: (bitCount + 7) / 8 + 1)
    entries.append(entry)
    byteCount += entry.byteCount
  }

  /// The values, the last first, in bytes.
  var bytes: [[UInt8]] {
    entries.reversed().map { entry in
      let count = entry.byteCount - 1
      return (0..<count).map { UInt8(truncatingIfNeeded: entry.value >> FieldValue(8 * (count - 1 - $0))) }
    }
  }

  /// A stack of values in bytes, the last first.
  init(_ bytes: [[UInt8]]) {
    for value in bytes.reversed() {
      push(value.reduce(0) { $0 << 8 | FieldValue($1) }, bitCount: 8 * value.count)
    }
  }

  init() {}

  /// The value that was put aside last, or nil if there is none.
  mutating func pop() -> FieldValue? {
    guard let entry = entries.popLast() else { return nil }
    byteCount -= entry.byteCount
    return entry.value
  }
}
