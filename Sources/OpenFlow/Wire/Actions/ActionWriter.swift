import Datapath

/// Writes lists of actions.
///
/// Some actions of the internal form are several on the wire, or depend on what the flow matches: the writer
/// follows whether the packet has a VLAN tag, and knows its transport protocol. What a version has no number for in
/// `ActionTable` is left out.
struct ActionWriter {
  let version: OpenFlowVersion
  /// Whether the packet has a VLAN tag at this place in the list.
  private var hasVLAN: Bool
  /// The IP protocol that the flow matches, zero if none.
  private let ipProtocol: UInt8

  /// A writer of actions that belong to no match.
  init(_ version: OpenFlowVersion) {
    self.version = version
    hasVLAN = false
    ipProtocol = 0
  }

  /// A writer of the actions of a flow with a match.
  init(_ version: OpenFlowVersion, match: borrowing Match) {
    self.version = version
    hasVLAN = match.value(of: .vlanTCI) & 0x1000 != 0
    ipProtocol = UInt8(truncatingIfNeeded: match.value(of: .ipProtocol))
  }

  /// Writes actions one after another.
  ///
  /// Instructions other than those that a version has an action for are left out.
  mutating func list(_ actions: [Action], to writer: inout WireWriter) {
    for action in actions { write(action, to: &writer) }
  }

  /// Notes whether the packet has a tag from here on.
  mutating func noteVLAN(_ isThere: Bool = true) { hasVLAN = isThere }

  /// Writes the push of a tag, if it is wanted and the packet has none.
  func pushVLANIfNeeded(_ isWanted: Bool, to writer: inout WireWriter) {
    guard isWanted, !hasVLAN else { return }
    frame(.pushVLAN, to: &writer) { $0.uint16(0x8100) }
  }

  /// The field that holds the transport port of the packets that the flow matches; nil if they have none.
  func transportField(isSource: Bool) -> Field? {
    switch ipProtocol {
    case 6: isSource ? .tcpSource : .tcpDestination
    case 17: isSource ? .udpSource : .udpDestination
    case 132: isSource ? .sctpSource : .sctpDestination
    default: nil
    }
  }

  // MARK: Frames

  /// Whether the version has a form.
  func has(_ form: ActionForm) -> Bool { ActionTable.frame(form, version) != nil }

  /// Writes an action, unless the version does not have it, or has an instruction in its place.
  func frame(_ form: ActionForm, to writer: inout WireWriter, _ body: (inout WireWriter) -> Void = { _ in }) {
    guard let frame = ActionTable.frame(form, version), frame.number.space != .instruction else { return }
    write(frame, to: &writer, body)
  }

  /// Writes header, body and padding.
  func write(_ frame: ActionFrame, to writer: inout WireWriter, _ body: (inout WireWriter) -> Void) {
    let start = writer.count
    if let vendor = frame.number.space.vendor {
      writer.uint16(ActionNumber.experimenter)
      writer.uint16(0)
      writer.uint32(vendor.rawValue)
      writer.uint16(frame.number.number)
    } else {
      writer.uint16(frame.number.number)
      writer.uint16(0)
    }
    writer.zeros(frame.paddingByteCount)
    body(&writer)
    writer.pad(to: 8, since: start)
    writer.patch16(UInt16(truncatingIfNeeded: writer.count &- start), at: start &+ 2)
  }

  // MARK: Dispatch

