// Actions as OVS's tools print them.

import Datapath

extension Action {
  /// A list of actions as OVS's tools print it; an empty one is `drop`.
  @export(interface)
  public static func text(_ actions: [Action], names: FlowNames = FlowNames()) -> String {
    var writer = TextWriter()
    ActionFormatter(names: names).write(actions, to: &writer)
    return writer.bytes[...].string
  }
}

struct ActionFormatter {
  let names: FlowNames

  func write(_ actions: [Action], to writer: inout TextWriter) {
    guard !actions.isEmpty else { return writer.append(ActionTable.drop) }
    var isFirst = true
    for action in actions {
      if !isFirst { writer.append(UInt8(ascii: ",")) }
      write(action, to: &writer)
      isFirst = false
    }
  }

  private func write(_ action: Action, to writer: inout TextWriter) {
    let row = ActionTable.row(action.kind)
    switch action {
    case .output(let port, let byteCount): output(port, byteCount, to: &writer)
    case .outputField(let source, _): outputField(source, to: &writer)
    case .outputTruncated(let port, let byteCount): outputTruncated(port, byteCount, to: &writer)
    case .enqueue(let port, let queue): enqueue(port, queue, to: &writer)
    case .controller(let controller): write(controller, to: &writer)
    case .group(let group): number(row.name, group, to: &writer)
    case .bundle(let bundle): write(bundle, to: &writer)
    case .setField(let set): write(set, to: &writer)
    case .move(let source, let destination): move(row.name, source, destination, to: &writer)
    case .stackPush(let field), .stackPop(let field):
      start(row.name, to: &writer)
      field.write(to: &writer)
    case .deleteField(let field):
      start(row.name, to: &writer)
      writer.append(field.name)
    case .setVLANID(let id, let pushes): number(pushes ? row.secondWord : row.name, id, to: &writer)
    case .setVLANPriority(let priority, let pushes):
      number(pushes ? row.secondWord : row.name, priority, to: &writer)
    case .stripVLAN(let isPop): writer.append(isPop ? row.secondWord : row.name)
    case .pushVLAN(let type), .pushMPLS(let type), .popMPLS(let type):
      start(row.name, to: &writer)
      writer.hex(type, 4)
    case .setEthernetSource(let address), .setEthernetDestination(let address):
      start(row.name, to: &writer)
      writer.ethernet(address)
    case .setIPv4Source(let address), .setIPv4Destination(let address):
      start(row.name, to: &writer)
      writer.ipv4(address)
    case .setIPDSCP(let value), .setIPECN(let value), .setIPTTL(let value):
      number(row.name, value, to: &writer)
    case .setTransportSource(let port), .setTransportDestination(let port):
      number(row.name, port, to: &writer)
    case .decrementTTL(let controllers): decrementTTL(row.name, controllers, to: &writer)
    case .setMPLSLabel(let label): parenthesised(row.name, label, to: &writer)
    case .setMPLSTrafficClass(let value), .setMPLSTTL(let value): parenthesised(row.name, value, to: &writer)
    case .encapsulate(let encapsulate): write(encapsulate, to: &writer)
    case .decapsulate(let type): decapsulate(type, to: &writer)
    case .setTunnel(let id, let isWide):
      start(isWide || id > 0xffff_ffff ? row.secondWord : row.name, to: &writer)
      writer.alternateHex(id)
    case .setQueue(let queue): number(row.name, queue, to: &writer)
    case .finTimeout(let idle, let hard): finTimeout(idle, hard, to: &writer)
    case .resubmit(let resubmit): write(resubmit, to: &writer)
    case .learn(let learn): write(learn, to: &writer)
    case .multipath(let multipath): write(multipath, to: &writer)
    case .conjunction(let conjunction): write(conjunction, to: &writer)
    case .note(let bytes):
      start(row.name, to: &writer)
      writer.dotted(bytes)
    case .sample(let sample): write(sample, to: &writer)
    case .connectionTrack(let track): write(track, to: &writer)
    case .nat(let nat): write(nat, to: &writer)
    case .clone(let actions), .writeActions(let actions):
      begin(action.kind, to: &writer)
      write(actions, to: &writer)
      writer.append(")")
    case .checkPacketLarger(let byteCount, let destination):
      parenthesised(row.name, byteCount, to: &writer)
      writer.append("->")
      destination.write(to: &writer)
    case .meter(let meter): number(row.name, meter, to: &writer)
    case .writeMetadata(let value, let mask): writeMetadata(value, mask, to: &writer)
    case .gotoTable(let table):
      start(row.name, to: &writer)
      names.write(table: table, to: &writer)
    case .decrementMPLSTTL, .decrementNSHTTL, .popQueue, .exit, .connectionTrackClear, .debugRecirculate,
      .debugSlow, .clearActions:
      writer.append(row.name)
    }
  }

