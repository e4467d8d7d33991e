// Actions as OVS's tools print them.

import Datapath

extension Action {
  /// A list of actions as OVS's tools print it; an empty one is `drop`.
  public static func text(_ actions: [Action], names: FlowNames = FlowNames()) -> String {
    var writer = TextWriter()
    ActionFormatter(names: names).write(actions, to: &writer)
    return writer.bytes[...].string
  }
}

struct ActionFormatter {
  let names: FlowNames

  func write(_ actions: [Action], to writer: inout TextWriter) {
    guard !actions.isEmpty else { return writer.append("drop") }
    var isFirst = true
    for action in actions {
      if !isFirst { writer.append(UInt8(ascii: ",")) }
      write(action, to: &writer)
      isFirst = false
    }
  }

  private func write(_ action: Action, to writer: inout TextWriter) {
    switch action {
    case .output, .outputField, .outputTruncated, .enqueue, .controller, .group, .bundle, .resubmit,
      .multipath:
      destination(action, to: &writer)
    case .setField, .move, .stackPush, .stackPop, .deleteField, .checkPacketLarger:
      fields(action, to: &writer)
    case .setVLANID, .setVLANPriority, .stripVLAN, .pushVLAN, .setEthernetSource, .setEthernetDestination,
      .setIPv4Source, .setIPv4Destination, .setIPDSCP, .setIPECN, .setIPTTL, .setTransportSource,
      .setTransportDestination, .decrementTTL, .pushMPLS, .popMPLS, .setMPLSLabel, .setMPLSTrafficClass,
      .setMPLSTTL, .decrementMPLSTTL, .decrementNSHTTL, .encapsulate, .decapsulate:
      headers(action, to: &writer)
    case .setTunnel, .setQueue, .popQueue, .finTimeout, .learn, .conjunction, .note, .exit, .sample,
      .connectionTrack, .nat, .connectionTrackClear, .clone, .debugRecirculate, .debugSlow, .meter,
      .clearActions, .writeActions, .writeMetadata, .gotoTable:
      control(action, to: &writer)
    }
  }

  // MARK: Destinations

  private func destination(_ action: Action, to writer: inout TextWriter) {
    switch action {
    case .output(let port, let byteCount): output(port, byteCount, to: &writer)
    case .outputField(let source, _):
      writer.append("output:")
      source.write(to: &writer)
    case .outputTruncated(let port, let byteCount):
      writer.append("output(port=")
      names.write(port, to: &writer)
      writer.append(",max_len=")
      writer.decimal(byteCount)
      writer.append(")")
    case .enqueue(let port, let queue):
      writer.append("enqueue:")
      names.write(port, to: &writer)
      writer.append(":")
      writer.decimal(queue)
    case .controller(let controller): write(controller, to: &writer)
    case .group(let group):
      writer.append("group:")
      writer.decimal(group)
    case .bundle(let bundle): write(bundle, to: &writer)
    case .resubmit(let resubmit): write(resubmit, to: &writer)
    case .multipath(let multipath): write(multipath, to: &writer)
    default: break
    }
  }

  private func output(_ port: OpenFlowPortNumber, _ byteCount: UInt16, to writer: inout TextWriter) {
    if port.reservedName == nil {
      writer.append("output:")
      names.write(port, to: &writer)
    } else {
      names.write(port, to: &writer)
      if port == .controller {
        writer.append(":")
        writer.decimal(byteCount)
      }
    }
  }

  private func write(_ action: ControllerAction, to writer: inout TextWriter) {
    if action.isPlain {
      writer.append("CONTROLLER:")
      return writer.decimal(action.maximumByteCount)
    }
    writer.append("controller(")
    if action.reason != 1 { writer.append("reason=\(ControllerAction.reasonName(action.reason)),") }
    if action.maximumByteCount != 0xffff {
      writer.append("max_len=")
      writer.decimal(action.maximumByteCount)
      writer.append(",")
    }
    if action.controller != 0 {
      writer.append("id=")
      writer.decimal(action.controller)
      writer.append(",")
    }
    if !action.userData.isEmpty {
      writer.append("userdata=")
      writer.dotted(action.userData)
      writer.append(",")
    }
    if action.isPausing { writer.append("pause,") }
    if let meter = action.meter {
      writer.append("meter_id=")
      writer.decimal(meter)
      writer.append(",")
    }
    writer.dropComma()
    writer.append(")")
  }

