import TestSupport
import Testing

@testable import Datapath

/// An action of a kind; a new kind is not compiled without one.
func sampleAction(_ kind: ActionKind) -> DatapathAction {
  switch kind {
  case .output: return .output(DatapathPortNumber(3))
  case .userspace:
    var controller = UserspaceCookie.Controller()
    controller.reason = 1
    controller.ruleCookie = 0x1234
    controller.maximumByteCount = 128
    let cookie = UserspaceCookie(.controller(controller), inPort: 3)
    return .userspace(UserspaceAction(userData: cookie.encode()))
  case .set:
    var tunnel = FlowKey()
    tunnel.words[30] = 0x0102_0304
    tunnel.words[35] = 5
    tunnel.words[36] = 0x0008_0040_0000_0000
    var every = FlowKey()
    for index in 0..<FlowKey.wordCount { every.words[index] = ~0 }
    return .set(SetAction(.tunnel, value: tunnel, mask: every))
  case .setMasked:
    var value = FlowKey()
    value.words[3] = 0x0a00_0009
    value.words[4] = 0x0000_3f00_0000_0000
    var mask = FlowKey()
    mask.words[3] = 0xffff_ffff
    mask.words[4] = 0x0000_ff00_0000_0000
    return .set(SetAction(.ipv4, value: value, mask: mask))
  case .pushVLAN: return .pushVLAN(tpid: 0x8100, tci: 0x1005)
  case .popVLAN: return .popVLAN
  case .sample: return .sample(probability: 0x8000_0000, actions: [.output(.local)])
  case .recirculate: return .recirculate(9)
  case .hash: return .hash(algorithm: 0, basis: 1)
  case .pushMPLS: return .pushMPLS(entry: 0x140, etherType: 0x8847)
  case .popMPLS: return .popMPLS(etherType: 0x0800)
  case .addMPLS: return .addMPLS(entry: 0x140, etherType: 0x8847, flags: 1)
  case .connectionTrack:
    var track = ConnectionTrackAction(zone: 4, commits: true)
    track.mark = (1, 0xff)
    track.label = (UInt128(1) << 100, ~0)
    track.translation = ConnectionTrackAction.Translation(direction: .source)
    track.translation?.lowestAddress = [10, 0, 0, 1]
    return .connectionTrack(track)
  case .connectionTrackClear: return .connectionTrackClear
  case .truncate: return .truncate(maximumByteCount: 100)
  case .pushEthernet: return .pushEthernet(source: 1, destination: 2)
  case .popEthernet: return .popEthernet
  case .pushNSH: return .pushNSH(attributes: [8, 0, 1, 0, 1, 2, 3, 4])
  case .popNSH: return .popNSH
  case .meter: return .meter(6)
  case .clone: return .clone([.output(.local), .clone([.popVLAN])])
  case .checkPacketLength:
    return .checkPacketLength(threshold: 1500, greater: [.popVLAN], lessOrEqual: [.output(.local)])
  case .decrementTTL: return .decrementTTL(exhausted: [.drop(reason: 1)])
  case .tunnelPush: return .tunnelPush(sampleTunnelPush)
  case .tunnelPop: return .tunnelPop(DatapathPortNumber(8))
  case .drop: return .drop(reason: 4)
  }
}

/// A push of Ethernet, IPv4, UDP and VXLAN headers.
private var sampleTunnelPush: TunnelPush {
  let vxlan: [UInt8] = [8, 0, 0, 0, 0, 0, 5, 0]
  let header = Build.ethernet(0x0800, Build.ipv4(17, Build.udp(0, 4789, vxlan)))
  return TunnelPush(
    tunnelPort: DatapathPortNumber(4), outPort: DatapathPortNumber(5), kind: .vxlan, header: header)
}

/// One action of each kind.
func sampleActions() -> [DatapathAction] { ActionKind.allCases.map { sampleAction($0) } }

@Suite struct ActionKindTests {
  /// What no engine runs yet.
  private let notRun: Set<ActionKind> = [.addMPLS, .pushEthernet, .popEthernet, .pushNSH, .popNSH]
  /// What is not read from text yet; some of it is not written whole either.
  private let notRead: Set<ActionKind> = [.addMPLS, .connectionTrack, .pushNSH, .popNSH]