  /// `name(`, by the word of a kind.
  func begin(_ kind: Action.Kind, to writer: inout TextWriter) {
    writer.append(ActionTable.row(kind).name)
    writer.append(UInt8(ascii: "("))
  }

  /// `name:`, by the word of a kind.
  func start(_ kind: Action.Kind, to writer: inout TextWriter) {
    start(ActionTable.row(kind).name, to: &writer)
  }

  /// `name:`.
  private func start(_ name: String, to writer: inout TextWriter) {
    writer.append(name)
    writer.append(UInt8(ascii: ":"))
  }

  /// `name:value`.
  private func number(
    _ name: String, _ value: some UnsignedInteger & FixedWidthInteger, to writer: inout TextWriter
  ) {
    start(name, to: &writer)
    writer.decimal(value)
  }

  /// `name(value)`.
  private func parenthesised(
    _ name: String, _ value: some UnsignedInteger & FixedWidthInteger, to writer: inout TextWriter
  ) {
    writer.append(name)
    writer.append("(")
    writer.decimal(value)
    writer.append(")")
  }

  // MARK: Destinations

  private func outputField(_ source: Subfield, to writer: inout TextWriter) {
    start(.output, to: &writer)
    source.write(to: &writer)
  }

  private func outputTruncated(
    _ port: OpenFlowPortNumber, _ byteCount: UInt32, to writer: inout TextWriter
  ) {
    begin(.output, to: &writer)
    writer.append("port=")
    names.write(port, to: &writer)
    writer.append(",max_len=")
    writer.decimal(byteCount)
    writer.append(")")
  }

  private func enqueue(_ port: OpenFlowPortNumber, _ queue: UInt32, to writer: inout TextWriter) {
    start(.enqueue, to: &writer)
    names.write(port, to: &writer)
    writer.append(":")
    writer.decimal(queue)
  }

  private func output(_ port: OpenFlowPortNumber, _ byteCount: UInt16, to writer: inout TextWriter) {
    if port.reservedName == nil {
      start(.output, to: &writer)
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
    begin(.controller, to: &writer)
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
      start(.resubmit, to: &writer)
      return names.write(port, to: &writer)
    }
    begin(.resubmit, to: &writer)
    if let port = action.port { names.write(port, to: &writer) }
    writer.append(",")
    if let table = action.table { names.write(table: table, to: &writer) }
    if action.usesConnectionTuple { writer.append(",ct") }
    writer.append(")")
  }

  private func write(_ action: MultipathAction, to writer: inout TextWriter) {
    begin(.multipath, to: &writer)
    writer.append("\(action.fields.name),")
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
    let row = ActionTable.row(.bundle)
    writer.append(action.destination == nil ? row.name : row.secondWord)
    writer.append("(\(action.fields.name),")
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

  private func move(
    _ name: String, _ source: Subfield, _ destination: Subfield, to writer: inout TextWriter
  ) {
    start(name, to: &writer)
    source.write(to: &writer)
    writer.append("->")
    destination.write(to: &writer)
  }

  private func write(_ action: SetFieldAction, to writer: inout TextWriter) {
    if action.isLoad && action.option == nil {
      for (index, segment) in action.loadSegments.enumerated() {
        if index > 0 { writer.append(",") }
        start(ActionTable.row(.setField).secondWord, to: &writer)
        writer.alternateHex(segment.value)
        writer.append("->")
        segment.destination.write(to: &writer)
      }
      return
    }
    start(.setField, to: &writer)
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

  private func decrementTTL(_ name: String, _ controllers: [UInt16], to writer: inout TextWriter) {
    writer.append(name)
    if controllers == [0] || controllers.isEmpty { return }
    writer.append("(")
    for (index, controller) in controllers.enumerated() {
      if index > 0 { writer.append(",") }
      writer.decimal(controller)
    }
    writer.append(")")
  }

  private func write(_ action: EncapsulateAction, to writer: inout TextWriter) {
    begin(.encapsulate, to: &writer)
    if let known = EncapsulateAction.packetTypes.first(where: { $0.type == action.packetType }) {
      writer.append(known.name)
    } else {
      writer.hex(action.packetType)
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
    begin(.decapsulate, to: &writer)
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
