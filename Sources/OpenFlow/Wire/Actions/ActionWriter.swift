import Datapath

/// Writes lists of actions.
///
/// Some actions of the internal form are several on the wire, or depend on what the flow matches: the writer
/// follows whether the packet has a VLAN tag, and knows its transport protocol.
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

  /// Notes that the packet has a tag from here on.
  mutating func noteVLAN() { hasVLAN = true }

  /// Writes the push of a tag, if it is wanted and the packet has none.
  mutating func pushVLANIfNeeded(_ isWanted: Bool, to writer: inout WireWriter) {
    guard isWanted, !hasVLAN else { return }
    standard(17, to: &writer) { $0.uint16(0x8100) }
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

  /// Writes an action of the version itself.
  func standard(_ type: UInt16, to writer: inout WireWriter, _ body: (inout WireWriter) -> Void) {
    let start = writer.count
    writer.uint16(type)
    writer.uint16(0)
    body(&writer)
    end(start, &writer)
  }

  /// Writes an action of the Nicira extensions.
  func nicira(_ subtype: UInt16, to writer: inout WireWriter, _ body: (inout WireWriter) -> Void) {
    let start = writer.count
    writer.uint16(0xffff)
    writer.uint16(0)
    writer.uint32(ErrorVendor.nicira.rawValue)
    writer.uint16(subtype)
    body(&writer)
    end(start, &writer)
  }

  private func end(_ start: Int, _ writer: inout WireWriter) {
    writer.pad(to: 8, since: start)
    writer.patch16(UInt16(truncatingIfNeeded: writer.count &- start), at: start &+ 2)
  }

  // MARK: Dispatch

  private mutating func write(_ action: Action, to writer: inout WireWriter) {
    switch action {
    case .output(let port, let maximum): output(port, maximum, to: &writer)
    case .enqueue(let port, let queue): enqueue(port, queue, to: &writer)
    case .group(let group):
      if version == .v10 {
        nicira(40, to: &writer) { body in
          body.zeros(2)
          body.uint32(group)
        }
      } else {
        standard(22, to: &writer) { $0.uint32(group) }
      }
    case .setField(let set): setField(set, to: &writer)
    case .setVLANID(let id, let pushes): setVLANID(id, pushes, to: &writer)
    case .setVLANPriority(let priority, let pushes): setVLANPriority(priority, pushes, to: &writer)
    case .stripVLAN:
      hasVLAN = false
      standard(version == .v10 ? 3 : 18, to: &writer) { $0.zeros(4) }
    case .pushVLAN(let type):
      hasVLAN = true
      // OpenFlow 1.0 pushes a tag by setting its identifier, which has to follow.
      guard version != .v10 else { break }
      standard(17, to: &writer) { $0.uint16(type) }
    case .setQueue(let queue):
      if version == .v10 {
        nicira(4, to: &writer) { body in
          body.zeros(2)
          body.uint32(queue)
        }
      } else {
        standard(21, to: &writer) { $0.uint32(queue) }
      }
    case .meter(let meter):
      if version >= .v15 { standard(29, to: &writer) { $0.uint32(meter) } }
    case .writeMetadata(let value, let mask):
      guard version == .v10 else { break }
      nicira(22, to: &writer) { body in
        body.zeros(6)
        body.uint64(value)
        body.uint64(mask)
      }
    case .gotoTable(let table):
      guard version == .v10 else { break }
      resubmit(ResubmitAction(table: table), to: &writer)
    case .clearActions, .writeActions: break
    default: writeHeaderAction(action, to: &writer)
    }
  }

  /// Actions that set header fields, which each version has its own way for.
  private func writeHeaderAction(_ action: Action, to writer: inout WireWriter) {
    switch action {
    case .setEthernetSource(let address): setEthernet(address, .ethSource, to: &writer)
    case .setEthernetDestination(let address): setEthernet(address, .ethDestination, to: &writer)
    case .setIPv4Source(let address): setIPv4(address, .ipSource, to: &writer)
    case .setIPv4Destination(let address): setIPv4(address, .ipDestination, to: &writer)
    case .setIPDSCP(let tos): setIPDSCP(tos, to: &writer)
    case .setIPECN(let ecn): setIPECN(ecn, to: &writer)
    case .setIPTTL(let ttl):
      if version == .v10 {
        loadField(.ipTTL, FieldValue(ttl), to: &writer)
      } else {
        standard(23, to: &writer) { $0.uint8(ttl) }
      }
    case .setTransportSource(let port): setTransport(port, isSource: true, to: &writer)
    case .setTransportDestination(let port): setTransport(port, isSource: false, to: &writer)
    case .decrementTTL(let controllers): decrementTTL(controllers, to: &writer)
    case .pushMPLS(let type):
      if version == .v10 {
        nicira(23, to: &writer) { $0.uint16(type) }
      } else {
        standard(19, to: &writer) { $0.uint16(type) }
      }
    case .popMPLS(let type):
      if version == .v10 {
        nicira(24, to: &writer) { $0.uint16(type) }
      } else {
        standard(20, to: &writer) { $0.uint16(type) }
      }
    case .setMPLSLabel(let label): setMPLSLabel(label, to: &writer)
    case .setMPLSTrafficClass(let value): setMPLSTrafficClass(value, to: &writer)
    case .setMPLSTTL(let ttl):
      if version == .v10 {
        nicira(25, to: &writer) { $0.uint8(ttl) }
      } else {
        standard(15, to: &writer) { $0.uint8(ttl) }
      }
    case .decrementMPLSTTL:
      if version == .v10 {
        nicira(26, to: &writer) { $0.zeros(6) }
      } else {
        standard(16, to: &writer) { $0.zeros(4) }
      }
    case .setTunnel(let id, let isWide): setTunnel(id, isWide, to: &writer)
    default: writeExtension(action, to: &writer)
    }
  }
}
