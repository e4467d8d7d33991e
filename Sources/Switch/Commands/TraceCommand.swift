// What: `ofproto/trace`: shows how a packet would be translated, step by step.
//
// How: the arguments become a bridge and a flow key, then the same translator runs as for packets, with someone listening. A packet
// that is tracked and goes on in a table is followed there, with the state of its connection that the user gave.
// Nothing is counted and nothing learned, unless a whole packet was given, as OVS has it.

import Datapath
import OpenFlow
import PacketWire

/// `ofproto/trace`.
enum TraceCommand {
  static let all: [SwitchCommand] = [
    SwitchCommand(
      "ofproto/trace", "{[dp_name] odp_flow | bridge br_flow} [OPTIONS...] [-generate|packet]", 1, nil, trace)
  ]

  @Sendable private static func trace(_ call: CommandCall) {
    do throws(TraceError) {
      let wanted = try TraceRequest(call.arguments, call.host)
      call.reply(run(wanted, call.host))
    } catch {
      call.fail(error.message)
    }
  }

  /// How many times a packet is followed to another lookup: a pipeline may go round in circles.
  static var resumptionLimit: Int { 64 }

  private static func run(_ wanted: TraceRequest, _ host: VirtualSwitch) -> String {
    var states = wanted.nextStates[...]
    var (text, waiting) = translate(wanted, wanted.key, host)
    var count = 0
    while count < waiting.count {
      guard count < resumptionLimit else {
        text += "\nThe packet recirculates more than \(resumptionLimit) times; the rest is not shown.\n"
        break
      }
      let (heading, key) = resume(waiting[count], state: states.popFirst())
      count += 1
      let (more, later) = translate(wanted, key, host)
      text += "\n" + heading + more
      waiting += later
    }
    return text
  }

  /// A tracked packet as it goes on, and what is said of it.
  private static func resume(_ resumption: Resumption, state: UInt32?) -> (heading: String, key: FlowKey) {
    let bar = String(repeating: "=", count: 79) + "\n"
    var text = bar + "recirc(0x" + String(resumption.number, radix: 16) + ") - resume conntrack with "
    var key = resumption.key
    let tracked: UInt32 = 0x20
    let new: UInt32 = 0x01
    key[.ctState] = UInt64(state ?? tracked | new)
    if let state {
      text += "ct_state=" + (state == 0 ? "0" : ConnectionStateText.names(of: state))
    } else {
      text += "default ct_state=trk|new (use --ct-next to customize)"
    }
    text += "\n"
    if let translation = resumption.translation {
      text += "Replacing src/dst IP/ports to simulate NAT:\n"
      text += " Initial flow: " + addresses(of: key, translation)
      key.apply(translation)
      text += " Modified flow: " + addresses(of: key, translation)
    }
    return (text + bar + "\n", key)
  }

  private static func addresses(of key: FlowKey, _ translation: NATAction) -> String {
    let (source, destination) = (key.transportSource, key.transportDestination)
    switch translation.addresses {
    case .none: return "\n"
    case .ipv4:
      return
        "nw_src=\(key.ipv4Source.description),tp_src=\(source),nw_dst=\(key.ipv4Destination.description),"
        + "tp_dst=\(destination)\n"
    case .ipv6:
      return
        "ipv6_src=[\(key.ipv6Source.description)],tp_src=\(source),ipv6_dst=[\(key.ipv6Destination.description)],"
        + "tp_dst=\(destination)\n"
    }
  }

