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
    guard let kind = ActionKind(rawValue: attribute.type) else { throw .unknownAttribute(attribute.type) }
    switch kind {
    case .output: return .output(DatapathPortNumber(try attribute.uint32()))
    case .userspace: return .userspace(try UserspaceAction(decoding: attribute.nested()))
    case .set: return .set(try decodeSet(attribute.nested(), isMasked: false))
    case .setMasked: return .set(try decodeSet(attribute.nested(), isMasked: true))
    case .pushVLAN:
      try attribute.require(byteCount: 4)
      return .pushVLAN(tpid: attribute.big16(at: 0), tci: attribute.big16(at: 2))
    case .popVLAN: return .popVLAN
    case .recirculate: return .recirculate(try attribute.uint32())
    case .hash:
      try attribute.require(byteCount: 8)
      return .hash(algorithm: attribute.little32(at: 0), basis: attribute.little32(at: 4))
    case .pushMPLS:
      try attribute.require(byteCount: 8)
      return .pushMPLS(entry: attribute.big32(at: 0), etherType: attribute.big16(at: 4))
    case .popMPLS: return .popMPLS(etherType: try attribute.network16())
    case .addMPLS:
      try attribute.require(byteCount: 8)
      let flags = UInt16(truncatingIfNeeded: attribute.littleEndian(at: 6, byteCount: 2))
      return .addMPLS(entry: attribute.big32(at: 0), etherType: attribute.big16(at: 4), flags: flags)
    case .connectionTrack: return .connectionTrack(try decodeTrack(attribute.nested()))
    case .connectionTrackClear: return .connectionTrackClear
    case .truncate: return .truncate(maximumByteCount: try attribute.uint32())
    case .pushEthernet:
      try attribute.require(byteCount: 12)
      return .pushEthernet(
        source: attribute.bigEndian(at: 0, byteCount: 6),
        destination: attribute.bigEndian(at: 6, byteCount: 6))
    case .popEthernet: return .popEthernet
    case .pushNSH: return .pushNSH(attributes: attribute.bytes)
    case .popNSH: return .popNSH
    case .meter: return .meter(try attribute.uint32())
    case .tunnelPush: return .tunnelPush(try decodePush(attribute))
    case .tunnelPop: return .tunnelPop(DatapathPortNumber(try attribute.uint32()))
    case .drop: return .drop(reason: try attribute.uint32())
    case .clone: return .clone(try decode(attribute.nested()))
    case .sample: return try decodeSample(attribute.nested())
    case .checkPacketLength: return try decodeLengthCheck(attribute.nested())
    case .decrementTTL: return try decodeDecrement(attribute.nested())
    }
  }

  private static func decodeSample(_ reader: AttributeReader) throws(MessageError) -> DatapathAction {
    var reader = reader
    var probability: UInt32 = 0
    var actions: [DatapathAction] = []
    while let entry = try reader.next() {
      switch entry.type {
      case SampleAttribute.probability: probability = try entry.uint32()
      case SampleAttribute.actions: actions = try decode(entry.nested())
      default: break
      }
    }
    return .sample(probability: probability, actions: actions)
  }

  private static func decodeLengthCheck(_ reader: AttributeReader) throws(MessageError) -> DatapathAction {
    var reader = reader
    var threshold: UInt16 = 0
    var greater: [DatapathAction] = []
    var lessOrEqual: [DatapathAction] = []
    while let entry = try reader.next() {
      switch entry.type {
      case LengthCheckAttribute.threshold: threshold = try entry.uint16()
      case LengthCheckAttribute.greater: greater = try decode(entry.nested())
      case LengthCheckAttribute.lessOrEqual: lessOrEqual = try decode(entry.nested())
      default: break
      }
    }
    return .checkPacketLength(threshold: threshold, greater: greater, lessOrEqual: lessOrEqual)
  }

  private static func decodeDecrement(_ reader: AttributeReader) throws(MessageError) -> DatapathAction {
    var reader = reader
    var exhausted: [DatapathAction] = []
    while let entry = try reader.next() {
      if entry.type == DecrementAttribute.exhausted { exhausted = try decode(entry.nested()) }
    }
    return .decrementTTL(exhausted: exhausted)
  }

  private static func decodeSet(
    _ reader: AttributeReader, isMasked: Bool
  ) throws(MessageError) -> SetAction {
    var reader = reader
    guard let attribute = try reader.next() else { throw .missing(attribute: ActionKind.set.rawValue) }
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
      case TrackAttribute.commits: track.commits = true
      case TrackAttribute.zone: track.zone = try attribute.uint16()
      case TrackAttribute.mark:
        try attribute.require(byteCount: 8)
        track.mark = (attribute.little32(at: 0), attribute.little32(at: 4))
      case TrackAttribute.label:
        try attribute.require(byteCount: 32)
        track.label = (attribute.little128(at: 0), attribute.little128(at: 16))
      case TrackAttribute.helper: track.helper = attribute.text()
      case TrackAttribute.translation: track.translation = try decodeTranslation(attribute.nested())
      case TrackAttribute.forces:
        track.commits = true
        track.forces = true
      case TrackAttribute.eventMask: track.eventMask = try attribute.uint32()
      case TrackAttribute.timeout: track.timeout = attribute.text()
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
      case TranslationAttribute.source: translation.direction = .source
      case TranslationAttribute.destination: translation.direction = .destination
      case TranslationAttribute.lowestAddress: translation.lowestAddress = attribute.bytes
      case TranslationAttribute.highestAddress: translation.highestAddress = attribute.bytes
      case TranslationAttribute.lowestPort: translation.lowestPort = try attribute.uint16()
      case TranslationAttribute.highestPort: translation.highestPort = try attribute.uint16()
      case TranslationAttribute.isPersistent: translation.isPersistent = true
      case TranslationAttribute.hashesPorts: translation.hashesPorts = true
      case TranslationAttribute.randomizesPorts: translation.randomizesPorts = true
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
      case UserspaceAttribute.processID: processID = try attribute.uint32()
      case UserspaceAttribute.userData: userData = attribute.bytes
      case UserspaceAttribute.egressTunnelPort: egressTunnelPort = DatapathPortNumber(try attribute.uint32())
      case UserspaceAttribute.includesActions: includesActions = true
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
