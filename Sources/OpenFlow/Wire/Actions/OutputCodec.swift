// Actions that send a packet somewhere, or choose where, on the wire.

import Datapath

extension ActionReader {
  func output(_ body: inout WireReader) throws(OpenFlowError) -> Action {
    let port: OpenFlowPortNumber
    if version == .v10 {
      port = try OpenFlowPortNumber(openFlow10: body.uint16())
    } else {
      port = try OpenFlowPortNumber(openFlow11: body.uint32())
    }
    guard port.takesPackets else { throw .badActionBadOutPort }
    return try .output(port, maximumByteCount: body.uint16())
  }

  func outputField(_ body: inout WireReader) throws(OpenFlowError) -> Action {
    let (offset, bits) = try Self.split(body.uint16())
    let field = try fieldHeader(&body)
    let maximum = try body.uint16()
    try body.skipZero(6, else: .niciraBadRequestMustBeZero)
    return try .outputField(subfield(field, offset: offset, bitCount: bits), maximumByteCount: maximum)
  }

  func outputExtendedField(_ body: inout WireReader) throws(OpenFlowError) -> Action {
    let (offset, bits) = try Self.split(body.uint16())
    let maximum = try body.uint16()
    let field = try fieldHeader(&body)
    return try .outputField(subfield(field, offset: offset, bitCount: bits), maximumByteCount: maximum)
  }

  func outputTruncated(_ body: inout WireReader) throws(OpenFlowError) -> Action {
    let port = try OpenFlowPortNumber(openFlow10: body.uint16())
    guard port.takesPackets else { throw .badActionBadOutPort }
    let maximum = try body.uint32()
    guard maximum >= Action.leastTruncatedByteCount else { throw .badActionBadArgument }
    return .outputTruncated(port, maximumByteCount: maximum)
  }

  func enqueue(_ body: inout WireReader) throws(OpenFlowError) -> Action {
    let port = try OpenFlowPortNumber(openFlow10: body.uint16())
    try body.skip(6)
    let queue = try body.uint32()
    guard port.hasQueues else { throw .badActionBadOutPort }
    return .enqueue(port, queue: queue)
  }

  func controller(_ body: inout WireReader) throws(OpenFlowError) -> Action {
    var action = ControllerAction()
    action.maximumByteCount = try body.uint16()
    action.controller = try body.uint16()
    action.reason = try body.uint8()
    return .controller(action)
  }

  func controllerProperties(_ body: inout WireReader) throws(OpenFlowError) -> Action {
    var action = ControllerAction()
    action.isExtended = true
    try body.skipZero(6, else: .niciraBadRequestMustBeZero)
    while !body.isAtEnd {
      var property = try Property.next(&body)
      switch property.type {
      case 0: action.maximumByteCount = try property.body.uint16()
      case 1: action.controller = try property.body.uint16()
      case 2: action.reason = try property.body.uint8()
      case 3: action.userData = property.body.rest()
      case 4: action.isPausing = true
      case 5: action.meter = try property.body.uint32()
      default: throw .badPropertyBadType
      }
    }
    return .controller(action)
  }

  func resubmit(_ body: inout WireReader) throws(OpenFlowError) -> Action {
    let port = try OpenFlowPortNumber(openFlow10: body.uint16())
    return .resubmit(ResubmitAction(port: port == .inPort ? nil : port, table: nil, isShort: true))
  }

  func resubmitTable(
    _ body: inout WireReader, usesConnectionTuple: Bool
  ) throws(OpenFlowError) -> Action {
    let port = try OpenFlowPortNumber(openFlow10: body.uint16())
    let table = try body.uint8()
    try body.skipZero(3, else: .niciraBadRequestMustBeZero)
    return .resubmit(
      ResubmitAction(
        port: port == .inPort ? nil : port, table: table == 0xff ? nil : table,
        usesConnectionTuple: usesConnectionTuple))
  }

  func multipath(_ body: inout WireReader) throws(OpenFlowError) -> Action {
    guard let fields = try HashFields(rawValue: body.uint16()) else { throw .badActionBadArgument }
    let basis = try body.uint16()
    try body.skip(2)
    guard let algorithm = try MultipathAlgorithm(rawValue: body.uint16()) else { throw .badActionBadArgument }
    let maximumLink = try body.uint16()
    let argument = try body.uint32()
    try body.skip(2)
    let (offset, bits) = try Self.split(body.uint16())
    let field = try fieldHeader(&body)
    let target = try destination(field, offset: offset, bitCount: bits)
    guard bits >= 16 || Int(maximumLink) < 1 << bits else { throw .badActionBadArgument }
    return .multipath(
      MultipathAction(
        fields: fields, basis: basis, algorithm: algorithm, maximumLink: maximumLink, argument: argument,
        destination: target))
  }

  func bundle(_ body: inout WireReader, isLoad: Bool) throws(OpenFlowError) -> Action {
    let algorithmNumber = try body.uint16()
    guard let fields = try HashFields(rawValue: body.uint16()),
      let algorithm = BundleAction.Algorithm(rawValue: algorithmNumber)
    else { throw .badActionBadArgument }
    let basis = try body.uint16()
    guard try body.uint32() == BundleAction.memberType else { throw .badActionBadArgument }
    let count = try Int(body.uint16())
    guard count <= BundleAction.maximumMemberCount else { throw .badActionBadArgument }
    let offsetAndBits = try body.uint16()
    var target: Subfield?
    if isLoad {
      let (offset, bits) = Self.split(offsetAndBits)
      let field = try fieldHeader(&body)
      target = try destination(field, offset: offset, bitCount: bits)
      guard bits >= 16 else { throw .badActionBadArgument }
    } else {
      let zero = try body.uint32()
      guard offsetAndBits == 0, zero == 0 else { throw .niciraBadRequestMustBeZero }
    }
    try body.skipZero(4, else: .niciraBadRequestMustBeZero)
    var members: [OpenFlowPortNumber] = []
    for _ in 0..<count { members.append(OpenFlowPortNumber(openFlow10: try body.uint16())) }
    return .bundle(
      BundleAction(fields: fields, basis: basis, algorithm: algorithm, members: members, destination: target))
  }
}

