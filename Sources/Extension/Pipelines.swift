// What: one datapath on several processors. Each has an engine of its own, so that packets need no lock that another
// processor holds; the daemon sees one datapath.
//
// Why whole copies and not shared tables: a flow table that others read while it changes needs either locks or deferred
// freeing in the packet path. Flows change some thousand times a second, packets come millions of times; so a change is
// made once for each processor, and the packet path stays as simple as it is with one.
//
// How a request of the daemon is carried out: it goes to the first engine; if that refuses, the refusal is the answer
// and the others never hear of it. Otherwise each other engine is asked the same, and what they counted is added to the
// first one's answer. All engines are given the same requests in the same order, and hash alike, so they agree about
// everything but counters. A packet to execute goes to one engine only.
//
// Who may call what: packets of processor `i` are the business of whoever holds lock `i`. Requests and upkeep come one at a
// time, and take each engine's lock in turn through `locks`, for a step of bounded length: one request to one engine,
// `dumpStepCount` flows described, `removalStepCount` removed.

public import Datapath

/// How the engines' locks are taken and given back, by number; in a place with one thread they do nothing.
public struct PipelineLocks {
  let acquire: (Int) -> Void
  let release: (Int) -> Void

  /// Makes locks.
  public init(acquire: @escaping (Int) -> Void, release: @escaping (Int) -> Void) {
    self.acquire = acquire
    self.release = release
  }

  /// No locks.
  public static var none: PipelineLocks { PipelineLocks(acquire: { _ in }, release: { _ in }) }
}

/// The engines of one datapath behind one control surface.
public final class Pipelines {
  /// The engines; those who hold an engine's lock hand packets to it directly.
  public let engines: EngineGroup
  /// The datapath's name.
  public let name: [UInt8]
  /// The datapath's number in messages (`dp_ifindex`).
  public let datapathIndex: Int32
  private let locks: PipelineLocks
  /// Called after a port came or went, without any lock of an engine.
  public var onPort: ((PortChange) -> Void)?
  /// How often an engine answered otherwise than the first one; never, unless there is an error in here.
  public private(set) var disagreementCount: UInt64 = 0
  /// Packets for the daemon that were lost after they had left their engine.
  private var lostUpcallCount: UInt64 = 0
  private var lastNow: UInt64 = 0

  /// What happened to a port.
  public enum PortChange: Equatable, Sendable {
    /// It was made, or its settings were changed.
    case present(DatapathPortNumber, VportType, name: [UInt8])
    /// It was removed.
    case removed(DatapathPortNumber)
    /// All were removed.
    case allRemoved
  }

  /// Makes a datapath without ports or flows.
  public init(
    count: Int, _ configuration: EngineConfiguration = EngineConfiguration(), locks: PipelineLocks = .none
  ) {
    engines = EngineGroup(count: count, configuration)
    name = Array(configuration.name.utf8)
    datapathIndex = configuration.datapathIndex
    self.locks = locks
  }

  /// How many engines there are.
  public var count: Int { engines.count }

  /// The engine for a processor, whatever its number is.
  public func index(ofProcessor number: Int) -> Int { number >= 0 ? number % engines.count : 0 }

  // MARK: Packets

  /// Adds a copy of a packet to the batch of an engine.
  @inline(__always)
  public func receive(
    _ bytes: RawSpan, from port: DatapathPortNumber, offload: Offload = Offload(), tag: UInt32 = 0,
    on index: Int
  ) -> Engine.Reception {
    engines.receive(bytes, from: port, offload: offload, tag: tag, on: index)
  }

  /// Processes the batch of an engine.
  @inline(__always)
  public func process(nowMilliseconds: UInt64, on index: Int) {
    engines.process(nowMilliseconds: nowMilliseconds, on: index)
  }

  /// Packets dropped for a reason, over all engines.
  public func dropCount(_ reason: DropReason) -> UInt64 {
    sum { self.engines.dropCount(reason, on: $0) }
  }

  private func sum(_ value: (Int) -> UInt64) -> UInt64 {
    var total: UInt64 = 0
    for index in 0..<count {
      locks.acquire(index)
      total &+= value(index)
      locks.release(index)
    }
    return total
  }

  /// Counts packets for the daemon that were lost on their way, so that they show in the datapath's counters.
  public func countLostUpcalls(_ number: Int) { lostUpcallCount &+= UInt64(truncatingIfNeeded: number) }

