// Requests to one of several engines, and what it takes to make one answer of the answers of all. Deciding what goes to
// which engine is the owner's part, since it knows what stands before each.

extension EngineGroup {
  /// Lets an engine do what a message asks; returns the messages that answer, an error among them if it failed.
  public func reply(to message: Message, nowMilliseconds: UInt64, on index: Int) -> [Message] {
    self[index].now = nowMilliseconds
    return self[index].reply(to: message)
  }

  /// A request about a flow that names the flow in full; `nil` if an engine has no such flow.
  ///
  /// A key without a mask finds the first flow that it matches, and which one that is depends on what traffic an engine
  /// has seen. Said in full, all engines mean the same one.
  public func named(_ request: FlowMessage, on index: Int) -> FlowMessage? {
    guard let flow = self[index].findFlow(request) else { return nil }
    var request = request
    request.key = self[index].table.key(of: flow)
    request.mask = self[index].table.mask(of: flow)
    return request
  }

  // MARK: Dumps and removal, piece by piece

  /// How many places of a table are looked at for each flow that is wanted, before a step ends.
  private static var placesPerFlow: Int { 16 }

  /// How many places a table of flows has in use, or had.
  public func flowPlaceCount(on index: Int) -> Int { self[index].table.highestFlow }

  /// How many places a table of ports has in use, or had.
  public func portPlaceCount(on index: Int) -> Int { self[index].ports.names.count }

  /// Removes up to `maximumCount` flows of an engine from a number on, which is moved behind the last; `true` if that was the
  /// end of the table.
  public func removeFlows(from number: inout Int, maximumCount: Int, on index: Int) -> Bool {
    let end = min(self[index].table.highestFlow, number + maximumCount * Self.placesPerFlow)
    var removed = 0
    while number < end && removed < maximumCount {
      if self[index].table.records[number].isAlive {
        self[index].removeFlow(number)
        removed += 1
      }
      number += 1
    }
    return number >= self[index].table.highestFlow
  }

  /// Describes up to `maximumCount` flows of an engine from a number on, which is moved behind the last; perhaps none, with
  /// more to come.
  ///
  /// - Parameter flags: `OVS_UFID_F_*` bits that say what to leave out.
  public func describeFlows(
    from number: inout Int, maximumCount: Int, flags: UInt32, on index: Int
  ) -> [(number: Int, flow: FlowMessage)] {
    var result: [(number: Int, flow: FlowMessage)] = []
    let end = min(self[index].table.highestFlow, number + maximumCount * Self.placesPerFlow)
    while number < end && result.count < maximumCount {
      if self[index].table.records[number].isAlive {
        result.append((number: number, flow: self[index].describe(number, flags: flags)))
      }
      number += 1
    }
    return result
  }

  /// Adds what an engine counted to descriptions of flows by another.
  ///
  /// Engines that were given the same requests in the same order give flows the same numbers; what is not the same
  /// flow is left alone.
  public func addStatistics(to flows: inout [(number: Int, flow: FlowMessage)], of other: Int, on index: Int)
  {
    for place in flows.indices {
      let number = flows[place].number
      guard number < self[index].table.highestFlow, self[index].table.records[number].isAlive,
        self[index].table.records[number].hash == self[other].table.records[number].hash
      else { continue }
      let record = self[index].table.records[number]
      var statistics = FlowStatistics()
      statistics.packets = record.packets
      statistics.bytes = record.bytes
      statistics.usedMilliseconds = record.packets == 0 ? nil : record.usedMilliseconds
      statistics.tcpFlags = record.tcpFlags
      flows[place].flow.statistics?.add(statistics)
    }
  }

  /// Describes up to `maximumCount` ports of an engine from a place on, which is moved behind the last.
  public func describePorts(from place: inout Int, maximumCount: Int, on index: Int) -> [VportMessage] {
    var result: [VportMessage] = []
    while place < self[index].ports.names.count && result.count < maximumCount {
      if self[index].ports.records[place].isPresent { result.append(self[index].describePort(place)) }
      place += 1
    }
    return result
  }

  /// Adds what an engine counted to descriptions of ports by another.
  public func addStatistics(to ports: inout [VportMessage], on index: Int) {
    for place in ports.indices {
      guard let number = ports[place].number else { continue }
      let record = self[index].ports.index(number.rawValue)
      guard record >= 0, let statistics = self[index].describePort(record).statistics else { continue }
      ports[place].statistics?.add(statistics)
    }
  }
}

extension FlowStatistics {
  /// Adds what another engine counted of the same flow.
  public mutating func add(_ other: FlowStatistics) {
    packets &+= other.packets
    bytes &+= other.bytes
    tcpFlags |= other.tcpFlags
    if let used = other.usedMilliseconds { usedMilliseconds = max(usedMilliseconds ?? 0, used) }
  }
}

extension VportStatistics {
  /// Adds what another engine counted of the same port.
  public mutating func add(_ other: VportStatistics) {
    receivedPackets &+= other.receivedPackets
    sentPackets &+= other.sentPackets
    receivedBytes &+= other.receivedBytes
    sentBytes &+= other.sentBytes
    receivedErrors &+= other.receivedErrors
    sentErrors &+= other.sentErrors
    receivedDropped &+= other.receivedDropped
    sentDropped &+= other.sentDropped
  }
}

extension DatapathStatistics {
  /// Adds what another engine of the same datapath counted; flows and masks are the same ones.
  public mutating func add(_ other: DatapathStatistics) {
    hits &+= other.hits
    misses &+= other.misses
    lost &+= other.lost
    maskHits &+= other.maskHits
    cacheHits &+= other.cacheHits
  }
}
