// What: whether actions make sense for the packets that a rule matches, and whether a switch has what they name.
//
// Why: an action on a header that a packet need not have is an error (`OFPBAC_MATCH_INCONSISTENT`), or, for those
// old actions that OpenFlow 1.0 lets a switch ignore, allowed under OpenFlow 1.0 alone.
//
// How: flow syntax and the wire check the actions of every rule here once they have read them; a switch then checks
// that it has the tables, groups and meters. A copy of the rule's key is taken along, on which those actions work that
// change what later ones may presuppose: the VLAN tag, the EtherType after MPLS and encapsulations.

import Datapath

/// Checks actions against the match of their rule.
public struct ActionCheck {
  private var key: FlowKey
  private let mask: FlowKey
  private let table: UInt8?
  private var formats: FlowFormats = .any

  private init(_ match: Match, _ table: UInt8?) {
    key = match.key
    mask = match.mask
    self.table = table
  }

  /// Checks the actions of a rule; returns the OpenFlow forms that can carry them.
  ///
  /// - Throws: The error that OpenFlow has for the first action that does not make sense.
  public static func check(
    _ actions: [Action], match: Match, table: UInt8?
  ) throws(OpenFlowError) -> FlowFormats {
    var check = ActionCheck(match, table)
    try check.check(actions)
    return check.formats
  }

  /// Checks the actions of a rule, or on a packet, that a version's message brought.
  ///
  /// - Throws: The error that OpenFlow has for the first action that does not make sense.
  public static func check(
    _ actions: [Action], match: Match, table: UInt8?, in version: OpenFlowVersion
  ) throws(OpenFlowError) {
    let usable = try check(actions, match: match, table: table)
    guard !usable.isDisjoint(with: FlowFormats(version)) else { throw .badActionMatchInconsistent }
  }

  private mutating func check(_ actions: [Action]) throws(OpenFlowError) {
    for action in actions { try check(action) }
  }

  /// Notes that only OpenFlow 1.0 lets this pass.
  private mutating func inconsistent(unless holds: Bool) {
    if !holds { formats.formIntersection([.openFlow10Standard, .nxmAny]) }
  }

  private var etherType: UInt16 { FieldPrerequisite.etherType(of: key) }
  private var isIP: Bool { etherType == 0x0800 || etherType == 0x86dd }
  private var isMPLS: Bool { etherType == 0x8847 || etherType == 0x8848 }
  private var proto: UInt8 { UInt8(truncatingIfNeeded: Field.ipProtocol.value(in: key)) }
  private var packetType: UInt32 { UInt32(truncatingIfNeeded: Field.packetType.value(in: key)) }
  private var hasVLAN: Bool { key[.vlanTCI] & VLANBits.present != 0 }

  private mutating func check(_ action: Action) throws(OpenFlowError) {
    switch action {
    case .output(let port, _), .outputTruncated(let port, _):
      guard port.takesPackets else { throw .badActionBadOutPort }
    case .outputField(let source, _): try check(source: source)
    case .enqueue(let port, _):
      guard port.hasQueues else { throw .badActionBadOutPort }
    case .bundle(let bundle):
      for member in bundle.members where !member.canBeMember { throw .badActionBadOutPort }
      if let destination = bundle.destination { try check(destination: destination) }
    case .setField(let set): try check(set)
    case .move(let source, let destination):
      try check(source: source)
      try check(destination: destination)
    case .stackPush(let source): try check(source: source)
    case .stackPop(let destination): try check(destination: destination)
    case .deleteField(let field):
      guard !field.isStored else { throw .badActionBadArgument }
    case .multipath(let multipath): try check(destination: multipath.destination)
    case .resubmit(let resubmit):
      guard !resubmit.usesConnectionTuple || isTracked else { throw .badActionMatchInconsistent }
    case .learn(let learn): try check(learn)
    case .connectionTrack(let track): try check(track)
    case .nat(let nat): try check(nat)
    case .clone(let actions): try check(actions)
    case .checkPacketLarger(_, let destination): try check(destination: destination)
    case .meter(let meter):
      guard meter != 0 && meter <= MeterNumber.maximum else { throw .meterModFailedInvalidMeter }
    case .writeActions(let actions):
      // Consistency cannot be known for an action set.
      let saved = formats
      try check(actions)
      formats = saved
    case .gotoTable(let next):
      guard next != 0xff, table.map({ next > $0 }) ?? true else { throw .badInstructionBadTableID }
    case .controller, .group, .setTunnel, .setQueue, .popQueue, .conjunction, .note, .exit, .sample,
      .connectionTrackClear, .debugRecirculate, .debugSlow, .clearActions, .writeMetadata, .finTimeout,
      .setEthernetSource, .setEthernetDestination:
      if case .finTimeout = action { inconsistent(unless: proto == 6) }
    default: try checkHeaders(action)
    }
  }