  /// What the translation of one lookup of the packet says, and where the packet goes on.
  private static func translate(
    _ wanted: TraceRequest, _ key: FlowKey, _ host: VirtualSwitch
  ) -> (text: String, waiting: [Resumption]) {
    let names = wanted.usesNames ? wanted.bridge.names : FlowNames()
    let root = TraceNode(.bridge, "")
    var request = TranslationRequest(
      bridge: wanted.bridge, key: key, now: host.context.now)
    if key[.recirculationID] != 0 {
      request.frozen = host.environment.frozen.frozen(
        UInt32(truncatingIfNeeded: key[.recirculationID]), now: host.context.now)
    }
    request.mayHaveSideEffects = wanted.frame != nil
    request.trace = root
    request.usesNames = wanted.usesNames
    let translation = Translator.translate(request, host.environment)
    if request.mayHaveSideEffects { learn(translation, host) }

    var text = "Flow: " + key.text(names: names) + "\n"
    root.render(into: &text)
    text += "\nFinal flow: "
    text += translation.finalKey == key ? "unchanged" : translation.finalKey.text(names: names)
    text += "\nMegaflow: "
    text += Match(key: key, mask: translation.wildcards).text(names: names)
    let link = wanted.bridge.datapath
    let writer = wanted.usesNames ? DatapathText { link.portName($0) } : DatapathText()
    text += "\nDatapath actions: " + writer.describe(translation.actions)
    if let failure = translation.failure {
      text += "\nTranslation failed (\(failure.text)), packet is dropped."
    } else if !translation.slowPath.isEmpty {
      text += "\nThis flow is handled by the userspace slow path because it:"
      for explanation in translation.slowPath.explanations { text += "\n  - \(explanation)." }
    }
    return (text + "\n", translation.resumptions)
  }

  /// What a whole packet teaches, as one that came in by a port would.
  private static func learn(_ translation: Translation, _ host: VirtualSwitch) {
    for credit in translation.credits {
      switch credit {
      case .address, .neighbor: credit.apply(packets: 0, bytes: 0, now: host.context.now)
      case .rule, .group, .lookup, .finished, .sent, .received, .nextHop, .frozen: break
      }
    }
    for rule in translation.learned { host.agents[rule.bridge.name]?.learn(rule) }
  }
}

/// Why a trace can't be run.
struct TraceError: Error {
  let message: String

  init(_ message: String) { self.message = message }
}

/// What is to be traced.
struct TraceRequest {
  let bridge: Bridge
  /// The packet's headers, with OpenFlow port numbers.
  let key: FlowKey
  /// The packet, if one was given or made.
  let frame: [UInt8]?
  let usesNames: Bool
  /// The states that connections turn out to have, in the order in which they are asked for (`--ct-next`).
  let nextStates: [UInt32]

