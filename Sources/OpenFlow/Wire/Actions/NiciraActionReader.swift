import Datapath

// Actions of extensions that have parts of their own.

extension ActionReader {
  func resubmit(_ subtype: UInt16, _ body: inout WireReader) throws(OpenFlowError) -> Action {
    let port = try OpenFlowPortNumber(openFlow10: body.uint16())
    var table: UInt8?
    if subtype != 1 {
      let number = try body.uint8()
      table = number == 0xff ? nil : number
      try body.skipZero(3, else: .niciraBadRequestMustBeZero)
    }
    return .resubmit(
      ResubmitAction(
        port: port == .inPort ? nil : port, table: table, usesConnectionTuple: subtype == 44,
        isShort: subtype == 1))
  }

  func setTunnel(_ subtype: UInt16, _ body: inout WireReader) throws(OpenFlowError) -> Action {
    if subtype == 2 {
      try body.skip(2)
      return try .setTunnel(UInt64(body.uint32()), isWide: false)
    }
    try body.skip(6)
    return try .setTunnel(body.uint64(), isWide: true)
  }

  func decrementTTL(_ subtype: UInt16, _ body: inout WireReader) throws(OpenFlowError) -> Action {
    guard subtype == 21 else { return .decrementTTL(controllers: [0]) }
    let count = try Int(body.uint16())
    try body.skipZero(4, else: .niciraBadRequestMustBeZero)
    var controllers: [UInt16] = []
    for _ in 0..<count { controllers.append(try body.uint16()) }
    return .decrementTTL(controllers: controllers)
  }

  func controller(_ subtype: UInt16, _ body: inout WireReader) throws(OpenFlowError) -> Action {
    var action = ControllerAction()
    if subtype == 20 {
      action.maximumByteCount = try body.uint16()
      action.controller = try body.uint16()
      action.reason = try body.uint8()
      return .controller(action)
    }
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

  func sample(_ subtype: UInt16, _ body: inout WireReader) throws(OpenFlowError) -> Action {
    var sample = SampleAction()
    sample.probability = try body.uint16()
    sample.collectorSet = try body.uint32()
    sample.observationDomain = try body.uint32()
    sample.observationPoint = try body.uint32()
    guard sample.probability != 0 else { throw .badActionBadArgument }
    guard subtype != 29 else { return .sample(sample) }
    sample.samplingPort = try OpenFlowPortNumber(openFlow10: body.uint16())
    guard subtype == 41 else { return .sample(sample) }
    guard let direction = try SampleAction.Direction(rawValue: body.uint8()) else {
      throw .badActionBadArgument
    }
    sample.direction = direction
    try body.skipZero(body.remaining, else: .niciraBadRequestMustBeZero)
    return .sample(sample)
  }

  func connectionTrack(_ body: inout WireReader) throws(OpenFlowError) -> Action {
    var track = ConnectionTrackAction()
    let flags = try body.uint16()
    guard flags & ~3 == 0 else { throw .badActionBadArgument }
    track.commits = flags & 1 != 0
    track.forces = flags & 2 != 0
    guard track.commits || !track.forces else { throw .badActionBadArgument }
    if try body.peek32(0) == 0 {
      try body.skip(4)
      track.zone = try body.uint16()
    } else {
      let field = try fieldHeader(&body)
      let (offset, bits) = try Self.split(body.uint16())
      guard bits == 16 else { throw .badActionBadSetLength }
      track.zoneSource = try subfield(field, offset: offset, bitCount: bits)
    }
    let table = try body.uint8()
    track.table = table == 0xff ? nil : table
    try body.skip(3)
    track.helperPort = try body.uint16()
    track.actions = try nested(&body)
    for action in track.actions {
      switch action {
      case .nat: continue
      case .setField(let set) where set.field == .ctMark || set.field == .ctLabel: continue
      case .move(_, let target) where target.field == .ctMark || target.field == .ctLabel: continue
      default: throw .badActionBadArgument
      }
    }
    return .connectionTrack(track)
  }

  func nat(_ body: inout WireReader) throws(OpenFlowError) -> Action {
    var nat = NATAction()
    try body.skipZero(2, else: .niciraBadRequestMustBeZero)
    let flags = try body.uint16()
    let present = try body.uint16()
    switch flags & 3 {
    case 0: break
    case 1: nat.direction = .source
    case 2: nat.direction = .destination
    default: throw .badActionBadArgument
    }
    switch flags & 0x18 {
    case 0: break
    case 8: nat.selection = .hash
    case 16: nat.selection = .random
    default: throw .badActionBadArgument
    }
    nat.isPersistent = flags & 4 != 0
    guard flags & ~0x1f == 0, present & ~0x3f == 0 else { throw .badActionBadArgument }
    try readRange(&body, present, &nat)
    return .nat(nat)
  }

  private func readRange(
    _ body: inout WireReader, _ present: UInt16, _ nat: inout NATAction
  ) throws(OpenFlowError) {
    if present & 0x01 != 0 {
      let first = try body.uint32()
      let last = present & 0x02 != 0 ? try body.uint32() : first
      nat.addresses = .ipv4(first, last)
      guard present & 0x0c == 0 else { throw .badActionBadArgument }
    } else if present & 0x04 != 0 {
      let first = try body.fieldValue(16)
      let last = present & 0x08 != 0 ? try body.fieldValue(16) : first
      nat.addresses = .ipv6(first, last)
    }
    if present & 0x10 != 0 { nat.minimumPort = try body.uint16() }
    if present & 0x20 != 0 { nat.maximumPort = try body.uint16() }
    // A range without a beginning, or without a direction, means nothing.
    if present & 0x02 != 0, present & 0x01 == 0 { throw .badActionBadArgument }
    if present & 0x08 != 0, present & 0x04 == 0 { throw .badActionBadArgument }
    if present & 0x20 != 0, present & 0x10 == 0 { throw .badActionBadArgument }
    if present != 0, nat.direction == .existing { throw .badActionBadArgument }
  }

  func encapsulate(_ body: inout WireReader) throws(OpenFlowError) -> Action {
    let headerByteCount = try body.uint16()
    let packetType = try body.uint32()
    switch packetType {
    case 0, 0x1_894f, 0x1_8847, 0x1_8848: break
    default: throw .niciraBadActionBadHeaderType
    }
    var action = EncapsulateAction(packetType: packetType, headerByteCount: headerByteCount)
    while !body.isAtEnd {
      guard body.remaining >= 4 else { throw .niciraBadActionBadEncapsulationProperty }
      let start = body.remaining
      let classNumber = try body.uint16()
      let type = try body.uint8()
      let length = try Int(body.uint8())
      let padded = (length &+ 7) / 8 &* 8
      guard length >= 4, padded <= start else { throw .niciraBadActionBadEncapsulationProperty }
      guard classNumber == 4, type == 1 || type == 2 else {
        throw .niciraBadActionUnknownEncapsulationProperty
      }
      let value = try body.take(length &- 4)
      try body.skip(padded &- length)
      action.properties.append(.init(classNumber: classNumber, type: type, value: value))
    }
    return .encapsulate(action)
  }
}