extension ActionWriter {
  func output(_ port: OpenFlowPortNumber, _ maximum: UInt16, to writer: inout WireWriter) {
    frame(.output, to: &writer) { body in
      body.portNumber(port, version)
      body.uint16(maximum)
    }
  }

  func outputField(_ field: Subfield, _ maximum: UInt16, to writer: inout WireWriter) {
    let isExperimenter =
      field.field.header(openFlowVersion: OpenFlowVersion.v10.rawValue)?.isExperimenter ?? false
    if isExperimenter {
      frame(.outputExtendedField, to: &writer) { body in
        body.offsetAndBits(field)
        body.uint16(maximum)
        FieldEntryHeader.write(field.field, to: &body, .v10)
      }
    } else {
      frame(.outputField, to: &writer) { body in
        body.offsetAndBits(field)
        FieldEntryHeader.write(field.field, to: &body, .v10)
        body.uint16(maximum)
        body.zeros(6)
      }
    }
  }

  func outputTruncated(_ port: OpenFlowPortNumber, _ maximum: UInt32, to writer: inout WireWriter) {
    frame(.outputTruncated, to: &writer) { body in
      body.uint16(port.openFlow10)
      body.uint32(maximum)
    }
  }

  /// Writes `enqueue`; later versions than OpenFlow 1.0 choose the queue, output, and choose the port's own again.
  func enqueue(_ port: OpenFlowPortNumber, _ queue: UInt32, to writer: inout WireWriter) {
    if has(.enqueue) {
      frame(.enqueue, to: &writer) { body in
        body.uint16(port.openFlow10)
        body.zeros(6)
        body.uint32(queue)
      }
    } else {
      frame(.setQueue, to: &writer) { $0.uint32(queue) }
      // The length to send to a controller means nothing here; peers write all ones.
      output(port, .max, to: &writer)
      frame(.popQueue, to: &writer)
    }
  }

  func controller(_ controller: ControllerAction, to writer: inout WireWriter) {
    let isExtended =
      controller.isExtended || controller.isPausing || controller.meter != nil || !controller.userData.isEmpty
    guard isExtended else {
      return frame(.controller, to: &writer) { body in
        body.uint16(controller.maximumByteCount)
        body.uint16(controller.controller)
        body.uint8(controller.reason)
      }
    }
    frame(.controllerProperties, to: &writer) { body in
      body.zeros(6)
      if controller.maximumByteCount != .max { body.property(0, controller.maximumByteCount) }
      if controller.controller != 0 { body.property(1, controller.controller) }
      if controller.reason != 1 { body.property(2, controller.reason) }
      if !controller.userData.isEmpty { body.property(3, bytes: controller.userData) }
      if controller.isPausing { body.property(4, bytes: []) }
      if let meter = controller.meter { body.property(5, meter) }
    }
  }

  func resubmit(_ resubmit: ResubmitAction, to writer: inout WireWriter) {
    let port = (resubmit.port ?? .inPort).openFlow10
    if resubmit.isShort, !resubmit.usesConnectionTuple, resubmit.table == nil {
      return frame(.resubmit, to: &writer) { $0.uint16(port) }
    }
    frame(resubmit.usesConnectionTuple ? .resubmitTuple : .resubmitTable, to: &writer) { body in
      body.uint16(port)
      body.uint8(resubmit.table ?? 0xff)
    }
  }

  func multipath(_ multipath: MultipathAction, to writer: inout WireWriter) {
    frame(.multipath, to: &writer) { body in
      body.uint16(multipath.fields.rawValue)
      body.uint16(multipath.basis)
      body.zeros(2)
      body.uint16(multipath.algorithm.rawValue)
      body.uint16(multipath.maximumLink)
      body.uint32(multipath.argument)
      body.zeros(2)
      body.offsetAndBits(multipath.destination)
      FieldEntryHeader.write(multipath.destination.field, to: &body, .v10)
    }
  }

  func bundle(_ bundle: BundleAction, to writer: inout WireWriter) {
    frame(bundle.destination == nil ? .bundle : .bundleLoad, to: &writer) { body in
      body.uint16(bundle.algorithm.rawValue)
      body.uint16(bundle.fields.rawValue)
      body.uint16(bundle.basis)
      body.uint32(BundleAction.memberType)
      body.uint16(UInt16(truncatingIfNeeded: bundle.members.count))
      if let target = bundle.destination {
        body.offsetAndBits(target)
        FieldEntryHeader.write(target.field, to: &body, .v10)
        body.zeros(4)
      } else {
        body.zeros(10)
      }
      for member in bundle.members { body.uint16(member.openFlow10) }
    }
  }
}

extension BundleAction {
  /// How many members a bundle may have (BUNDLE_MAX_MEMBERS).
  static var maximumMemberCount: Int { 2048 }

  /// What says that members are ports: the header of NXM_OF_IN_PORT.
  static var memberType: UInt32 { 0x0000_0002 }
}