  init(_ arguments: [String], _ host: VirtualSwitch) throws(TraceError) {
    var words: [String] = []
    var usesNames = false
    var makesPacket = false
    var states: [UInt32] = []
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      switch argument {
      case "-generate", "--generate": makesPacket = true
      case "-names", "--names": usesNames = true
      case "--no-names": usesNames = false
      case "--ct-next", "--l7-len", "--l7":
        guard let value = rest.popFirst() else { throw TraceError("Missing argument for option \(argument)") }
        if argument.utf8.elementsEqual("--ct-next".utf8) { states.append(try Self.state(value)) }
      default:
        if argument.utf8.first == UInt8(ascii: "-") { throw TraceError("\(argument): unknown option") }
        words.append(argument)
      }
    }
    guard words.count <= 3, let first = words.first else { throw TraceError("too many non-option arguments") }
    self.usesNames = usesNames
    nextStates = states
    var frame: [UInt8]?
    if words.count > 1, let last = words.last, let bytes = FrameText.bytes(last) {
      frame = bytes
      words.removeLast()
    } else if words.count > 2 {
      throw TraceError("Trailing garbage in packet data")
    }
    var key: FlowKey
    if let flow = try Self.datapathFlow(words, host) {
      (bridge, key) = flow
    } else {
      guard words.count == 2 else {
        throw TraceError("syntax error at \(first) (or the bridge name was omitted)")
      }
      guard let found = host.bridge(named: first) else { throw TraceError("\(first): unknown bridge") }
      bridge = found
      key = try Self.key(words[1], found)
    }
    if let frame {
      guard var found = host.context.frames.key(of: frame) else { throw TraceError("packet is too short") }
      found.takeMetadata(key)
      key = found
    }
    self.key = key
    self.frame = frame ?? (makesPacket ? FrameComposer.frame(of: key) : nil)
  }

  /// The state of a connection, by the names of its flags.
  private static func state(_ text: String) throws(TraceError) -> UInt32 {
    var state: UInt32 = 0
    for name in text.split(whereSeparator: { $0 == "," || $0 == " " }) {
      guard let flag = ConnectionStateText.flag(named: String(name)) else {
        throw TraceError("\(name): unknown connection tracking state flag")
      }
      state |= flag
    }
    let (new, established, reply, invalid, tracked) =
      (0x01, 0x02, 0x08, 0x10, 0x20)
      as (
        UInt32, UInt32, UInt32, UInt32, UInt32
      )
    var faults = ""
    let shown = ConnectionStateText.names(of: state) + ": invalid connection state: "
    if state != 0, state & tracked == 0 {
      faults += shown + "If \"trk\" is unset, no other flags are set\n"
    }
    if state & invalid != 0, state & ~(tracked | invalid) != 0 {
      faults += shown + "when \"inv\" is set, only \"trk\" may also be set\n"
    }
    if state & new != 0, state & established != 0 {
      faults += shown + "\"new\" and \"est\" are mutually exclusive\n"
    }
    if state & new != 0, state & reply != 0 {
      faults += shown + "\"new\" and \"rpy\" are mutually exclusive\n"
    }
    guard faults.isEmpty else { throw TraceError(faults) }
    return state
  }

  /// The key of a flow in OpenFlow syntax.
  private static func key(_ text: String, _ bridge: Bridge) throws(TraceError) -> FlowKey {
    let match: Match
    do throws(FlowTextError) {
      match = try FlowParser(names: bridge.names).request(text).change.match
    } catch {
      throw TraceError("Bad openflow flow syntax: \(text): \(error.message)")
    }
    var key = match.key
    if match.mask(of: .inPortOXM) == 0 { key.inPort = .none }
    if key.hasVLAN, key.vlanTPID == 0 { key.vlanTPID = 0x8100 }
    return key
  }

  /// The bridge and key of a flow in the datapath's syntax, if it is one.
  private static func datapathFlow(
    _ words: [String], _ host: VirtualSwitch
  ) throws(TraceError) -> (Bridge, FlowKey)? {
    guard let text = words.last else { return nil }
    var links = host.openDatapaths
    if words.count > 1 { links = links.filter { $0.name.utf8.elementsEqual(words[0].utf8) } }
    guard let key = FrameText.key(text, links.first) else { return nil }
    guard links.count == 1 else { throw TraceError("Cannot find the datapath") }
    let link = links[0]
    let port = DatapathPortNumber(key.inPort.rawValue)
    let input =
      host.environment.tunnels.isTunnel(port)
      ? host.environment.tunnels.interface(port: port, key: key) : link.interfaces[port]
    guard let input else { throw TraceError("Invalid datapath flow") }
    var openFlowKey = key
    openFlowKey.inPort = input.number
    return (input.bridge, openFlowKey)
  }
}

extension FlowKey {
  /// Gives the packet the first address and port that a translation may choose.
  fileprivate mutating func apply(_ translation: NATAction) {
    let isSource = translation.direction == .source
    guard isSource || translation.direction == .destination else { return }
    switch translation.addresses {
    case .none: return
    case .ipv4(let lowest, _): self[isSource ? .ipSource : .ipDestination] = UInt64(lowest)
    case .ipv6(let lowest, _):
      let place = isSource ? KeyPlace.ipv6Source : .ipv6Destination
      words[place.word] = UInt64(truncatingIfNeeded: lowest >> 64)
      words[place.word + 1] = UInt64(truncatingIfNeeded: lowest)
    }
    if translation.minimumPort != 0 {
      self[isSource ? .transportSource : .transportDestination] = UInt64(translation.minimumPort)
    }
  }
}

extension Bridge {
  /// The names of the bridge's ports and tables.
  var names: FlowNames {
    var names = FlowNames()
    for (number, interface) in interfaces where number != .local {
      names.add(port: number, name: interface.name)
    }
    if let local { names.add(port: .local, name: local.name) }
    return names
  }
}

extension SlowPathReasons {
  /// Why the switch handles packets itself, in words.
  var explanations: [String] {
    let all: [(SlowPathReasons, String)] = [
      (.cfm, "Consists of CFM packets"), (.bfd, "Consists of BFD packets"),
      (.lacp, "Consists of LACP packets"),
      (.stp, "Consists of STP packets"), (.lldp, "Consists of LLDP packets"),
      (.controller, "Sends \"packet-in\" messages to the OpenFlow controller"),
      (.action, "Uses action(s) not supported by datapath"),
      (.match, "Needs more specific match than supported by datapath"),
    ]
    return all.filter { contains($0.0) }.map { $0.1 }
  }
}
