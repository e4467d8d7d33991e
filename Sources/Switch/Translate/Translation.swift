import Datapath
import OpenFlow
import PacketWire

/// What is to be translated: a packet's headers at a place of a bridge's pipeline.
struct TranslationRequest {
  /// The bridge.
  var bridge: Bridge
  /// The packet's headers; `in_port` is the OpenFlow port number.
  var key: FlowKey
  /// Whether learned addresses may change and requests be sent.
  var mayHaveSideEffects = true
  /// The time, in milliseconds.
  var now: Int64
  /// Actions to run in place of looking the packet up (packet-out).
  var actions: [Action]?
  /// Where the packet goes on, if it comes back from another lookup or from a controller.
  var frozen: Frozen?
  /// Where the steps are noted, if someone wants to read them.
  var trace: TraceNode?
  /// Whether the steps name ports rather than number them.
  var usesNames = false
}

/// What a translation came to.
struct Translation {
  /// What the datapath is to do; empty to drop.
  var actions: [DatapathAction] = []
  /// The bits of the key that were looked at: every packet that agrees in them is treated alike.
  var wildcards = FlowKey()
  /// The key as the last action left it.
  var finalKey = FlowKey()
  /// Why each packet must come to the daemon, if it must.
  var slowPath: SlowPathReasons = []
  /// What each packet of the flow is to be credited to.
  var credits: [Credit] = []
  /// The rules that `learn` actions ask for.
  var learned: [LearnedRule] = []
  /// Frames to send out of bridges, as if their own port had sent them.
  var injections: [Injection] = []
  /// What stopped the translation, if something did.
  var failure: TranslationFailure?
  /// Where tracked packets go on.
  var resumptions: [Resumption] = []
}

/// A frame of the switch's own, such as an ARP request for a tunnel's next hop.
struct Injection {
  /// The bridge whose own port sends it.
  var bridge: Bridge
  /// The frame, from its Ethernet header.
  var frame: [UInt8]
}

/// What the packets of a flow have to be counted for, or have to keep alive.
enum Credit {
  /// A rule that handled them.
  case rule(Rule)
  /// A group, and the bucket that they took; nil if they took all.
  case group(Group, bucket: Int?)
  /// A lookup in a table that found a rule or not.
  case lookup(Bridge, table: UInt8, found: Bool)
  /// A rule that ends soon after a TCP connection has ended.
  case finished(Rule, Bridge, idleSeconds: UInt16, hardSeconds: UInt16)
  /// A patch port that they left by.
  case sent(Interface)
  /// A patch port that they came in by.
  case received(Interface)
  /// A learned address that they refresh.
  case address(BridgePort, vlan: UInt16, MACAddress)
  /// A tunnel neighbour that they refresh.
  case neighbor(NeighborTable, NeighborTable.Key, MACAddress)
  /// A tunnel neighbour that they are sent to.
  case nextHop(NeighborTable, NeighborTable.Key)
  /// A state that they go on from, or that they leave the pipeline with.
  case frozen(FrozenTable, UInt32)

  /// Counts packets; `tcpFlags` are those that any of them had.
  func apply(packets: UInt64, bytes: UInt64, now: Int64, tcpFlags: UInt16 = 0) {
    switch self {
    case .rule(let rule): rule.credit(packets: packets, bytes: bytes, usedMilliseconds: now)
    case .group(let group, let bucket): group.credit(bucket: bucket, packets: packets, bytes: bytes)
    case .lookup(let bridge, let table, let found):
      bridge.tables.count(table: table, packets: packets, matched: found)
    case .finished(let rule, let bridge, let idle, let hard):
      // FIN or RST (RFC 9293, section 3.1).
      guard tcpFlags & 5 != 0, !rule.isRemoved else { return }
      bridge.tables.setTimeouts(
        of: rule, idleSeconds: Self.shorter(rule.idleTimeoutSeconds, idle),
        hardSeconds: Self.shorter(rule.hardTimeoutSeconds, hard))
    case .sent(let interface):
      interface.counters.sentPackets &+= packets
      interface.counters.sentBytes &+= bytes
    case .received(let interface):
      interface.counters.receivedPackets &+= packets
      interface.counters.receivedBytes &+= bytes
    case .address(let port, let vlan, let address):
      // A flow's last counters may come after the port has gone.
      guard port.bridge.ports[port.name] === port else { return }
      port.bridge.addresses.learn(vlan: vlan, address, port: port, now: now)
    case .neighbor(let table, let key, let address): table.learn(key, address, now: now)
    case .nextHop(let table, let key): table.refresh(key, now: now)
    case .frozen(let table, let number): table.use(number, now: now)
    }
  }

  /// The shorter of two timeouts, of which 0 is none.
  private static func shorter(_ timeout: UInt16, _ other: UInt16) -> UInt16 {
    timeout == 0 ? other : other == 0 ? timeout : min(timeout, other)
  }
}

/// Why a translation stopped; the packet is then dropped (`enum xlate_error`, whose numbers these are).
enum TranslationFailure: UInt32, Equatable {
  /// A bridge is not there.
  case bridgeNotFound = 1
  /// Resubmits nest too deep.
  case recursionTooDeep = 2
  /// One packet caused too many resubmits.
  case tooManyResubmits = 3
  /// The stack grew too large.
  case stackTooDeep = 4
  /// A recirculation lost what was frozen for it.
  case noRecirculationContext = 5
  /// A recirculation would conflict.
  case recirculationConflict = 6
  /// Too many MPLS labels.
  case tooManyMPLSLabels = 7
  /// A tunnel without a usable address.
  case invalidTunnelMetadata = 8
  /// A packet type that can't be.
  case unsupportedPacketType = 9
  /// Congestion was experienced where it can't be said.
  case congestionDrop = 10
  /// Forwarding is disabled.
  case forwardingDisabled = 11

  /// The text that `ofproto/trace` shows.
  var text: String {
    switch self {
    case .bridgeNotFound: "Bridge not found"
    case .recursionTooDeep: "Recursion too deep"
    case .tooManyResubmits: "Too many resubmits"
    case .stackTooDeep: "Stack too deep"
    case .noRecirculationContext: "No recirculation context"
    case .recirculationConflict: "Recirculation conflict"
    case .tooManyMPLSLabels: "Too many MPLS labels"
    case .invalidTunnelMetadata: "Invalid tunnel metadata"
    case .unsupportedPacketType: "Unsupported packet type"
    case .congestionDrop: "ECN mismatch on tunnel decap"
    case .forwardingDisabled: "Forwarding is disabled"
    }
  }
}
