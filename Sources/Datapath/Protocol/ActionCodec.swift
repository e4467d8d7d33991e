// Actions as `OVS_ACTION_ATTR_*` attributes.

enum ActionCodec {
  /// The number of header bytes that a tunnel push carries on the wire, used or not.
  static let tunnelHeaderByteCount = 512

  static func encode(_ actions: [DatapathAction], into writer: inout AttributeWriter) {
    for action in actions { encode(action, into: &writer) }
  }

  private static func encode(_ action: DatapathAction, into writer: inout AttributeWriter) {
    let start = writer.begin(action.kind.rawValue)
    switch action {
    case .output(let port), .tunnelPop(let port): writer.append(word: port.rawValue)
    case .recirculate(let number), .truncate(let number), .meter(let number), .drop(let number):
      writer.append(word: number)
    case .popVLAN, .connectionTrackClear, .popEthernet, .popNSH: break
    case .pushVLAN(let tpid, let tci):
      writer.append(bigEndian: UInt64(tpid), byteCount: 2)
      writer.append(bigEndian: UInt64(tci), byteCount: 2)
    case .hash(let algorithm, let basis):
      writer.append(word: algorithm)
      writer.append(word: basis)
    case .pushMPLS(let entry, let etherType):
      writer.append(bigEndian: UInt64(entry), byteCount: 4)
      writer.append(bigEndian: UInt64(etherType), byteCount: 2)
      writer.append([0, 0])
    case .popMPLS(let etherType): writer.append(bigEndian: UInt64(etherType), byteCount: 2)
    case .addMPLS(let entry, let etherType, let flags):
      writer.append(bigEndian: UInt64(entry), byteCount: 4)
      writer.append(bigEndian: UInt64(etherType), byteCount: 2)
      writer.append(littleEndian: UInt64(flags), byteCount: 2)
    case .pushEthernet(let source, let destination):
      writer.append(bigEndian: source, byteCount: 6)
      writer.append(bigEndian: destination, byteCount: 6)
    case .pushNSH(let attributes): writer.append(attributes)
    case .userspace(let userspace): encode(userspace, into: &writer)
    case .set(let set): encode(set, into: &writer)
    case .connectionTrack(let track): encode(track, into: &writer)
    case .tunnelPush(let push): encode(push, into: &writer)
    case .clone(let actions): encode(actions, into: &writer)
    case .sample(let probability, let actions):
      writer.put(SampleAttribute.probability, uint32: probability)
      encode(actions, as: SampleAttribute.actions, into: &writer)
    case .checkPacketLength(let threshold, let greater, let lessOrEqual):
      writer.put(LengthCheckAttribute.threshold, uint16: threshold)
      encode(greater, as: LengthCheckAttribute.greater, into: &writer)
      encode(lessOrEqual, as: LengthCheckAttribute.lessOrEqual, into: &writer)
    case .decrementTTL(let exhausted): encode(exhausted, as: DecrementAttribute.exhausted, into: &writer)
    }
    writer.finish(start)
  }

  private static func encode(
    _ actions: [DatapathAction], as type: UInt16, into writer: inout AttributeWriter
  ) {
    let start = writer.begin(type)
    encode(actions, into: &writer)
    writer.finish(start)
  }

  private static func encode(_ userspace: UserspaceAction, into writer: inout AttributeWriter) {
    writer.put(UserspaceAttribute.processID, uint32: userspace.processID)
    if let data = userspace.userData { writer.put(UserspaceAttribute.userData, bytes: data) }
    if let port = userspace.egressTunnelPort {
      writer.put(UserspaceAttribute.egressTunnelPort, uint32: port.rawValue)
    }
    if userspace.includesActions { writer.put(flag: UserspaceAttribute.includesActions) }
  }

  private static func encode(_ push: TunnelPush, into writer: inout AttributeWriter) {
    writer.append(word: push.tunnelPort.rawValue)
    writer.append(word: push.outPort.rawValue)
    writer.append(word: UInt32(push.header.count))
    writer.append(word: push.kind.rawValue)
    writer.append(push.header)
    writer.append([UInt8](repeating: 0, count: max(0, tunnelHeaderByteCount - push.header.count)))
  }

  private static func encode(_ track: ConnectionTrackAction, into writer: inout AttributeWriter) {
    if track.forces {
      writer.put(flag: TrackAttribute.forces)
    } else if track.commits {
      writer.put(flag: TrackAttribute.commits)
    }
    if track.zone != 0 { writer.put(TrackAttribute.zone, uint16: track.zone) }
    if let mark = track.mark {
      writer.put(TrackAttribute.mark, uint64: UInt64(mark.value) | UInt64(mark.mask) << 32)
    }
    if let label = track.label {
      let place = writer.begin(TrackAttribute.label)
      for part in [label.value, label.mask] {
        writer.append(littleEndian: UInt64(truncatingIfNeeded: part), byteCount: 8)
        writer.append(littleEndian: UInt64(truncatingIfNeeded: part >> 64), byteCount: 8)
      }
      writer.finish(place)
    }
    if let helper = track.helper { writer.put(TrackAttribute.helper, text: helper) }
    if let translation = track.translation {
      let place = writer.begin(TrackAttribute.translation)
      encode(translation, into: &writer)
      writer.finish(place)
    }
    if let eventMask = track.eventMask { writer.put(TrackAttribute.eventMask, uint32: eventMask) }
    if let timeout = track.timeout { writer.put(TrackAttribute.timeout, text: timeout) }
  }

  private static func encode(
    _ translation: ConnectionTrackAction.Translation, into writer: inout AttributeWriter
  ) {
    typealias Attribute = TranslationAttribute
    switch translation.direction {
    case .source: writer.put(flag: Attribute.source)
    case .destination: writer.put(flag: Attribute.destination)
    case nil: return
    }
    if !translation.lowestAddress.isEmpty {
      writer.put(Attribute.lowestAddress, bytes: translation.lowestAddress)
    }
    if !translation.highestAddress.isEmpty {
      writer.put(Attribute.highestAddress, bytes: translation.highestAddress)
    }
    if translation.lowestPort != 0 { writer.put(Attribute.lowestPort, uint16: translation.lowestPort) }
    if translation.highestPort != 0 { writer.put(Attribute.highestPort, uint16: translation.highestPort) }
    if translation.isPersistent { writer.put(flag: Attribute.isPersistent) }
    if translation.hashesPorts { writer.put(flag: Attribute.hashesPorts) }
    if translation.randomizesPorts { writer.put(flag: Attribute.randomizesPorts) }
  }

  private static func encode(_ set: SetAction, into writer: inout AttributeWriter) {
    let attribute = writer.begin(set.attribute.rawValue)
    if set.attribute == .tunnel {
      KeyEncoder.encodeTunnel(set.value, into: &writer)
    } else {
      KeyEncoder.appendValue(of: set.attribute, set.value, isMask: false, into: &writer)
      KeyEncoder.appendValue(of: set.attribute, set.mask, isMask: true, into: &writer)
    }
    writer.finish(attribute)
  }
}

extension AttributeWriter {
  /// Appends a 32-bit number in host order.
  fileprivate mutating func append(word: UInt32) { append(littleEndian: UInt64(word), byteCount: 4) }
}
