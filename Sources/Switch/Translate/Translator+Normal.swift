import Datapath
import OpenFlow
import PacketWire

extension Translator {
  /// Forwards as an ordinary learning switch does (the NORMAL action).
  func normal() {
    wildcards.fill(.ethDestination)
    wildcards.fill(.ethSource)
    wildcards[.vlanTCI] |= VLANBits.present | VLANBits.id
    // What a controller sends of its own comes in by no port, and is taken as by a trunk.
    let isOwn = key.inPort == .none || key.inPort == .controller
    let input = bridge.interface(key.inPort)
    guard isOwn || input != nil else {
      note(.detail, "no input bundle, dropping")
      return
    }
    guard let frame = VLANFrame(key, receivedBy: input?.port.vlan ?? VLANSettings()) else {
      if let input { note(.error, refusal(input.port)) }
      note(.warning, "disallowed VLAN VID for this input port, dropping")
      return
    }
    let vlan = frame.vlan
    if key.ethernetDestination.isBridgeGroup, !bridge.settings.forwardsBPDU {
      note(.detail, "packet has reserved destination MAC, dropping")
      return
    }
    lookAtGratuitousARP()
    let isFlooded = bridge.settings.floodVLANs.contains(vlan)
    if !isFlooded, let input { noteAddress(vlan, input.port) }
    if let port = isFlooded ? nil : learnedPort(vlan) {
      if port === input?.port {
        note(.detail, "learned port is input port, dropping")
      } else if input?.port.isProtected == true, port.isProtected {
        note(.detail, "learned port is protected as the input port is, dropping")
      } else {
        note(.detail, "forwarding to learned port")
        send(frame, to: port)
      }
      return
    }
    note(.detail, "no learned MAC for destination, flooding")
    flood(frame, from: input?.port)
  }

  /// A host that moved says so by an ARP request or reply to everyone: which it is, is looked at.
  private func lookAtGratuitousARP() {
    guard key.etherType == 0x0806, key.ethernetDestination == .broadcast else { return }
    wildcards.fill(.ipProtocol)
    if key.ipProtocol == 1 { wildcards.fill(.ipAddresses) }
  }

  /// Why a port does not take a frame.
  private func refusal(_ port: BridgePort) -> String {
    let vlan = String(key.vlanID)
    switch port.vlan.mode {
    case .access:
      return
        "dropping VLAN \(vlan) tagged packet received on port \(port.name) configured as VLAN \(port.vlan.tag) "
        + "access port"
    case .dot1qTunnel:
      return "dropping VLAN \(vlan) packet received on port \(port.name) not configured for cvlan \(vlan)"
    case .trunk, .nativeTagged, .nativeUntagged:
      return
        "dropping VLAN \(vlan) packet received on port \(port.name) not configured for trunking VLAN \(vlan)"
    }
  }

  /// Notes the source address, for whoever applies the translation to learn.
  private func noteAddress(_ vlan: UInt16, _ port: BridgePort) {
    guard place.learns, !key.ethernetSource.isMulticast else { return }
    result.credits.append(.address(port, vlan: vlan, key.ethernetSource))
  }

  private func learnedPort(_ vlan: UInt16) -> BridgePort? {
    // The bridge's own address need not be learned: with an endpoint of the switch's own there may be no host to send from it.
    if key.ethernetDestination == bridge.ethernetAddress, environment.endpoints.hasOwn(on: bridge.name) {
      return bridge.local?.port
    }
    return bridge.addresses.lookup(vlan: vlan, key.ethernetDestination)?.port
  }

  private func flood(_ frame: VLANFrame, from input: BridgePort?) {
    var sent: [ObjectIdentifier] = input.map { [ObjectIdentifier($0)] } ?? []
    for number in bridge.interfaces.keys.sorted() {
      guard let interface = bridge.interfaces[number], !interface.configuration.contains(.noFlood) else {
        continue
      }
      let port = interface.port
      if sent.contains(ObjectIdentifier(port)) || port.isProtected && input?.isProtected == true { continue }
      guard port.vlan.carries(frame.vlan) else { continue }
      sent.append(ObjectIdentifier(port))
      send(frame, to: port)
    }
  }

