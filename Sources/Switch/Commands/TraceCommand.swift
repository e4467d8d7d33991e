// What: `ofproto/trace`: shows how a packet would be translated, step by step.
//
// How: the arguments become a bridge and a flow key, then the same translator runs as for packets, with someone listening.
// Nothing is counted and nothing learned, unless a whole packet was given, as OVS has it.

import Datapath
import OpenFlow

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

  private static func run(_ wanted: TraceRequest, _ host: VirtualSwitch) -> String {
    let names = wanted.usesNames ? wanted.bridge.names : FlowNames()
    let root = TraceNode(.bridge, "")
    var request = TranslationRequest(
      bridge: wanted.bridge, key: wanted.key, now: host.context.now)
    request.mayHaveSideEffects = wanted.frame != nil
    request.trace = root
    request.usesNames = wanted.usesNames
    let translation = Translator.translate(request, host.environment)
    if request.mayHaveSideEffects { learn(translation, host) }

    var text = "Flow: " + wanted.key.text(names: names) + "\n"
    root.render(into: &text)
    text += "\nFinal flow: "
    text += translation.finalKey == wanted.key ? "unchanged" : translation.finalKey.text(names: names)
    text += "\nMegaflow: "
    text += Match(key: wanted.key, mask: translation.wildcards).text(names: names)
    let link = wanted.bridge.datapath
    let writer = wanted.usesNames ? DatapathText { link.portName($0) } : DatapathText()
    text += "\nDatapath actions: " + writer.describe(translation.actions)
    if let failure = translation.failure {
      text += "\nTranslation failed (\(failure.text)), packet is dropped."
    } else if !translation.slowPath.isEmpty {
      text += "\nThis flow is handled by the userspace slow path because it:"
      for explanation in translation.slowPath.explanations { text += "\n  - \(explanation)." }
    }
    return text + "\n"
  }

  /// What a whole packet teaches, as one that came in by a port would.
  private static func learn(_ translation: Translation, _ host: VirtualSwitch) {
    for credit in translation.credits {
      switch credit {
      case .address, .neighbor: credit.apply(packets: 0, bytes: 0, now: host.context.now)
      case .rule, .lookup, .finished, .sent, .received, .nextHop: break
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

  init(_ arguments: [String], _ host: VirtualSwitch) throws(TraceError) {
    var words: [String] = []
    var usesNames = false
    var makesPacket = false
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      switch argument {
      case "-generate", "--generate": makesPacket = true
      case "--names": usesNames = true
      case "--no-names": usesNames = false
      case "--ct-next", "--l7-len", "--l7": _ = rest.popFirst()
      default:
        if argument.utf8.first == UInt8(ascii: "-") { throw TraceError("\(argument): unknown option") }
        words.append(argument)
      }
    }
    guard words.count <= 3, let first = words.first else { throw TraceError("too many non-option arguments") }
    self.usesNames = usesNames
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
  /// Takes what is not in a packet's headers from another key.
  fileprivate mutating func takeMetadata(_ other: FlowKey) {
    for place in [KeyPlace.inPort, .recirculationID, .ctState, .ctMark, .ctZone, .ctProtocol, .packetMark] {
      self[place] = other[place]
    }
    for segment in [KeySegment.metadata, .connection, .tunnel, .pipeline, .tunnelOptions] {
      for word in segment.words { words[word] = other.words[word] }
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
