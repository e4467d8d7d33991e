// Reading actions from `OVS_ACTION_ATTR_*` attributes.

extension ActionCodec {
  /// Reads a row of actions.
  static func decode(_ reader: AttributeReader) throws(MessageError) -> [DatapathAction] {
    var reader = reader
    var actions: [DatapathAction] = []
    while let attribute = try reader.next() { actions.append(try decode(attribute)) }
    return actions
  }

  private static func decode(_ attribute: Attribute) throws(MessageError) -> DatapathAction {
    switch attribute.type {
    case ActionType.output: return .output(DatapathPortNumber(try attribute.uint32()))
    case ActionType.userspace: return .userspace(try UserspaceAction(decoding: attribute.nested()))
    case ActionType.set: return .set(try decodeSet(attribute.nested(), isMasked: false))
    case ActionType.setMasked: return .set(try decodeSet(attribute.nested(), isMasked: true))
    case ActionType.pushVLAN:
      try attribute.require(byteCount: 4)
      return .pushVLAN(tpid: attribute.big16(at: 0), tci: attribute.big16(at: 2))
    case ActionType.popVLAN: return .popVLAN
    case ActionType.recirculate: return .recirculate(try attribute.uint32())
    case ActionType.hash:
      try attribute.require(byteCount: 8)
      return .hash(algorithm: attribute.little32(at: 0), basis: attribute.little32(at: 4))
    case ActionType.pushMPLS:
      try attribute.require(byteCount: 8)
      return .pushMPLS(entry: attribute.big32(at: 0), etherType: attribute.big16(at: 4))
    case ActionType.popMPLS: return .popMPLS(etherType: try attribute.network16())
    case ActionType.addMPLS:
      try attribute.require(byteCount: 8)
      let flags = UInt16(truncatingIfNeeded: attribute.littleEndian(at: 6, byteCount: 2))
      return .addMPLS(entry: attribute.big32(at: 0), etherType: attribute.big16(at: 4), flags: flags)
    case ActionType.connectionTrack: return .connectionTrack(try decodeTrack(attribute.nested()))
    case ActionType.connectionTrackClear: return .connectionTrackClear
    case ActionType.truncate: return .truncate(maximumByteCount: try attribute.uint32())
    case ActionType.pushEthernet:
      try attribute.require(byteCount: 12)
      return .pushEthernet(
        source: attribute.bigEndian(at: 0, byteCount: 6),
        destination: attribute.bigEndian(at: 6, byteCount: 6))
    case ActionType.popEthernet: return .popEthernet
    case ActionType.pushNSH: return .pushNSH(attributes: attribute.bytes)
    case ActionType.popNSH: return .popNSH
    case ActionType.meter: return .meter(try attribute.uint32())
    case ActionType.tunnelPush: return .tunnelPush(try decodePush(attribute))
    case ActionType.tunnelPop: return .tunnelPop(DatapathPortNumber(try attribute.uint32()))
    case ActionType.drop: return .drop(reason: try attribute.uint32())
    default: return try decodeNesting(attribute)
    }
  }

  private static func decodeNesting(_ attribute: Attribute) throws(MessageError) -> DatapathAction {
    switch attribute.type {
    case ActionType.clone: return .clone(try decode(attribute.nested()))
    case ActionType.sample:
      var probability: UInt32 = 0
      var actions: [DatapathAction] = []
      var reader = try attribute.nested()
      while let entry = try reader.next() {
        if entry.type == 1 { probability = try entry.uint32() }
        if entry.type == 2 { actions = try decode(entry.nested()) }
      }
      return .sample(probability: probability, actions: actions)
    case ActionType.checkPacketLength:
      var threshold: UInt16 = 0
      var greater: [DatapathAction] = []
      var lessOrEqual: [DatapathAction] = []
      var reader = try attribute.nested()
      while let entry = try reader.next() {
        if entry.type == 1 { threshold = try entry.uint16() }
        if entry.type == 2 { greater = try decode(entry.nested()) }
        if entry.type == 3 { lessOrEqual = try decode(entry.nested()) }
      }
      return .checkPacketLength(threshold: threshold, greater: greater, lessOrEqual: lessOrEqual)
    case ActionType.decrementTTL:
      var exhausted: [DatapathAction] = []
      var reader = try attribute.nested()
      while let entry = try reader.next() { if entry.type == 1 { exhausted = try decode(entry.nested()) } }
      return .decrementTTL(exhausted: exhausted)
    default: throw .unknownAttribute(attribute.type)
    }
  }

