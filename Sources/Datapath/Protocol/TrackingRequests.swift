// Requests about connection tracking. Connections belong to the datapath: whichever engine is asked speaks for all.

extension TrackingMessage {
  /// Whether it asks for all of something, if its flags say so.
  var mayDump: Bool {
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
    throw .notSupported
  }

  /// The next part of a dump, from a place on, which is moved; perhaps empty, with more to come.
  ///
  /// Nil is the end.
  mutating func nextTracked(
    of request: TrackingMessage, from place: inout Int, maximumCount: Int
  ) -> [TrackingMessage]? {
    nil
  }

  /// Whether a request is for so much that its answer is given in steps.
  public static func dumpsInSteps(_ request: NetlinkMessage) -> Bool {
    switch request.body {
    case .flow(.get, _): request.header.isDump
    case .tracking(let message): request.header.isDump && message.mayDump
    default: false
    }
  }

  /// The next messages of a dump of flows or connections, from a place on, which is moved; it is nil after the last message of all.
  ///
  /// There may be none, with more to come.
  public mutating func nextDumped(
    of request: NetlinkMessage, from place: inout Int?, maximumCount: Int
  ) -> [[UInt8]] {
    guard case .tracking(let asked) = request.body else {
      return nextFlows(of: request, from: &place, maximumCount: maximumCount)
    }
    guard var position = place else { return [] }
    let header = request.header
    guard let messages = nextTracked(of: asked, from: &position, maximumCount: maximumCount) else {
      place = nil
      return [NetlinkMessage(header.reply(), .done).encode()]
    }
    place = position
    return messages.map { NetlinkMessage(header.reply(flags: .multipart), .tracking($0)).encode() }
  }
}