  private mutating func write(_ action: Action, to writer: inout WireWriter) {
    switch action {
    case .output(let port, let maximum): output(port, maximum, to: &writer)
    case .outputField(let field, let maximum): outputField(field, maximum, to: &writer)
    case .outputTruncated(let port, let maximum): outputTruncated(port, maximum, to: &writer)
    case .enqueue(let port, let queue): enqueue(port, queue, to: &writer)
    case .controller(let controller): self.controller(controller, to: &writer)
    case .group(let group): frame(.group, to: &writer) { $0.uint32(group) }
    case .bundle(let bundle): self.bundle(bundle, to: &writer)
    case .setField(let set): setField(set, to: &writer)
    case .move(let from, let target): move(from, target, to: &writer)
    case .stackPush(let field): stack(.stackPush, field, to: &writer)
    case .stackPop(let field): stack(.stackPop, field, to: &writer)
    case .deleteField(let field): deleteField(field, to: &writer)
    case .setVLANID(let id, let pushes): setVLANID(id, pushes, to: &writer)
    case .setVLANPriority(let priority, let pushes): setVLANPriority(priority, pushes, to: &writer)
    case .stripVLAN:
      noteVLAN(false)
      frame(.stripVLAN, to: &writer)
    case .pushVLAN(let type):
      noteVLAN()
      // OpenFlow 1.0 pushes a tag by setting its identifier, which has to follow.
      frame(.pushVLAN, to: &writer) { $0.uint16(type) }
    case .setEthernetSource(let address): setEthernet(.setEthernetSource, address, .ethSource, to: &writer)
    case .setEthernetDestination(let address):
      setEthernet(.setEthernetDestination, address, .ethDestination, to: &writer)
    case .setIPv4Source(let address): setIPv4(.setIPv4Source, address, .ipSource, to: &writer)
    case .setIPv4Destination(let address): setIPv4(.setIPv4Destination, address, .ipDestination, to: &writer)
    case .setIPDSCP(let tos): setIPDSCP(tos, to: &writer)
    case .setIPECN(let ecn): setIPECN(ecn, to: &writer)
    case .setIPTTL(let ttl): setIPTTL(ttl, to: &writer)
    case .setTransportSource(let port): setTransport(port, isSource: true, to: &writer)
    case .setTransportDestination(let port): setTransport(port, isSource: false, to: &writer)
    case .decrementTTL(let controllers): decrementTTL(controllers, to: &writer)
    case .pushMPLS(let type): frame(.pushMPLS, to: &writer) { $0.uint16(type) }
    case .popMPLS(let type): frame(.popMPLS, to: &writer) { $0.uint16(type) }
    case .setMPLSLabel(let label): setMPLSLabel(label, to: &writer)
    case .setMPLSTrafficClass(let value): setMPLSTrafficClass(value, to: &writer)
    case .setMPLSTTL(let ttl): frame(.setMPLSTTL, to: &writer) { $0.uint8(ttl) }
    case .decrementMPLSTTL: frame(.decrementMPLSTTL, to: &writer)
    case .decrementNSHTTL: frame(.decrementNSHTTL, to: &writer)
    case .encapsulate(let encapsulate): self.encapsulate(encapsulate, to: &writer)
    case .decapsulate(let packetType): decapsulate(packetType, to: &writer)
    case .setTunnel(let id, let isWide): setTunnel(id, isWide, to: &writer)
    case .setQueue(let queue): frame(.setQueue, to: &writer) { $0.uint32(queue) }
    case .popQueue: frame(.popQueue, to: &writer)
    case .finTimeout(let idle, let hard): finTimeout(idle, hard, to: &writer)
    case .resubmit(let resubmit): self.resubmit(resubmit, to: &writer)
    case .learn(let learn): self.learn(learn, to: &writer)
    case .multipath(let multipath): self.multipath(multipath, to: &writer)
    case .conjunction(let conjunction): self.conjunction(conjunction, to: &writer)
    case .note(let bytes): frame(.note, to: &writer) { $0.append(bytes) }
    case .exit: frame(.exit, to: &writer)
    case .sample(let sample): self.sample(sample, to: &writer)
    case .connectionTrack(let track): connectionTrack(track, to: &writer)
    case .nat(let nat): self.nat(nat, to: &writer)
    case .connectionTrackClear: frame(.connectionTrackClear, to: &writer)
    case .clone(let actions): clone(actions, to: &writer)
    case .checkPacketLarger(let byteCount, let target): checkPacketLarger(byteCount, target, to: &writer)
    case .debugRecirculate: frame(.debugRecirculate, to: &writer)
    case .debugSlow: frame(.debugSlow, to: &writer)
    case .meter(let meter): frame(.meter, to: &writer) { $0.uint32(meter) }
    case .writeMetadata(let value, let mask): writeMetadataAction(value, mask, to: &writer)
    case .gotoTable(let table): if !has(.gotoTable) { resubmit(ResubmitAction(table: table), to: &writer) }
    case .clearActions, .writeActions: break
    }
  }
}