  private static func decodeSet(
    _ reader: AttributeReader, isMasked: Bool
  ) throws(MessageError) -> SetAction {
    var reader = reader
    guard let attribute = try reader.next() else { throw .missing(attribute: ActionType.set) }
    let kind = KeyAttribute(rawValue: attribute.type)
    var value = FlowKey()
    var mask = FlowKey()
    if isMasked && kind != .tunnel && kind != .nsh {
      guard attribute.byteCount & 1 == 0 else {
        throw .wrongLength(attribute: attribute.type, found: attribute.byteCount)
      }
      try KeyDecoder.decode(attribute.half(0), into: &value, isMask: false)
      try KeyDecoder.decode(attribute.half(1), into: &mask, isMask: true)
    } else {
      try KeyDecoder.decode(attribute, into: &value, isMask: false)
      for place in kind.places { mask.words[place.index] |= place.mask }
    }
    return SetAction(kind, value: value, mask: mask)
  }

  private static func decodePush(_ attribute: Attribute) throws(MessageError) -> TunnelPush {
    guard attribute.byteCount >= 16 else {
      throw .wrongLength(attribute: attribute.type, found: attribute.byteCount)
    }
    let count = Int(attribute.little32(at: 8))
    guard count <= TunnelPush.maximumHeaderByteCount, count <= attribute.byteCount - 16 else {
      throw .invalidValue(attribute: attribute.type)
    }
    return TunnelPush(
      tunnelPort: DatapathPortNumber(attribute.little32(at: 0)),
      outPort: DatapathPortNumber(attribute.little32(at: 4)),
      kind: VportType(rawValue: attribute.little32(at: 12)),
      header: Array(attribute.bytes[16..<(16 + count)]))
  }

  private static func decodeTrack(
    _ reader: AttributeReader
  ) throws(MessageError) -> ConnectionTrackAction {
    var reader = reader
    var track = ConnectionTrackAction()
    while let attribute = try reader.next() {
      switch attribute.type {
      case 1: track.commits = true
      case 2: track.zone = try attribute.uint16()
      case 3:
        try attribute.require(byteCount: 8)
        track.mark = (attribute.little32(at: 0), attribute.little32(at: 4))
      case 4:
        try attribute.require(byteCount: 32)
        track.label = (attribute.little128(at: 0), attribute.little128(at: 16))
      case 5: track.helper = attribute.text()
      case 6: track.translation = try decodeTranslation(attribute.nested())
      case 7:
        track.commits = true
        track.forces = true
      case 8: track.eventMask = try attribute.uint32()
      case 9: track.timeout = attribute.text()
      default: throw .unknownAttribute(attribute.type)
      }
    }
    return track
  }

  private static func decodeTranslation(
    _ reader: AttributeReader
  ) throws(MessageError) -> ConnectionTrackAction.Translation {
    var reader = reader
    var translation = ConnectionTrackAction.Translation()
    while let attribute = try reader.next() {
      switch attribute.type {
      case 1: translation.direction = .source
      case 2: translation.direction = .destination
      case 3: translation.lowestAddress = attribute.bytes
      case 4: translation.highestAddress = attribute.bytes
      case 5: translation.lowestPort = try attribute.uint16()
      case 6: translation.highestPort = try attribute.uint16()
      case 7: translation.isPersistent = true
      case 8: translation.hashesPorts = true
      case 9: translation.randomizesPorts = true
      default: throw .unknownAttribute(attribute.type)
      }
    }
    return translation
  }
}

extension UserspaceAction {
  init(decoding reader: AttributeReader) throws(MessageError) {
    self.init()
    var reader = reader
    while let attribute = try reader.next() {
      switch attribute.type {
      case 1: processID = try attribute.uint32()
      case 2: userData = attribute.bytes
      case 3: egressTunnelPort = DatapathPortNumber(try attribute.uint32())
      case 4: includesActions = true
      default: break
      }
    }
  }
}

extension Attribute {
  fileprivate func big16(at offset: Int) -> UInt16 {
    UInt16(truncatingIfNeeded: bigEndian(at: offset, byteCount: 2))
  }

  fileprivate func big32(at offset: Int) -> UInt32 {
    UInt32(truncatingIfNeeded: bigEndian(at: offset, byteCount: 4))
  }

  fileprivate func little32(at offset: Int) -> UInt32 {
    UInt32(truncatingIfNeeded: littleEndian(at: offset, byteCount: 4))
  }

  fileprivate func little128(at offset: Int) -> UInt128 {
    UInt128(littleEndian(at: offset + 8, byteCount: 8)) << 64
      | UInt128(littleEndian(at: offset, byteCount: 8))
  }
}
