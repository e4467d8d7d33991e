// What: requests about connection tracking, as a datapath answers them. Connections belong to the datapath: whichever engine is asked
// speaks for all.
//
// How: what may be about any number of connections is done in steps, with packets in between: `nextTracked` takes one. All else is
// done at once.

import PacketWire

extension TrackingMessage {
  /// Whether it is about any number of things, so that it is carried out in steps; a dump's flag has to be set for some.
  func takesSteps(isDump: Bool) -> Bool {
    switch self {
    case .connection(.get, _), .policy(.get, _): isDump
    case .connection(.delete, let request): !request.namesOne
    case .connection, .policy, .limit, .settings: false
    }
  }

  /// Whether what it asks for is listed up to a message that says that this was all; otherwise an acknowledgement ends it.
  var isListed: Bool {
    switch self {
    case .connection(.get, _), .policy(.get, _): true
    case .connection, .policy, .limit, .settings: false
    }
  }
}

extension Engine {
  mutating func answer(
    tracking request: TrackingMessage, _ header: NetlinkHeader
  ) throws(DatapathErrorCode) -> [NetlinkMessage] {
    if request.takesSteps(isDump: header.isDump) {
      var place = 0
      var replies: [NetlinkMessage] = []
      while let messages = nextTracked(of: request, from: &place) {
        replies += messages.map { NetlinkMessage(header.reply(flags: .multipart), .tracking($0)) }
      }
      return replies + endOfSteps(request, header)
    }
    let reply: TrackingMessage?
    switch request {
    case .connection(let command, let message): reply = try answer(connection: command, message)
    case .limit(let command, let message): reply = try answer(limit: command, message)
    case .policy(let command, let message): reply = try answer(policy: command, message)
    case .settings(let command, let message): reply = try answer(settings: command, message)
    }
    guard let reply else { return acknowledge(header) }
    return [NetlinkMessage(header.reply(), .tracking(reply))] + acknowledge(header)
  }

  /// What comes after the last step.
  func endOfSteps(_ request: TrackingMessage, _ header: NetlinkHeader) -> [NetlinkMessage] {
    request.isListed ? [NetlinkMessage(header.reply(), .done)] : acknowledge(header)
  }

  // MARK: Steps

  /// Takes the next step from a place on, which is moved; perhaps there is nothing to say of it.
  ///
  /// Nil is the end.
  mutating func nextTracked(of request: TrackingMessage, from place: inout Int) -> [TrackingMessage]? {
    guard place >= 0 else { return nil }
    var position: Int? = place
    defer { place = position ?? -1 }
    switch request {
    case .connection(.delete, let wanted):
      if wanted.original == nil && wanted.reply == nil {
        _ = connections.flush(from: &position, passing: ConnectionFilter(wanted), nowMilliseconds: now)
        return []
      }
      for found in connections.next(from: &position, passing: ConnectionFilter(wanted), nowMilliseconds: now)
      where wanted.matches(ConnectionMessage(found)) {
        _ = connections.flush(found.original, nowMilliseconds: now)
      }
      return []
    case .connection(_, let wanted):
      let found = connections.next(from: &position, passing: ConnectionFilter(wanted), nowMilliseconds: now)
      var messages: [TrackingMessage] = []
      for connection in found {
        let message = ConnectionMessage(connection)
        if wanted.matches(message) { messages.append(.connection(.new, message)) }
      }
      return messages
    case .policy(_, let wanted):
      position = nil
      var messages: [TrackingMessage] = []
      for policy in connections.policies() {
        let name = Array("\(policy.id)".utf8)
        if wanted.name != nil && wanted.name != name { continue }
        messages += TimeoutPolicyMessage.messages(name: name, policy).map { .policy(.new, $0) }
      }
      return messages
    case .limit, .settings:
      position = nil
      return []
    }
  }

  /// Whether a request is for so much that it is carried out in steps.
  public static func takesSteps(_ request: NetlinkMessage) -> Bool {
    switch request.body {
    case .flow(.get, _): request.header.isDump
    case .tracking(let message): message.takesSteps(isDump: request.header.isDump)
    default: false
    }
  }

  /// The next messages that answer a request which is carried out in steps, from a place on, which is moved.
  ///
  /// The place is nil after the last message of all. There may be none, with more to come.
  public mutating func nextStep(
    of request: NetlinkMessage, from place: inout Int?, nowMilliseconds: UInt64, maximumCount: Int
  ) -> [[UInt8]] {
    now = nowMilliseconds
    guard case .tracking(let asked) = request.body else {
      return nextFlows(of: request, from: &place, maximumCount: maximumCount)
    }
    guard var position = place else { return [] }
    let header = request.header
    guard let messages = nextTracked(of: asked, from: &position) else {
      place = nil
      return endOfSteps(asked, header).map { $0.encode() }
    }
    place = position
    return messages.map { NetlinkMessage(header.reply(flags: .multipart), .tracking($0)).encode() }
  }