  private func write(_ action: ResubmitAction, to writer: inout TextWriter) {
    if let port = action.port, action.table == nil {
      writer.append("resubmit:")
      return names.write(port, to: &writer)
    }
    writer.append("resubmit(")
    if let port = action.port { names.write(port, to: &writer) }
    writer.append(",")
    if let table = action.table { names.write(table: table, to: &writer) }
    if action.usesConnectionTuple { writer.append(",ct") }
    writer.append(")")
  }

  private func write(_ action: MultipathAction, to writer: inout TextWriter) {
    writer.append("multipath(\(action.fields.name),")
    writer.decimal(action.basis)
    writer.append(",\(action.algorithm.name),")
    writer.decimal(UInt32(action.maximumLink) + 1)
    writer.append(",")
    writer.decimal(action.argument)
    writer.append(",")
    action.destination.write(to: &writer)
    writer.append(")")
  }

  private func write(_ action: BundleAction, to writer: inout TextWriter) {
    writer.append(action.destination == nil ? "bundle(" : "bundle_load(")
    writer.append("\(action.fields.name),")
    writer.decimal(action.basis)
    writer.append(",\(action.algorithm.name),ofport,")
    if let destination = action.destination {
      destination.write(to: &writer)
      writer.append(",")
    }
    writer.append("members:")
    for (index, member) in action.members.enumerated() {
      if index > 0 { writer.append(",") }
      names.write(member, to: &writer)
    }
    writer.append(")")
  }

  // MARK: Fields

  private func fields(_ action: Action, to writer: inout TextWriter) {
    switch action {
    case .setField(let set): write(set, to: &writer)
    case .move(let source, let destination):
      writer.append("move:")
      source.write(to: &writer)
      writer.append("->")
      destination.write(to: &writer)
    case .stackPush(let source):
      writer.append("push:")
      source.write(to: &writer)
    case .stackPop(let destination):
      writer.append("pop:")
      destination.write(to: &writer)
    case .deleteField(let field):
      writer.append("delete_field:")
      writer.append(field.name)
    case .checkPacketLarger(let byteCount, let destination):
      writer.append("check_pkt_larger(")
      writer.decimal(byteCount)
      writer.append(")->")
      destination.write(to: &writer)
    default: break
    }
  }

  private func write(_ action: SetFieldAction, to writer: inout TextWriter) {
    if action.isLoad && action.option == nil {
      for (index, segment) in action.loadSegments.enumerated() {
        if index > 0 { writer.append(",") }
        writer.append("load:")
        writer.alternateHex(segment.value)
        writer.append("->")
        segment.destination.write(to: &writer)
      }
      return
    }
    writer.append("set_field:")
    if let option = action.option {
      TunnelMetadataMatch.write(option.value, to: &writer)
      if option.mask.contains(where: { $0 != 0xff }) {
        writer.append("/")
        TunnelMetadataMatch.write(option.mask, to: &writer)
      }
    } else {
      action.field.write(action.value, mask: action.mask, names: names, to: &writer)
    }
    writer.append("->")
    writer.append(action.field.name)
  }

  // MARK: Headers

  private func headers(_ action: Action, to writer: inout TextWriter) {
    switch action {
    case .setVLANID(let id, let pushes):
      writer.append(pushes ? "mod_vlan_vid:" : "set_vlan_vid:")
      writer.decimal(id)
    case .setVLANPriority(let priority, let pushes):
      writer.append(pushes ? "mod_vlan_pcp:" : "set_vlan_pcp:")
      writer.decimal(priority)
    case .stripVLAN(let isPop): writer.append(isPop ? "pop_vlan" : "strip_vlan")
    case .pushVLAN(let type):
      writer.append("push_vlan:")
      writer.hex(type, 4)
    case .setEthernetSource(let address):
      writer.append("mod_dl_src:")
      writer.ethernet(address)
    case .setEthernetDestination(let address):
      writer.append("mod_dl_dst:")
      writer.ethernet(address)
    case .setIPv4Source(let address):
      writer.append("mod_nw_src:")
      writer.ipv4(address)
    case .setIPv4Destination(let address):
      writer.append("mod_nw_dst:")
      writer.ipv4(address)
    case .setIPDSCP(let tos): numbered("mod_nw_tos:", tos, to: &writer)
    case .setIPECN(let ecn): numbered("mod_nw_ecn:", ecn, to: &writer)
    case .setIPTTL(let ttl): numbered("mod_nw_ttl:", ttl, to: &writer)
    case .setTransportSource(let port): numbered("mod_tp_src:", port, to: &writer)
    case .setTransportDestination(let port): numbered("mod_tp_dst:", port, to: &writer)
    case .decrementTTL(let controllers): decrementTTL(controllers, to: &writer)
    case .decrementNSHTTL: writer.append("dec_nsh_ttl")
    case .encapsulate(let encapsulate): write(encapsulate, to: &writer)
    case .decapsulate(let type): decapsulate(type, to: &writer)
    default: mpls(action, to: &writer)
    }
  }