  /// Sends out of a port as its VLAN mode has it.
  private func send(_ frame: VLANFrame, to port: BridgePort) {
    guard port.vlan.carries(frame.vlan) else {
      note(.detail, "dropping packet: \(port.name) does not carry VLAN \(frame.vlan)")
      return
    }
    // Of several interfaces the first that has a carrier is the active one.
    let usable = port.interfaces.filter { $0.number != .none }
    guard let interface = usable.first(where: { $0.isUp && $0.hasCarrier }) ?? usable.first else { return }
    let before = key
    frame.store(in: &key, sentBy: port.vlan)
    send(to: interface.number)
    key.vlanTCI = before.vlanTCI
    key[.furtherTags] = before[.furtherTags]
  }
}

/// A frame's VLAN tags inside the bridge: as they would be on a port that tags everything.
struct VLANFrame: Equatable {
  /// A tag: its type, priority bits and VLAN.
  struct Tag: Equatable {
    var tpid: UInt16
    /// Bits 13 to 15.
    var priority: UInt16
    var vlan: UInt16
  }
  /// The tag that counts; VLAN 0 for none.
  var outer: Tag
  /// The tag inside it, if there is one.
  var inner: Tag?

  /// The VLAN that the frame is switched in.
  var vlan: UInt16 { outer.vlan }

  /// The frame that a port of a mode receives, or nil if the port does not carry its VLAN.
  init?(_ key: borrowing FlowKey, receivedBy port: VLANSettings) {
    let first = Self.tag(key.vlanTCI, key.vlanTPID)
    let second = Self.tag(key.innerVLANTCI, key.innerVLANTPID)
    let untagged = Tag(tpid: 0x8100, priority: first?.priority ?? 0, vlan: 0)
    switch port.mode {
    case .access:
      // A frame tagged with VLAN 0 has a priority and no VLAN.
      guard first?.vlan ?? 0 == 0 else { return nil }
      outer = untagged
      outer.vlan = port.tag
      inner = second
    case .trunk:
      outer = first ?? untagged
      inner = second
    case .nativeTagged, .nativeUntagged:
      outer = first ?? untagged
      if outer.vlan == 0 { outer.vlan = port.tag }
      inner = second
    case .dot1qTunnel:
      if let customers = port.customerVLANs, !customers.contains(first?.vlan ?? 0) { return nil }
      outer = Tag(
        tpid: port.isOuterTag8021ad ? 0x88a8 : 0x8100, priority: first?.priority ?? 0, vlan: port.tag)
      inner = first
    }
    guard port.carries(outer.vlan) else { return nil }
  }

  private static func tag(_ tci: UInt16, _ tpid: UInt16) -> Tag? {
    guard tci & 0x1000 != 0 else { return nil }
    return Tag(tpid: tpid == 0 ? 0x8100 : tpid, priority: tci & 0xe000, vlan: tci & 0x0fff)
  }

  /// Writes the tags with which a port of a mode sends the frame.
  func store(in key: inout FlowKey, sentBy port: VLANSettings) {
    var tags: [Tag] = []
    switch port.mode {
    case .access: break
    case .dot1qTunnel: break
    case .trunk, .nativeTagged: tags.append(outer)
    case .nativeUntagged: if outer.vlan != port.tag { tags.append(outer) }
    }
    if let first = tags.first, first.vlan == 0 {
      // A tag of VLAN 0 says a priority only, and most hosts don't want it.
      switch port.priorityTags {
      case .never: tags = []
      case .ifNonzero: if first.priority == 0 { tags = [] }
      case .always: break
      }
    }
    if let inner { tags.append(inner) }
    let (first, second) = (tags.first, tags.count > 1 ? tags[1] : nil)
    key.vlanTCI = first.map { $0.priority | $0.vlan | 0x1000 } ?? 0
    key.vlanTPID = first?.tpid ?? 0
    key.innerVLANTCI = second.map { $0.priority | $0.vlan | 0x1000 } ?? 0
    key.innerVLANTPID = second?.tpid ?? 0
  }
}
