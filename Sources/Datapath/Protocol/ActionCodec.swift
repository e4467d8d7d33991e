// Actions as `OVS_ACTION_ATTR_*` attributes, numbered as Open vSwitch 3.7 numbers them.

/// Types of action attributes (`enum ovs_action_attr`).
enum ActionType {
  static let output: UInt16 = 1
  static let userspace: UInt16 = 2
  static let set: UInt16 = 3
  static let pushVLAN: UInt16 = 4
  static let popVLAN: UInt16 = 5
  static let sample: UInt16 = 6
  static let recirculate: UInt16 = 7
  static let hash: UInt16 = 8
  static let pushMPLS: UInt16 = 9
  static let popMPLS: UInt16 = 10
  static let setMasked: UInt16 = 11
  static let connectionTrack: UInt16 = 12
  static let truncate: UInt16 = 13
  static let pushEthernet: UInt16 = 14
  static let popEthernet: UInt16 = 15
  static let connectionTrackClear: UInt16 = 16
  static let pushNSH: UInt16 = 17
  static let popNSH: UInt16 = 18
  static let meter: UInt16 = 19
  static let clone: UInt16 = 20
  static let checkPacketLength: UInt16 = 21
  static let addMPLS: UInt16 = 22
  static let decrementTTL: UInt16 = 23
  static let drop: UInt16 = 24
  static let tunnelPush: UInt16 = 26
  static let tunnelPop: UInt16 = 27
}

enum ActionCodec {
  /// The number of header bytes that a tunnel push carries on the wire, used or not.
  static let tunnelHeaderByteCount = 512

  static func encode(_ actions: [DatapathAction], into writer: inout AttributeWriter) {
    for action in actions { encode(action, into: &writer) }
  }

  private static func encode(_ action: DatapathAction, into writer: inout AttributeWriter) {
    switch action {
    case .output(let port): writer.put(ActionType.output, uint32: port.rawValue)
    case .userspace(let userspace): encode(userspace, into: &writer)
    case .set(let set): encode(set, into: &writer)
    case .pushVLAN(let tpid, let tci):
      writer.put(ActionType.pushVLAN, bigEndian: UInt64(tpid) << 16 | UInt64(tci), byteCount: 4)
    case .popVLAN: writer.put(flag: ActionType.popVLAN)
    case .recirculate(let id): writer.put(ActionType.recirculate, uint32: id)
    case .hash(let algorithm, let basis):
      let start = writer.begin(ActionType.hash)
      writer.append(littleEndian: UInt64(algorithm), byteCount: 4)
      writer.append(littleEndian: UInt64(basis), byteCount: 4)
      writer.finish(start)
    case .pushMPLS(let entry, let etherType):
      let start = writer.begin(ActionType.pushMPLS)
      writer.append(bigEndian: UInt64(entry), byteCount: 4)
      writer.append(bigEndian: UInt64(etherType), byteCount: 2)
      writer.append([0, 0])
      writer.finish(start)
    case .popMPLS(let etherType):
      writer.put(ActionType.popMPLS, bigEndian: UInt64(etherType), byteCount: 2)
    case .addMPLS(let entry, let etherType, let flags):
      let start = writer.begin(ActionType.addMPLS)
      writer.append(bigEndian: UInt64(entry), byteCount: 4)
      writer.append(bigEndian: UInt64(etherType), byteCount: 2)
      writer.append(littleEndian: UInt64(flags), byteCount: 2)
      writer.finish(start)
    case .connectionTrack(let track): encode(track, into: &writer)
    case .connectionTrackClear: writer.put(flag: ActionType.connectionTrackClear)
    case .truncate(let count): writer.put(ActionType.truncate, uint32: count)
    case .pushEthernet(let source, let destination):
      let start = writer.begin(ActionType.pushEthernet)
      writer.append(bigEndian: source, byteCount: 6)
      writer.append(bigEndian: destination, byteCount: 6)
      writer.finish(start)
    case .popEthernet: writer.put(flag: ActionType.popEthernet)
    case .pushNSH(let attributes): writer.put(ActionType.pushNSH, bytes: attributes)
    case .popNSH: writer.put(flag: ActionType.popNSH)
    case .meter(let id): writer.put(ActionType.meter, uint32: id)
    case .tunnelPush(let push): encode(push, into: &writer)
    case .tunnelPop(let port): writer.put(ActionType.tunnelPop, uint32: port.rawValue)
    case .drop(let reason): writer.put(ActionType.drop, uint32: reason)
    case .sample, .clone, .checkPacketLength, .decrementTTL: encode(nesting: action, into: &writer)
    }
  }