  private func numbered(
    _ name: String, _ value: some UnsignedInteger & FixedWidthInteger, to writer: inout TextWriter
  ) {
    writer.append(name)
    writer.decimal(value)
  }

  private func decrementTTL(_ controllers: [UInt16], to writer: inout TextWriter) {
    writer.append("dec_ttl")
    if controllers == [0] || controllers.isEmpty { return }
    writer.append("(")
    for (index, controller) in controllers.enumerated() {
      if index > 0 { writer.append(",") }
      writer.decimal(controller)
    }
    writer.append(")")
  }

  private func mpls(_ action: Action, to writer: inout TextWriter) {
    switch action {
    case .pushMPLS(let type):
      writer.append("push_mpls:")
      writer.hex(type, 4)
    case .popMPLS(let type):
      writer.append("pop_mpls:")
      writer.hex(type, 4)
    case .setMPLSLabel(let label):
      numbered("set_mpls_label(", label, to: &writer)
      writer.append(")")
    case .setMPLSTrafficClass(let trafficClass):
      numbered("set_mpls_tc(", trafficClass, to: &writer)
      writer.append(")")
    case .setMPLSTTL(let ttl):
      numbered("set_mpls_ttl(", ttl, to: &writer)
      writer.append(")")
    default: writer.append("dec_mpls_ttl")
    }
  }

  private func write(_ action: EncapsulateAction, to writer: inout TextWriter) {
    writer.append("encap(")
    switch action.packetType {
    case 0: writer.append("ethernet")
    case 0x1_8847: writer.append("mpls")
    case 0x1_8848: writer.append("mpls_mc")
    case 0x1_894f: writer.append("nsh")
    default: writer.hex(action.packetType)
    }
    if !action.properties.isEmpty {
      writer.append("(")
      for (index, property) in action.properties.enumerated() {
        if index > 0 { writer.append(",") }
        write(property, to: &writer)
      }
      writer.append(")")
    }
    writer.append(")")
  }

  private func write(_ property: EncapsulateAction.Property, to writer: inout TextWriter) {
    if property.type == 1, let type = property.value.first {
      writer.append("md_type=")
      writer.decimal(type)
    } else if property.value.count >= 4 {
      let value = property.value
      writer.append("tlv(0x")
      writer.hexDigits(value[0], 2)
      writer.hexDigits(value[1], 2)
      writer.append(",")
      writer.decimal(value[2])
      writer.append(",0x")
      for byte in value[4...] { writer.hexDigits(byte, 2) }
      writer.append(")")
    }
  }

  private func decapsulate(_ packetType: UInt32?, to writer: inout TextWriter) {
    writer.append("decap(")
    if let packetType {
      writer.append("packet_type(ns=")
      writer.decimal(packetType >> 16)
      writer.append(",type=")
      writer.alternateHex(UInt64(packetType & 0xffff))
      writer.append(")")
    }
    writer.append(")")
  }
}

extension ControllerAction {
  /// Whether the plain output to the controller says the same.
  public var isPlain: Bool {
    !isExtended && reason == 1 && controller == 0 && userData.isEmpty && !isPausing && meter == nil
  }
}

extension SetFieldAction {
  /// The runs of bits that the mask covers, from the lowest up, each at most 64 bits: what `load` can do at a time.
  public var loadSegments: [(destination: Subfield, value: UInt64)] {
    var segments: [(destination: Subfield, value: UInt64)] = []
    var bit = 0
    while bit < 128 {
      let rest = mask >> FieldValue(bit)
      guard rest != 0 else { break }
      bit += rest.trailingZeroBitCount
      let ones = min((~(mask >> FieldValue(bit))).trailingZeroBitCount, 64, 128 - bit)
      let value = UInt64(truncatingIfNeeded: value >> FieldValue(bit)) & FlowKey.lowBits(ones)
      segments.append((Subfield(field, offset: bit, bitCount: ones), value))
      bit += ones
    }
    return segments
  }
}

extension TextWriter {
  /// Bytes in hexadecimal with dots between them.
  mutating func dotted(_ bytes: [UInt8]) {
    for (index, byte) in bytes.enumerated() {
      if index > 0 { append(UInt8(ascii: ".")) }
      hexDigits(byte, 2)
    }
  }
}
