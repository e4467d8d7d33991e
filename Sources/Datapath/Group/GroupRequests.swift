// How a request of the daemon is carried out: it goes to the first engine; if that refuses, the refusal is the answer and
// the others never hear of it. Otherwise each other engine is asked the same, and what they counted is added to the first
// one's answer. All engines are given the same requests in the same order, and hash alike, so they agree about everything
// but counters. A packet to execute goes to one engine only.

extension EngineGroup {
  /// What happened to a port.
  public enum PortChange: Equatable, Sendable {
    /// It was made, or its settings were changed.
    case present(DatapathPortNumber, VportType, name: [UInt8])
    /// It was removed.
    case removed(DatapathPortNumber)
    /// All were removed.
    case allRemoved
  }

  /// What requests have done to ports since this was last asked, oldest first.
  public func takePortChanges() -> [PortChange] {
    let changes = portChanges
    portChanges = []
    return changes
  }

  /// Does what messages of the daemon ask, and returns the messages that answer, one an element.
  ///
  /// - Parameter processor: The engine that executes packets; what it has to send afterwards is due then.
  public func handle(message bytes: [UInt8], nowMilliseconds: UInt64, on processor: Int = 0) -> [[UInt8]] {
    let messages: [NetlinkMessage]
    do throws(MessageError) {
      messages = try NetlinkMessage.decode(bytes)
    } catch {
      return [Engine.refusal(of: bytes, error).encode()]
    }
    var replies: [[UInt8]] = []
    for message in messages {
      for reply in handle(message, nowMilliseconds: nowMilliseconds, on: processor) {
        replies.append(reply.encode())
      }
    }
    return replies
  }

  /// Does what a message of the daemon asks, and returns the messages that answer.
  public func handle(_ message: NetlinkMessage, nowMilliseconds now: UInt64, on processor: Int = 0)
    -> [NetlinkMessage]
  {
    lastNow = now
    switch message.body {
    case .packet: return ask(message, now, on: index(ofProcessor: processor))
    case .flow(.delete, let request) where request.key == nil && request.identifier == nil:
      removeAllFlows()
      return askAll(message, now)
    case .flow(let command, let request):
      if command == .get, message.header.flags.isSuperset(of: .dump) { return dump(message) }
      guard command != .new, request.key != nil, request.identifier == nil, request.mask == nil else {
        return askAll(message, now)
      }
      let named = locked(0) { engine in engine.named(request) }
      return askAll(NetlinkMessage(message.header, .flow(command, named ?? request)), now)
    case .vport(.get, _):
      return message.header.flags.isSuperset(of: .dump) ? dump(message) : askAll(message, now)
    case .vport(let command, let request): return change(port: command, request, message.header, now)
    case .datapath(let command, _):
      // Asked by name, it tells its number.
      var message = message
      message.header.datapathIndex = datapathIndex
      if command == .delete { removeAllFlows() }
      let replies = askAll(message, now)
      if command == .delete, !replies.holdFailure { portChanges.append(.allRemoved) }
      return replies
    case .tracking(let request) where request.takesSteps(isDump: message.header.isDump):
      if request.isListed { return dump(message) }
      locked(0) { engine in engine.now = now }
      var place = 0
      while nextTracked(of: request, from: &place) != nil {}
      return locked(0) { engine in engine.endOfSteps(request, message.header) }
    case .meter(.get, _) where message.header.isDump: return dump(message)
    case .tracking, .meter, .control, .networkDevice, .error, .done: return ask(message, now, on: 0)
    }
  }

  /// The port with a name, with what all engines counted.
  public func port(named name: [UInt8]) -> VportMessage? {
    var question = VportMessage()
    question.name = name
    let replies = askAll(NetlinkMessage(NetlinkHeader(), .vport(.get, question)), lastNow)
    guard case .vport(_, let port)? = replies.first?.body else { return nil }
    return port
  }

  /// How many places for ports are in use, or were.
  public var portPlaceCount: Int { self[0].ports.placeCount }

  private func ask(_ message: NetlinkMessage, _ now: UInt64, on index: Int) -> [NetlinkMessage] {
    locked(index) { engine in
      engine.now = now
      return engine.reply(to: message)
    }
  }

  /// Asks each engine, and adds what they counted.
  func askAll(_ message: NetlinkMessage, _ now: UInt64) -> [NetlinkMessage] {
    var replies = ask(message, now, on: 0)
    if replies.holdFailure { return replies }
    for index in 1..<max(1, count) {
      let others = ask(message, now, on: index)
      guard others.count == replies.count else {
        disagreementCount &+= 1
        continue
      }
      for place in replies.indices where !replies[place].add(others[place]) { disagreementCount &+= 1 }
    }
    addLostUpcalls(to: &replies)
    return replies
  }

  /// Changes a port, and notes that.
  private func change(
    port command: MessageCommand, _ request: VportMessage, _ header: NetlinkHeader, _ now: UInt64
  ) -> [NetlinkMessage] {
    var asked = header
    asked.flags.insert(.echo)
    var replies = askAll(NetlinkMessage(asked, .vport(command, request)), now)
    if replies.holdFailure { return replies }
    if case .vport(_, let port)? = replies.first?.body, let number = port.number {
      if command == .delete {
        portChanges.append(.removed(number))
      } else {
        portChanges.append(.present(number, port.type ?? .unspecified, name: port.name ?? []))
      }
    }
    if !header.flags.contains(.echo) { replies.removeAll { !$0.isAcknowledgement } }
    return replies
  }
}

extension [NetlinkMessage] {
  /// Whether one of them says that something failed.
  public var holdFailure: Bool { contains { $0.isFailure } }
}

extension NetlinkMessage {
  /// Whether it says that something failed.
  public var isFailure: Bool {
    if case .error(let code) = body { return code != 0 }
    return false
  }

  /// Whether it says that something was done, and no more.
  public var isAcknowledgement: Bool {
    if case .error(0) = body { return true }
    return false
  }
}

extension Engine {
  /// A request about a flow that names the flow in full; `nil` if there is no such flow.
  ///
  /// A key without a mask finds the first flow that it matches, and which one that is depends on what traffic an engine
  /// has seen. Said in full, all engines mean the same one.
  fileprivate mutating func named(_ request: FlowMessage) -> FlowMessage? {
    guard let flow = findFlow(request) else { return nil }
    var request = request
    request.key = table.key(of: flow)
    request.mask = table.mask(of: flow)
    return request
  }
}