  // MARK: Connections

  private func answer(
    connection command: ConnectionCommand, _ request: ConnectionMessage
  ) throws(DatapathErrorCode) -> TrackingMessage? {
    guard let original = request.original, original.isComplete,
      let tuple = ConnectionTuple(original, zone: request.zone ?? 0)
    else { throw .invalid }
    switch command {
    case .new: throw .notSupported
    case .get:
      guard let found = connections.connection(tuple, nowMilliseconds: now) else { throw .noEntry }
      return .connection(.new, ConnectionMessage(found))
    case .delete:
      guard connections.flush(tuple, nowMilliseconds: now) else { throw .noEntry }
      return nil
    }
  }

  // MARK: Limits

  private func answer(
    limit command: ConnectionLimitCommand, _ request: ConnectionLimitMessage
  ) throws(DatapathErrorCode) -> TrackingMessage? {
    switch command {
    case .set:
      for limit in request.limits {
        if let zone = limit.zone {
          connections.setLimit(limit.limit, ofZone: zone)
        } else {
          connections.defaultZoneLimit = limit.limit
        }
      }
      return nil
    case .delete:
      for limit in request.limits {
        if let zone = limit.zone {
          connections.removeLimit(ofZone: zone)
        } else {
          connections.defaultZoneLimit = 0
        }
      }
      return nil
    case .get:
      var limits = [ConnectionLimit(zone: nil, limit: connections.defaultZoneLimit)]
      var zones: [ZoneLimit] = []
      for limit in request.limits {
        if let zone = limit.zone { zones.append(connections.limit(ofZone: zone)) }
      }
      if request.limits.isEmpty { zones = connections.limitedZones() }
      limits += zones.map { ConnectionLimit(zone: $0.zone, limit: $0.limit, count: $0.count) }
      return .limit(.get, ConnectionLimitMessage(limits))
    }
  }

  // MARK: Timeouts

  /// The number that is a policy's name.
  private static func policyNumber(_ name: [UInt8]?) throws(DatapathErrorCode) -> UInt32 {
    guard let name, let number = UInt32(String(decoding: name, as: UTF8.self)) else { throw .invalid }
    return number
  }

  private func answer(
    policy command: TimeoutPolicyCommand, _ request: TimeoutPolicyMessage
  ) throws(DatapathErrorCode) -> TrackingMessage? {
    let number = try Self.policyNumber(request.name)
    switch command {
    case .new:
      var policy = connections.policy(number) ?? TimeoutPolicy(id: number)
      // A message is all that is said of its protocol.
      for timeout in TrackTimeout.allCases where timeout.place.protocolNumber == request.protocolNumber {
        policy[timeout] = timeout.defaultSeconds
      }
      for (timeout, seconds) in request.seconds { policy[timeout] = seconds }
      guard connections.setPolicy(policy) else { throw .noSpace }
      return nil
    case .get:
      guard let policy = connections.policy(number) else { throw .noEntry }
      let messages = TimeoutPolicyMessage.messages(name: request.name ?? [], policy)
      let wanted = request.protocolNumber ?? 6
      guard let message = messages.first(where: { $0.protocolNumber == wanted }) else { throw .invalid }
      return .policy(.new, message)
    case .delete:
      guard connections.removePolicy(number) else { throw .noEntry }
      return nil
    }
  }

  // MARK: Settings

  private func answer(
    settings command: ConnectionSettingsCommand, _ request: ConnectionSettingsMessage
  ) throws(DatapathErrorCode) -> TrackingMessage? {
    switch command {
    case .get:
      var settings = ConnectionSettingsMessage()
      settings.maximumConnectionCount = UInt32(clamping: connections.maximumCount)
      settings.connectionCount = UInt32(clamping: connections.count)
      settings.checksSequence = connections.checksSequence
      return .settings(.get, settings)
    case .set:
      if request.sweepIntervalMilliseconds != nil || request.maximumFragmentCount != nil
        || request.ipv4 != FragmentSettings() || request.ipv6 != FragmentSettings()
      {
        throw .notSupported
      }
      if let count = request.maximumConnectionCount {
        guard connections.setMaximumCount(Int(count)) else { throw .outOfRange }
      }
      if let checks = request.checksSequence { connections.checksSequence = checks }
      return nil
    }
  }
}

