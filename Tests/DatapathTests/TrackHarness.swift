import TestSupport

@testable import Datapath

/// What a packet has after a tracking action.
struct Tracked {
  var state: UInt32
  var zone: UInt64
  var mark: UInt64
  var label: UInt128
  var key: FlowKey
  var bytes: [UInt8]

  /// The state in words, as flows are printed.
  var text: String {
    let names: [(UInt32, String)] = [
      (TrackState.isNew, "new"), (TrackState.isEstablished, "est"), (TrackState.isRelated, "rel"),
      (TrackState.isReply, "rpl"), (TrackState.isInvalid, "inv"), (TrackState.isTracked, "trk"),
      (TrackState.isSourceTranslated, "snat"), (TrackState.isDestinationTranslated, "dnat"),
    ]
    return names.filter { state & $0.0 != 0 }.map(\.1).joined(separator: "|")
  }

  /// Source and destination of the packet's IPv4 or IPv6 header.
  var addresses: [[UInt8]] {
    bytes[12] == 8
      ? [Array(bytes[26..<30]), Array(bytes[30..<34])] : [Array(bytes[22..<38]), Array(bytes[38..<54])]
  }

  /// Both ports.
  var ports: [Int] {
    let start = bytes[12] == 8 ? 34 : 54
    return [
      Int(bytes[start]) << 8 | Int(bytes[start + 1]), Int(bytes[start + 2]) << 8 | Int(bytes[start + 3]),
    ]
  }
}

/// An engine whose packets go through a tracking action and then to the daemon.
final class TrackHarness {
  let harness: EngineHarness
  private var installed: [DatapathAction] = []
  var now: UInt64 {
    get { harness.now }
    set { harness.now = newValue }
  }
  var connections: ConnectionTracker { harness.engine.connections }

  init(_ change: (inout EngineConfiguration) -> Void = { _ in }) {
    harness = EngineHarness(capabilities: [], change)
  }

  /// Sends a packet through tracking actions.
  func track(_ packet: [UInt8], _ actions: ConnectionTrackAction...) -> Tracked {
    run(packet, actions.map { .connectionTrack($0) })
  }

  func run(_ packet: [UInt8], _ actions: [DatapathAction]) -> Tracked {
    let actions = actions + [.userspace(UserspaceAction())]
    if actions != installed {
      harness.forward(1, actions)
      installed = actions
    }
    _ = harness.send([packet], from: 1)
    let message = harness.upcalls().last?.message
    let key = message?.key ?? FlowKey()
    return Tracked(
      state: UInt32(key[.ctState]), zone: key[.ctZone], mark: key[.ctMark], label: key[wide: .ctLabel],
      key: key,
      bytes: message?.packet ?? [])
  }

  func count(_ event: TrackEvent) -> UInt64 { harness.engine.trackCount(event) }

  /// All connections.
  func dump(_ filter: ConnectionFilter = ConnectionFilter()) -> [ConnectionDescription] {
    var position: Int? = 0
    var found: [ConnectionDescription] = []
    while position != nil {
      found += connections.next(from: &position, passing: filter, nowMilliseconds: now)
    }
    return found
  }
}

/// A tracking action.
func ct(
  zone: UInt16 = 0, commit: Bool = false, force: Bool = false, mark: (UInt32, UInt32)? = nil,
  label: (UInt128, UInt128)? = nil, nat: ConnectionTrackAction.Translation? = nil, timeout: String? = nil
) -> ConnectionTrackAction {
  var action = ConnectionTrackAction(zone: zone, commits: commit)
  action.forces = force
  action.mark = mark.map { (value: $0.0, mask: $0.1) }
  action.label = label.map { (value: $0.0, mask: $0.1) }
  action.translation = nat
  action.timeout = timeout.map { Array($0.utf8) }
  return action
}