  private mutating func checkHeaders(_ action: Action) throws(OpenFlowError) {
    switch action {
    case .setVLANID(_, let pushes), .setVLANPriority(_, let pushes):
      inconsistent(unless: hasVLAN || pushes)
      key[.vlanTCI] |= VLANBits.present
    case .stripVLAN:
      inconsistent(unless: hasVLAN)
      // What lies beneath becomes the tag.
      key[.vlanTCI] = key[.innerVLANTCI]
      key[.innerVLANTCI] = 0
    case .pushVLAN:
      guard key[.innerVLANTCI] & VLANBits.present == 0 else { throw .badActionBadTag }
      key[.innerVLANTCI] = key[.vlanTCI]
      key[.vlanTCI] |= VLANBits.present
    case .setIPv4Source, .setIPv4Destination: inconsistent(unless: etherType == 0x0800)
    case .setIPDSCP, .setIPECN, .setIPTTL, .decrementTTL: inconsistent(unless: isIP)
    case .setTransportSource, .setTransportDestination:
      let isLater = Field.ipFragment.value(in: key) & 2 != 0
      inconsistent(unless: isIP && !isLater && (proto == 6 || proto == 17 || proto == 132))
    case .setMPLSLabel, .setMPLSTrafficClass, .setMPLSTTL, .decrementMPLSTTL: inconsistent(unless: isMPLS)
    case .pushMPLS(let type):
      Field.ethType.set(FieldValue(type), in: &key)
      Field.ipProtocol.set(0, in: &key)
    case .popMPLS(let type):
      inconsistent(unless: isMPLS && packetType == 0)
      Field.ethType.set(FieldValue(type), in: &key)
    case .decrementNSHTTL: inconsistent(unless: etherType == 0x894f)
    case .encapsulate(let encapsulate): try check(encapsulate)
    case .decapsulate: checkDecapsulate()
    default: break
    }
  }

  private var isTracked: Bool {
    FieldPrerequisite.connection.isSatisfied(byRule: key, mask: mask)
  }

  private func holds(_ prerequisite: FieldPrerequisite) -> Bool {
    prerequisite == .none || prerequisite.isSatisfied(byRule: key, mask: mask)
  }

  private func check(source: Subfield) throws(OpenFlowError) {
    guard source.isWithinField else { throw .badActionBadSetLength }
    guard holds(source.field.prerequisite) else {
      throw .badActionMatchInconsistent
    }
  }

  private func check(destination: Subfield) throws(OpenFlowError) {
    try check(source: destination)
    guard destination.field.isWritable else { throw .badActionBadSetArgument }
  }

  private mutating func check(_ set: SetFieldAction) throws(OpenFlowError) {
    guard set.field.isWritable else { throw .badActionBadSetArgument }
    guard holds(set.field.prerequisite), set.field != .vlanVID || hasVLAN else {
      throw .badActionMatchInconsistent
    }
    if set.field == .vlanTCI { Field.vlanTCI.set(set.value, in: &key) }
  }

  private func check(_ learn: LearnAction) throws(OpenFlowError) {
    var learned = ActionCheck(Match(), nil)
    learned.key[.vlanTCI] |= VLANBits.present
    for specification in learn.specifications {
      if case .field(let source) = specification.source { try check(source: source) }
      switch specification.destination {
      case .match(let destination):
        try learned.check(source: destination)
        if case .value(let value) = specification.source { destination.set(value, in: &learned.key) }
      case .load(let destination): try learned.check(destination: destination)
      case .output: break
      }
    }
  }