// MARK: Forms

extension ConnectionFilter {
  /// What of a message a datapath compares by itself.
  init(_ message: ConnectionMessage) {
    self.init(zone: message.zone)
    if let value = message.mark { mark = (value, message.markMask ?? .max) }
    if let value = message.labels {
      let mask = message.labelsMask ?? .allOnes
      label = (
        UInt128(value.high) << 64 | UInt128(value.low), UInt128(mask.high) << 64 | UInt128(mask.low)
      )
    }
  }
}

extension ConnectionTuple {
  /// The tuple of a message that says all; nil if its addresses are of two families.
  init?(_ message: TupleMessage, zone: UInt16) {
    guard let source = message.source, let destination = message.destination,
      (source.mappedIPv4 == nil) == (destination.mappedIPv4 == nil)
    else { return nil }
    self.init()
    self.zone = zone
    protocolNumber = message.protocolNumber ?? 0
    if let from = source.mappedIPv4, let to = destination.mappedIPv4 {
      sourceLow = UInt64(from.rawValue)
      destinationLow = UInt64(to.rawValue)
    } else {
      isIPv6 = true
      (sourceHigh, sourceLow) = (source.high, source.low)
      (destinationHigh, destinationLow) = (destination.high, destination.low)
    }
    if isMessage {
      sourcePort = message.messageIdentifier ?? 0
      destinationPort = UInt16(message.messageType ?? 0) << 8 | UInt16(message.messageCode ?? 0)
    } else {
      sourcePort = message.sourcePort ?? 0
      destinationPort = message.destinationPort ?? 0
    }
  }
}

extension TupleMessage {
  init(_ tuple: ConnectionTuple) {
    self.init()
    protocolNumber = tuple.protocolNumber
    if tuple.isIPv6 {
      source = IPv6Address(high: tuple.sourceHigh, low: tuple.sourceLow)
      destination = IPv6Address(high: tuple.destinationHigh, low: tuple.destinationLow)
    } else {
      source = IPv6Address(mapped: IPv4Address(UInt32(truncatingIfNeeded: tuple.sourceLow)))
      destination = IPv6Address(mapped: IPv4Address(UInt32(truncatingIfNeeded: tuple.destinationLow)))
    }
    if isMessage {
      messageIdentifier = tuple.sourcePort
      messageType = UInt8(tuple.destinationPort >> 8)
      messageCode = UInt8(truncatingIfNeeded: tuple.destinationPort)
    } else {
      sourcePort = tuple.sourcePort
      destinationPort = tuple.destinationPort
    }
  }
}

extension ConnectionMessage {
  /// A connection as dumps have it.
  ///
  /// Number and status are what Open vSwitch's userspace datapath gives: nothing.
  init(_ connection: ConnectionDescription) {
    self.init(zone: connection.original.zone == 0 ? nil : connection.original.zone)
    original = TupleMessage(connection.original)
    reply = TupleMessage(connection.reply)
    parent = connection.parent.map { TupleMessage($0) }
    status = []
    identifier = 0
    timeoutSeconds = connection.timeoutSeconds
    if connection.mark != 0 { mark = connection.mark }
    if connection.label != 0 {
      labels = IPv6Address(
        high: UInt64(truncatingIfNeeded: connection.label >> 64),
        low: UInt64(truncatingIfNeeded: connection.label))
    }
    if let transmission = connection.transmission {
      var tcp = ConnectionTCPState(transmission.original.state, transmission.reply.state)
      tcp.originalWindowScale = transmission.original.windowScale
      tcp.replyWindowScale = transmission.reply.windowScale
      tcp.originalFlags = transmission.original.flags
      tcp.replyFlags = transmission.reply.flags
      protocolState = .tcp(tcp)
    }
    if let name = connection.helper.name { helper = Array("\(name)".utf8) }
  }
}

extension ConnectionDescription.End {
  /// Flags as messages have them (`IP_CT_TCP_FLAG_*`): a window scale was said, the beginning was not seen.
  fileprivate var flags: UInt8 { (scales ? 1 : 0) | (isLiberal ? 8 : 0) }
}

extension TimeoutPolicyMessage {
  /// The messages that say a policy.
  fileprivate static func messages(name: [UInt8], _ policy: TimeoutPolicy) -> [TimeoutPolicyMessage] {
    messages(name: name, TrackTimeout.allCases.map { ($0, policy[$0]) })
  }
}