  private static func encode(nesting action: DatapathAction, into writer: inout AttributeWriter) {
    switch action {
    case .sample(let probability, let actions):
      let start = writer.begin(ActionType.sample)
      writer.put(1, uint32: probability)
      encode(actions, as: 2, into: &writer)
      writer.finish(start)
    case .clone(let actions): encode(actions, as: ActionType.clone, into: &writer)
    case .checkPacketLength(let threshold, let greater, let lessOrEqual):
      let start = writer.begin(ActionType.checkPacketLength)
      writer.put(1, uint16: threshold)
      encode(greater, as: 2, into: &writer)
      encode(lessOrEqual, as: 3, into: &writer)
      writer.finish(start)
    case .decrementTTL(let exhausted):
      let start = writer.begin(ActionType.decrementTTL)
      encode(exhausted, as: 1, into: &writer)
      writer.finish(start)
    default: break
    }
  }

  private static func encode(
    _ actions: [DatapathAction], as type: UInt16, into writer: inout AttributeWriter
  ) {
    let start = writer.begin(type)
    encode(actions, into: &writer)
    writer.finish(start)
  }

  private static func encode(_ userspace: UserspaceAction, into writer: inout AttributeWriter) {
    let start = writer.begin(ActionType.userspace)
    writer.put(1, uint32: userspace.processID)
    if let data = userspace.userData { writer.put(2, bytes: data) }
    if let port = userspace.egressTunnelPort { writer.put(3, uint32: port.rawValue) }
    if userspace.includesActions { writer.put(flag: 4) }
    writer.finish(start)
  }

  private static func encode(_ push: TunnelPush, into writer: inout AttributeWriter) {
    let start = writer.begin(ActionType.tunnelPush)
    writer.append(littleEndian: UInt64(push.tunnelPort.rawValue), byteCount: 4)
    writer.append(littleEndian: UInt64(push.outPort.rawValue), byteCount: 4)
    writer.append(littleEndian: UInt64(push.header.count), byteCount: 4)
    writer.append(littleEndian: UInt64(push.kind.rawValue), byteCount: 4)
    writer.append(push.header)
    writer.append([UInt8](repeating: 0, count: max(0, tunnelHeaderByteCount - push.header.count)))
    writer.finish(start)
  }

  private static func encode(_ track: ConnectionTrackAction, into writer: inout AttributeWriter) {
    let start = writer.begin(ActionType.connectionTrack)
    if track.forces { writer.put(flag: 7) } else if track.commits { writer.put(flag: 1) }
    if track.zone != 0 { writer.put(2, uint16: track.zone) }
    if let mark = track.mark {
      writer.put(3, uint64: UInt64(mark.value) | UInt64(mark.mask) << 32)
    }
    if let label = track.label {
      let place = writer.begin(4)
      for part in [label.value, label.mask] {
        writer.append(littleEndian: UInt64(truncatingIfNeeded: part), byteCount: 8)
        writer.append(littleEndian: UInt64(truncatingIfNeeded: part >> 64), byteCount: 8)
      }
      writer.finish(place)
    }
    if let helper = track.helper { writer.put(5, text: helper) }
    if let translation = track.translation {
      let place = writer.begin(6)
      encode(translation, into: &writer)
      writer.finish(place)
    }
    if let eventMask = track.eventMask { writer.put(8, uint32: eventMask) }
    if let timeout = track.timeout { writer.put(9, text: timeout) }
    writer.finish(start)
  }

  private static func encode(
    _ translation: ConnectionTrackAction.Translation, into writer: inout AttributeWriter
  ) {
    switch translation.direction {
    case .source: writer.put(flag: 1)
    case .destination: writer.put(flag: 2)
    case nil: return
    }
    if !translation.lowestAddress.isEmpty { writer.put(3, bytes: translation.lowestAddress) }
    if !translation.highestAddress.isEmpty { writer.put(4, bytes: translation.highestAddress) }
    if translation.lowestPort != 0 { writer.put(5, uint16: translation.lowestPort) }
    if translation.highestPort != 0 { writer.put(6, uint16: translation.highestPort) }
    if translation.isPersistent { writer.put(flag: 7) }
    if translation.hashesPorts { writer.put(flag: 8) }
    if translation.randomizesPorts { writer.put(flag: 9) }
  }

  /// Writes a set action; tunnel metadata has no masks on the wire, since all of it is replaced.
  private static func encode(_ set: SetAction, into writer: inout AttributeWriter) {
    if set.attribute == .tunnel {
      let start = writer.begin(ActionType.set)
      let tunnel = writer.begin(KeyAttribute.tunnel.rawValue)
      KeyEncoder.encodeTunnel(set.value, into: &writer)
      writer.finish(tunnel)
      writer.finish(start)
      return
    }
    let start = writer.begin(ActionType.setMasked)
    let attribute = writer.begin(set.attribute.rawValue)
    KeyEncoder.appendValue(of: set.attribute, set.value, isMask: false, into: &writer)
    KeyEncoder.appendValue(of: set.attribute, set.mask, isMask: true, into: &writer)
    writer.finish(attribute)
    writer.finish(start)
  }
}