  @Test(arguments: ActionKind.allCases)
  func `an action goes by its kind's number in messages`(kind: ActionKind) throws {
    let action = sampleAction(kind)
    #expect(action.kind == kind)
    var writer = AttributeWriter()
    ActionCodec.encode([action], into: &writer)
    #expect(UInt16(writer.bytes[2]) | UInt16(writer.bytes[3]) << 8 == kind.rawValue)
    #expect(try ActionCodec.decode(AttributeReader(writer.bytes)) == [action])
  }

  @Test(arguments: ActionKind.allCases)
  func `an action goes by its kind's name in text`(kind: ActionKind) throws {
    let action = sampleAction(kind)
    let text = DatapathText().describe([action])
    #expect(text.hasPrefix(kind.name))
    if notRead.contains(kind) {
      #expect(throws: DatapathTextError.self) { try DatapathText.readActions(text) }
    } else {
      // Text tells less than an action has, such as a probability with one decimal.
      #expect(DatapathText().describe(try DatapathText.readActions(text)) == text)
    }
  }

  @Test(arguments: ActionKind.allCases)
  func `an action is compiled, or it is known that it is not`(kind: ActionKind) throws {
    let action = sampleAction(kind)
    if notRun.contains(kind) {
      #expect(throws: ActionError.unsupported) { try ProgramCompiler.compile([action]) }
    } else {
      #expect(try ProgramCompiler.compile([action, .output(.local)]).count > 1)
    }
  }

  @Test func `names say one kind`() {
    for kind in ActionKind.allCases where kind != .output && kind != .setMasked {
      #expect(ActionKind(name: kind.name) == kind)
    }
    #expect(ActionKind(name: "") == nil)
    #expect(ActionKind(name: "eth0") == nil)
  }

  /// Walks over a program by the lengths that its instructions say; returns the place behind its end.
  private func walk(_ words: [UInt64], from start: Int, _ seen: inout Set<Operation>) throws -> Int {
    var place = start
    while true {
      let head = words[place]
      let operation = try #require(Operation(head: head), "at word \(place)")
      seen.insert(operation)
      let data = place + 1
      if operation == .end { return data }
      let first = data < words.count ? words[data] : 0
      place = data + operation.dataWordCount(head: head, first: first)
      switch operation {
      case .clone, .sample, .decrementTTL: #expect(try walk(words, from: data, &seen) == place)
      case .checkLength:
        let lessOrEqual = data + 1 + Operand.greaterWordCount.count(in: first)
        #expect(try walk(words, from: data + 1, &seen) == lessOrEqual)
        #expect(try walk(words, from: lessOrEqual, &seen) == place)
      default: break
      }
    }
  }

  @Test func `an instruction is as long as its operation says, and every operation is compiled`() throws {
    var key = FlowKey()
    for index in 0..<FlowKey.wordCount { key.words[index] = UInt64(index) &* SplitMix64.increment }
    var all = FlowKey()
    for index in 0..<FlowKey.wordCount { all.words[index] = ~0 }
    var actions = sampleActions().filter { !notRun.contains($0.kind) }
    for attribute in [
      KeyAttribute.ethernet, .ipv4, .ipv6, .tcp, .udp, .sctp, .icmp, .icmpv6, .arp, .neighborDiscovery, .mpls,
      .priority, .mark, .tunnel,
    ] { actions.append(.set(SetAction(attribute, value: key, mask: all))) }
    for count in 0...9 {
      actions.append(.userspace(UserspaceAction(userData: [UInt8](repeating: 1, count: count))))
    }
    actions.append(.userspace(UserspaceAction()))
    var seen: Set<Operation> = []
    for action in actions {
      let words = try ProgramCompiler.compile([action, .output(.local)])
      #expect(try walk(words, from: 0, &seen) == words.count, "\(action)")
    }
    let words = try ProgramCompiler.compile(actions)
    #expect(try walk(words, from: 0, &seen) == words.count)
    #expect(seen == Set(Operation.allCases))
  }
}
