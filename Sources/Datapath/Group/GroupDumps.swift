// What all engines have, described or removed step by step, with packets in between.

extension EngineGroup {
  /// A dump that is under way.
  public struct Dump {
    fileprivate let request: NetlinkMessage
    fileprivate var position = 0
    /// Whether the last message has been given out.
    public fileprivate(set) var isFinished = false
  }

  /// Begins a dump; `nil` if the message does not ask for one.
  public func beginDump(_ message: NetlinkMessage) -> Dump? {
    guard message.header.isDump else { return nil }
    switch message.body {
    case .datapath(.get, _), .vport(.get, _), .flow(.get, _): return Dump(request: message)
    case .tracking(let request) where request.isListed: return Dump(request: message)
    case .meter(.get, _): return Dump(request: message)
    case .datapath, .vport, .flow, .packet, .control, .networkDevice, .tracking, .meter, .error, .done:
      return nil
    }
  }

  /// The next messages of a dump, at least one, the last of all being `done`.
  public func next(of dump: inout Dump) -> [NetlinkMessage] {
    let header = dump.request.header
    let part = header.reply(flags: .multipart)
    switch dump.request.body {
    case .flow(_, let request):
      let flows = nextFlows(from: &dump.position, flags: request.identifierFlags ?? 0)
      if !flows.isEmpty { return flows.map { NetlinkMessage(part, .flow(.new, $0.message)) } }
    case .vport:
      let ports = nextPorts(from: &dump.position)
      if !ports.isEmpty { return ports.map { NetlinkMessage(part, .vport(.new, $0)) } }
    case .datapath where dump.position == 0:
      dump.position = 1
      var single = dump.request
      single.header.flags = .request
      return askAll(single, lastNow).map { NetlinkMessage(part, $0.body) }
    case .tracking(let request):
      if let replies = nextTracked(of: request, from: &dump.position) {
        return replies.map { NetlinkMessage(part, .tracking($0)) }
      }
    case .meter:
      // Meters belong to the datapath, as connections do.
      let replies = locked(0) { engine in
        engine.nextMeters(from: &dump.position, maximumCount: steps.dumpCount)
      }
      if let replies { return replies.map { NetlinkMessage(part, .meter(.get, $0)) } }
    case .datapath, .packet, .control, .networkDevice, .error, .done: break
    }
    dump.isFinished = true
    return [NetlinkMessage(header.reply(), .done)]
  }

  /// A whole dump.
  func dump(_ message: NetlinkMessage) -> [NetlinkMessage] {
    guard var dump = beginDump(message) else { return [] }
    var replies: [NetlinkMessage] = []
    while !dump.isFinished { replies += next(of: &dump) }
    return replies
  }

  /// Takes steps until there is something to say; nil at the end.
  func nextTracked(of request: TrackingMessage, from place: inout Int) -> [TrackingMessage]? {
    while true {
      // Connections belong to the datapath: one engine speaks for all.
      let replies = locked(0) { engine in engine.nextTracked(of: request, from: &place) }
      guard let replies else { return nil }
      if !replies.isEmpty { return replies }
    }
  }

  private func nextFlows(from position: inout Int, flags: UInt32) -> [NumberedFlow] {
    var flows: [NumberedFlow] = []
    var isFinished = false
    while flows.isEmpty, !isFinished {
      isFinished = locked(0) { engine in
        flows = engine.describeFlows(from: &position, maximumCount: steps.dumpCount, flags: flags)
        return position >= engine.table.highestFlow
      }
    }
    for index in 1..<max(1, count) where !flows.isEmpty {
      locked(index) { engine in engine.addStatistics(to: &flows) }
    }
    return flows
  }

  private func nextPorts(from place: inout Int) -> [VportMessage] {
    var ports = locked(0) { engine in engine.describePorts(from: &place, maximumCount: steps.dumpCount) }
    for index in 1..<max(1, count) where !ports.isEmpty {
      locked(index) { engine in engine.addStatistics(to: &ports) }
    }
    return ports
  }

  /// Removes all flows; no other request comes before the last is gone.
  func removeAllFlows() {
    for index in 0..<count {
      var position = 0
      var isFinished = false
      while !isFinished {
        isFinished = locked(index) { engine in
          engine.removeFlows(from: &position, maximumCount: steps.removalCount)
        }
      }
    }
  }
}

/// A flow as one engine describes it, with what other engines know it by.
///
/// Engines that were given the same requests in the same order give flows the same numbers.
struct NumberedFlow {
  var number: FlowHandle
  var hash: UInt64
  var message: FlowMessage
}

extension Engine {
  /// How many places of a table are looked at for each flow that is wanted, before a step ends.
  private static var placesPerFlow: Int { 16 }

  /// Removes up to `maximumCount` flows from a number on, which is moved behind the last; `true` if that was the end of the
  /// table.
  mutating func removeFlows(from number: inout Int, maximumCount: Int) -> Bool {
    let end = min(table.highestFlow, number + maximumCount * Self.placesPerFlow)
    var removed = 0
    while number < end && removed < maximumCount {
      if table.records[FlowHandle(number)].isAlive {
        removeFlow(FlowHandle(number))
        removed += 1
      }
      number += 1
    }
    return number >= table.highestFlow
  }

  /// Describes up to `maximumCount` flows from a number on, which is moved behind the last; perhaps none, with more to come.
  ///
  /// - Parameter flags: `OVS_UFID_F_*` bits that say what to leave out.
  func describeFlows(from number: inout Int, maximumCount: Int, flags: UInt32) -> [NumberedFlow] {
    var result: [NumberedFlow] = []
    let end = min(table.highestFlow, number + maximumCount * Self.placesPerFlow)
    while number < end && result.count < maximumCount {
      let flow = FlowHandle(number)
      if table.records[flow].isAlive {
        result.append(
          NumberedFlow(number: flow, hash: table.records[flow].hash, message: describe(flow, flags: flags)))
      }
      number += 1
    }
    return result
  }

  /// Adds what this engine counted to another's descriptions of flows; what is not the same flow is left alone.
  func addStatistics(to flows: inout [NumberedFlow]) {
    for place in flows.indices {
      let number = flows[place].number
      guard number.index < table.highestFlow, table.records[number].isAlive,
        table.records[number].hash == flows[place].hash
      else { continue }
      let record = table.records[number]
      var statistics = FlowStatistics()
      statistics.packets = record.packets
      statistics.bytes = record.bytes
      statistics.usedMilliseconds = record.packets == 0 ? nil : record.usedMilliseconds
      statistics.tcpFlags = record.tcpFlags
      flows[place].message.statistics?.add(statistics)
    }
  }

  /// Describes up to `maximumCount` ports from a place on, which is moved behind the last.
  func describePorts(from place: inout Int, maximumCount: Int) -> [VportMessage] {
    var result: [VportMessage] = []
    while place < ports.placeCount && result.count < maximumCount {
      let port = PortHandle(place)
      if ports.records[port].isPresent { result.append(describePort(port)) }
      place += 1
    }
    return result
  }

  /// Adds what this engine counted to another's descriptions of ports.
  func addStatistics(to ports: inout [VportMessage]) {
    for place in ports.indices {
      guard let number = ports[place].number else { continue }
      let record = self.ports.index(number.rawValue)
      guard !record.isNone, let statistics = describePort(record).statistics else { continue }
      ports[place].statistics?.add(statistics)
    }
  }
}