  /// Lets each engine put its tables in order, if there is memory for that; to be called a few times a second.
  public func maintain(hasMemory: (Int) -> Bool = { _ in true }) {
    for index in 0..<count where hasMemory(engines.maintenanceByteCount(on: index)) {
      locks.acquire(index)
      engines.maintain(on: index)
      locks.release(index)
    }
  }

  /// Says what a port can do by itself, and whether somebody takes what is sent to it.
  public func describe(
    _ port: DatapathPortNumber, capabilities: OffloadCapabilities, hasAdapter: Bool
  ) {
    for index in 0..<count {
      locks.acquire(index)
      engines.setCapabilities(capabilities, of: port, on: index)
      engines.setAdapter(isPresent: hasAdapter, of: port, on: index)
      locks.release(index)
    }
  }

  // MARK: Requests

  /// Does what messages of the daemon ask, and returns the messages that answer, one an element.
  ///
  /// - Parameter processor: The engine that executes packets; what it has to send afterwards is due then.
  public func handle(message bytes: [UInt8], nowMilliseconds: UInt64, on processor: Int = 0) -> [[UInt8]] {
    let messages: [Message]
    do throws(MessageError) {
      messages = try Message.decode(bytes)
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
  public func handle(_ message: Message, nowMilliseconds now: UInt64, on processor: Int = 0) -> [Message] {
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
      locks.acquire(0)
      let named = engines.named(request, on: 0)
      locks.release(0)
      return askAll(Message(message.header, .flow(command, named ?? request)), now)
    case .vport(.get, _):
      return message.header.flags.isSuperset(of: .dump) ? dump(message) : askAll(message, now)
    case .vport(let command, let request): return change(port: command, request, message.header, now)
    case .datapath(let command, _):
      // Asked by name, it tells its number.
      var message = message
      message.header.datapathIndex = datapathIndex
      if command == .delete { removeAllFlows() }
      let replies = askAll(message, now)
      if command == .delete, !replies.holdFailure { onPort?(.allRemoved) }
      return replies
    case .control, .networkDevice, .error, .done: return ask(message, now, on: 0)
    }
  }

  /// How many bytes the tables of all engines take to do what a message asks, at most; nothing as long as none is full.
  func growthByteCount(for message: Message) -> Int {
    locks.acquire(0)
    let bytes = engines.growthByteCount(for: message, on: 0)
    locks.release(0)
    if case .packet = message.body { return bytes }
    return bytes * count
  }

  /// How many flows are removed while an engine's lock is held.
  public static var removalStepCount: Int { 64 }

  /// Removes all flows step by step, with packets in between; no other request comes before the last is gone.
  private func removeAllFlows() {
    for index in 0..<count {
      var position = 0
      var isFinished = false
      while !isFinished {
        locks.acquire(index)
        isFinished = engines.removeFlows(from: &position, maximumCount: Self.removalStepCount, on: index)
        locks.release(index)
      }
    }
  }

  /// The port with a name, with what all engines counted.
  func port(named name: [UInt8]) -> VportMessage? {
    var question = VportMessage()
    question.name = name
    let replies = askAll(Message(MessageHeader(), .vport(.get, question)), lastNow)
    guard case .vport(_, let port)? = replies.first?.body else { return nil }
    return port
  }

  /// How many places for ports are in use, or were.
  var portPlaceCount: Int { engines.portPlaceCount(on: 0) }

  private func ask(_ message: Message, _ now: UInt64, on index: Int) -> [Message] {
    locks.acquire(index)
    let replies = engines.reply(to: message, nowMilliseconds: now, on: index)
    locks.release(index)
    return replies
  }

  /// Asks each engine, and adds what they counted.
  private func askAll(_ message: Message, _ now: UInt64) -> [Message] {
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

  private func addLostUpcalls(to replies: inout [Message]) {
    guard lostUpcallCount > 0 else { return }
    for place in replies.indices {
      guard case .datapath(let command, var description) = replies[place].body else { continue }
      description.statistics?.lost &+= lostUpcallCount
      description.drops?[.upcallQueueFull] &+= lostUpcallCount
      replies[place].body = .datapath(command, description)
    }
  }

  /// Changes a port, and tells who wants to know.
  private func change(
    port command: MessageCommand, _ request: VportMessage, _ header: MessageHeader, _ now: UInt64
  ) -> [Message] {
    var asked = header
    asked.flags.insert(.echo)
    var replies = askAll(Message(asked, .vport(command, request)), now)
    if replies.holdFailure { return replies }
    if case .vport(_, let port)? = replies.first?.body, let number = port.number {
      if command == .delete {
        onPort?(.removed(number))
      } else {
        onPort?(.present(number, port.type ?? .unspecified, name: port.name ?? []))
      }
    }
    if !header.flags.contains(.echo) { replies.removeAll { !$0.isAcknowledgement } }
    return replies
  }

  // MARK: Dumps

  /// A dump that is under way.
  public struct Dump {
    fileprivate let request: Message
    fileprivate var position = 0
    /// Whether the last message has been given out.
    public fileprivate(set) var isFinished = false
  }

  /// How many flows or ports are described while an engine's lock is held.
  public static var dumpStepCount: Int { 16 }

  /// Begins a dump; `nil` if the message does not ask for one.
  public func beginDump(_ message: Message) -> Dump? {
    guard message.header.flags.isSuperset(of: .dump) else { return nil }
    switch message.body {
    case .datapath(.get, _), .vport(.get, _), .flow(.get, _): return Dump(request: message)
    case .datapath, .vport, .flow, .packet, .control, .networkDevice, .error, .done: return nil
    }
  }

  /// The next messages of a dump, at least one, the last of all being `done`.
  public func next(of dump: inout Dump) -> [Message] {
    let header = dump.request.header
    let part = header.reply(flags: .multipart)
    switch dump.request.body {
    case .flow(_, let request):
      let flags = request.identifierFlags ?? 0
      var flows: [(number: Int, flow: FlowMessage)] = []
      while flows.isEmpty, dump.position < engines.flowPlaceCount(on: 0) {
        locks.acquire(0)
        flows = engines.describeFlows(
          from: &dump.position, maximumCount: Self.dumpStepCount, flags: flags, on: 0)
        locks.release(0)
      }
      for index in 1..<max(1, count) where !flows.isEmpty {
        locks.acquire(index)
        engines.addStatistics(to: &flows, of: 0, on: index)
        locks.release(index)
      }
      if !flows.isEmpty { return flows.map { Message(part, .flow(.new, $0.flow)) } }
    case .vport:
      locks.acquire(0)
      var ports = engines.describePorts(from: &dump.position, maximumCount: Self.dumpStepCount, on: 0)
      locks.release(0)
      for index in 1..<max(1, count) where !ports.isEmpty {
        locks.acquire(index)
        engines.addStatistics(to: &ports, on: index)
        locks.release(index)
      }
      if !ports.isEmpty { return ports.map { Message(part, .vport(.new, $0)) } }
    case .datapath where dump.position == 0:
      dump.position = 1
      var single = dump.request
      single.header.flags = .request
      return askAll(single, lastNow).map { Message(part, $0.body) }
    case .datapath, .packet, .control, .networkDevice, .error, .done: break
    }
    dump.isFinished = true
    return [Message(header.reply(), .done)]
  }

  private func dump(_ message: Message) -> [Message] {
    guard var dump = beginDump(message) else { return [] }
    var replies: [Message] = []
    while !dump.isFinished { replies += next(of: &dump) }
    return replies
  }
}

extension [Message] {
  /// Whether one of them says that something failed.
  var holdFailure: Bool { contains { $0.isFailure } }
}

extension Message {
  /// Whether it says that something failed.
  var isFailure: Bool {
    if case .error(let code) = body { return code != 0 }
    return false
  }

  /// Whether it says that something was done, and no more.
  var isAcknowledgement: Bool {
    if case .error(0) = body { return true }
    return false
  }

  /// Adds the counters of another engine's answer to the same request; `false` if it is another answer.
  fileprivate mutating func add(_ other: Message) -> Bool {
    switch (body, other.body) {
    case (.flow(let command, var mine), .flow(_, let others)):
      if let statistics = others.statistics { mine.statistics?.add(statistics) }
      body = .flow(command, mine)
    case (.vport(let command, var mine), .vport(_, let others)):
      if let statistics = others.statistics { mine.statistics?.add(statistics) }
      body = .vport(command, mine)
    case (.datapath(let command, var mine), .datapath(_, let others)):
      if let statistics = others.statistics { mine.statistics?.add(statistics) }
      if let drops = others.drops { mine.drops?.add(drops) }
      body = .datapath(command, mine)
    case (.error(let mine), .error(let others)): return mine == others
    case (.done, .done): break
    default: return false
    }
    return true
  }
}