  private mutating func check(_ track: ConnectionTrackAction) throws(OpenFlowError) {
    let state = Field.ctState.value(in: key)
    let isInvalid = state & 0x10 != 0
    guard isIP, !(isInvalid && track.commits), track.helperPort != 21 || proto == 6,
      track.helperPort != 69 || proto == 17
    else { throw .badActionMatchInconsistent }
    if let source = track.zoneSource {
      guard source.bitCount == 16 else { throw .badActionBadSetLength }
      try check(source: source)
    }
    try check(track.actions)
  }

  private func check(_ nat: NATAction) throws(OpenFlowError) {
    let fits =
      switch nat.addresses {
      case .none: isIP
      case .ipv4: etherType == 0x0800
      case .ipv6: etherType == 0x86dd
      }
    guard fits else { throw .badActionMatchInconsistent }
  }

  private mutating func check(_ encapsulate: EncapsulateAction) throws(OpenFlowError) {
    switch encapsulate.packetType {
    case 0:
      Field.packetType.set(0, in: &key)
    case let type where EncapsulateAction.packetTypes.contains(where: { $0.type == type }):
      Field.packetType.set(FieldValue(encapsulate.packetType), in: &key)
      Field.ethType.set(FieldValue(encapsulate.packetType & 0xffff), in: &key)
    default: throw .badActionBadArgument
    }
  }

  private mutating func checkDecapsulate() {
    if packetType == 0 && !hasVLAN {
      Field.packetType.set(0x1_0000 | FieldValue(etherType), in: &key)
    } else {
      Field.packetType.set(0, in: &key)
    }
  }
}

extension ActionCheck {
  /// Checks that no clones stand in as many others as a switch does not carry out any more.
  ///
  /// - Throws: `OFPBAC_TOO_MANY`.
  public static func checkNesting(_ actions: [Action], below limit: Int) throws(OpenFlowError) {
    guard limit > 0 else { throw .badActionTooMany }
    for action in actions {
      switch action {
      case .clone(let inner): try checkNesting(inner, below: limit - 1)
      case .writeActions(let inner): try checkNesting(inner, below: limit)
      default: continue
      }
    }
  }
}

extension ActionCheck {
  /// What a switch has of that which actions name.
  public struct Resources: Sendable {
    /// How many tables flows can go to.
    public var tableCount: Int
    /// How many tables can be searched, those that controllers do not see included.
    public var searchedTableCount: Int

    /// The tables of a switch.
    public init(tableCount: Int, searchedTableCount: Int) {
      self.tableCount = tableCount
      self.searchedTableCount = searchedTableCount
    }

    /// Checks that everything is there that actions name.
    ///
    /// - Parameters:
    ///   - actions: The actions.
    ///   - hasGroup: Whether there is a group with a number.
    ///   - hasMeter: Whether there is a meter with a number.
    /// - Throws: The error that OpenFlow has for the first thing that is not.
    public func check(
      _ actions: [Action], hasGroup: (UInt32) -> Bool = { _ in false },
      hasMeter: (UInt32) -> Bool = { _ in false }
    ) throws(OpenFlowError) {
      for action in actions {
        switch action {
        case .group(let group): guard hasGroup(group) else { throw .badActionBadOutGroup }
        case .meter(let meter): guard hasMeter(meter) else { throw .meterModFailedInvalidMeter }
        case .gotoTable(let table):
          guard Int(table) < tableCount else { throw .badInstructionBadTableID }
        case .resubmit(let resubmit):
          if let table = resubmit.table, Int(table) >= searchedTableCount { throw .badActionBadArgument }
        case .writeActions(let inner), .clone(let inner):
          try check(inner, hasGroup: hasGroup, hasMeter: hasMeter)
        default: break
        }
      }
    }
  }
}

extension OpenFlowPortNumber {
  /// Whether packets can be sent to it.
  public var takesPackets: Bool { self < .maximum || (self >= .inPort && self != .none) }

  /// Whether it can have queues to send by.
  var hasQueues: Bool { self < .maximum || self == .inPort || self == .local }

  /// Whether a bundle can have it as a member.
  var canBeMember: Bool { (takesPackets && self != .controller) || self == .none }
}