/// A translation.
func nat(
  _ direction: ConnectionTrackAction.Translation.Direction? = nil, _ lowest: [UInt8] = [],
  _ highest: [UInt8] = [],
  ports: ClosedRange<UInt16>? = nil
) -> ConnectionTrackAction.Translation {
  var translation = ConnectionTrackAction.Translation(direction: direction)
  translation.lowestAddress = lowest
  translation.highestAddress = highest
  translation.lowestPort = ports?.lowerBound ?? 0
  translation.highestPort = ports?.upperBound ?? 0
  return translation
}

/// Two hosts and what they send each other.
struct Hosts {
  var isIPv6 = false
  var client = 1
  var server = 2
  var clientPort = 1000
  var serverPort = 80

  static func address(_ number: Int, isIPv6: Bool) -> [UInt8] {
    isIPv6 ? [0xfd] + [UInt8](repeating: 0, count: 13) + big(number, 2) : [10, 0] + big(number, 2)
  }

  /// A frame with a transport header, whose checksum is filled in.
  static func frame(
    _ proto: Int, _ transport: [UInt8], from: [UInt8], to: [UInt8], field: Int?
  ) -> [UInt8] {
    let isIPv6 = from.count == 16
    func number(_ bytes: [UInt8]) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }
    var packet =
      isIPv6
      ? Build.ipv6(proto, transport, from: from, to: to)
      : Build.ipv4(proto, transport, from: number(from), to: number(to))
    let start = isIPv6 ? 40 : 20
    if let field {
      if proto == 1 {
        packet.replaceSubrange((start + 2)..<(start + 4), with: [0, 0])
        packet.replaceSubrange(
          (start + 2)..<(start + 4), with: big(internetChecksum(Array(packet[start...])), 2))
      } else {
        packet = Build.checksummed(packet, transport: start, field: field, proto: proto)
      }
    }
    return Build.ethernet(isIPv6 ? 0x86dd : 0x0800, packet)
  }

  func address(_ number: Int) -> [UInt8] { Hosts.address(number, isIPv6: isIPv6) }

  func udp(reply: Bool = false, _ payload: [UInt8] = [1, 2, 3, 4]) -> [UInt8] {
    let ports = reply ? (serverPort, clientPort) : (clientPort, serverPort)
    return Hosts.frame(
      17, Build.udp(ports.0, ports.1, payload), from: address(reply ? server : client),
      to: address(reply ? client : server), field: 6)
  }

  func tcp(
    reply: Bool = false, _ flags: Int, sequence: Int, acknowledgment: Int = 0, window: Int = 512,
    count: Int = 0,
    scale: Int? = nil
  ) -> [UInt8] {
    let ports = reply ? (serverPort, clientPort) : (clientPort, serverPort)
    let options: [UInt8] = scale.map { [1, 3, 3, UInt8($0)] } ?? []
    let header =
      big(ports.0, 2) + big(ports.1, 2) + big(sequence, 4) + big(acknowledgment, 4)
      + big((5 + options.count / 4) << 12 | flags, 2) + big(window, 2) + [0, 0, 0, 0] + options
    return Hosts.frame(
      6, header + [UInt8](repeating: 7, count: count), from: address(reply ? server : client),
      to: address(reply ? client : server), field: 16)
  }

  func echo(reply: Bool = false, identifier: Int = 5) -> [UInt8] {
    let type: UInt8 = isIPv6 ? (reply ? 129 : 128) : (reply ? 0 : 8)
    return Hosts.frame(
      isIPv6 ? 58 : 1, [type, 0, 0, 0] + big(identifier, 2) + [0, 1, 9, 9],
      from: address(reply ? server : client),
      to: address(reply ? client : server), field: 2)
  }

  /// An error of a router about a frame.
  func error(about frame: [UInt8], from router: Int = 99) -> [UInt8] {
    let inner = Array(frame[14...])
    let source = isIPv6 ? Array(inner[8..<24]) : Array(inner[12..<16])
    let message: [UInt8] = [isIPv6 ? 1 : 3, isIPv6 ? 4 : 1, 0, 0, 0, 0, 0, 0] + inner
    return Hosts.frame(isIPv6 ? 58 : 1, message, from: address(router), to: source, field: 2)
  }
}
