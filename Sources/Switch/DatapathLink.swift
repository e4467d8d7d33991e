import Datapath

/// One datapath: its bridges, which share its port numbers, and the way to it.
///
/// Bridges of one `datapath_type` share a datapath, and so may be joined by patch ports.
final class DatapathLink {
  /// Whether the datapath is there.
  enum State: Equatable {
    case absent
    case opening
    case open
    case failed(String)
  }
  /// A port that tunnel interfaces of one encapsulation share.
  struct SharedPort {
    var number: DatapathPortNumber
    var type: VportType
    /// The interfaces by name.
    var users: [String: Interface]
    /// Whether the datapath has made it.
    var isOpen = false

    /// The interfaces in the order of their names.
    var usersInOrder: [Interface] {
      users.values.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }
  }

  /// The datapath's type ("system", "netdev", "dummy").
  let type: String
  /// Its name ("ovs-system", "ovs-netdev", "ovs-dummy").
  let name: String
  /// Whether it is there.
  var state = State.absent
  /// Whether it failed to open since there was no such thing, which may yet come.
  var isMissing = false
  /// Whether it has gone while it was in use, so that its ports are to be made again.
  var wasLost = false
  /// What has been said of why it can't be opened, so that it is said once.
  var saidFailure: String?
  /// Its number in messages (`dp_ifindex`).
  var index: Int32 = 0
  /// Its bridges by name.
  var bridges: [String: Bridge] = [:]
  /// The interfaces of its bridges by name, whether they have a port or not.
  var interfacesByName: [String: Interface] = [:]
  /// The numbers of the meters of all its bridges.
  var meterNumbers = MeterNumbers()
  /// Names of interfaces that are, or have counted, something else than the database says.
  var changedStates: Set<String> = []
  /// Names of bridges that have another datapath id than the database says.
  var changedBridges: Set<String> = []
  var changedCounters: Set<String> = []
  /// The interfaces whose ports the datapath refused for a reason that may pass, by name.
  var refused: [String: Interface] = [:]
  /// The last of them that was asked for again.
  var lastRetried = ""
  /// The interfaces for whose ports the datapath was asked and has not answered.
  var attaching: [DatapathPortNumber: Interface] = [:]
  /// The numbers of such ports that nobody wants any more.
  var abandoned: Set<DatapathPortNumber> = []
  /// The interfaces that have a port in the datapath to themselves.
  var interfaces: [DatapathPortNumber: Interface] = [:]
  /// The ports of tunnels, by name: one for each encapsulation and UDP port.
  var tunnelPorts: [String: SharedPort] = [:]
  /// What of its features is in use.
  var features = DatapathFeatures()
  /// How it is to track connections, once it was told, and what it was told.
  var desiredTracking: DesiredTracking?
  var toldTracking = ToldTracking()
  /// Ports that the datapath did not delete when it was asked to.
  var undeletedPorts: Set<DatapathPortNumber> = []
  /// A number below which all port numbers are taken.
  private var lowestCandidate: UInt32 = 1
  /// Counts the changes to ports, bridges, rules and addresses after which translations may come out otherwise.
  let changes = ChangeCounter()
  /// The packets that found a flow, and those that did not, as the datapath counts them.
  var statistics = DatapathStatistics()
  /// The packets that it has dropped since it was opened.
  private(set) var drops = DropCounts()
  /// What it last said that it has dropped; of one that is not this process's, more than since it was opened.
  private var saidDrops = DropCounts()

  init(type: String, name: String) {
    self.type = type
    self.name = name
  }

  /// The interface with a name, in any bridge of the datapath.
  func interface(named name: String) -> Interface? { interfacesByName[name] }

  /// Forgets an interface that is taken out of its port.
  func forget(_ interface: Interface) {
    if interfacesByName[interface.name] === interface { interfacesByName[interface.name] = nil }
    if refused[interface.name] === interface { refused[interface.name] = nil }
  }

  /// Whether something was asked for that has not been answered.
  var isSettling: Bool {
    state == .opening || !attaching.isEmpty || tunnelPorts.values.contains { !$0.isOpen }
  }

  /// The lowest free port number, by the datapath's own rules.
  ///
  /// Dummies get the number that their name ends in, and bridges' ports count from 100, so that tests can know them.
  func freePortNumber(name: String) -> DatapathPortNumber {
    if type == "dummy" {
      let start: UInt32 = name.hasPrefix("br") ? 100 : 0
      var digits: [UInt8] = []
      for byte in name.utf8 {
        let isDigit = byte >= 0x30 && byte <= 0x39
        if isDigit { digits.append(byte) } else if !digits.isEmpty { break }
      }
      if let number = UInt32(String(decoding: digits, as: UTF8.self)), number < 0xffff {
        let wanted = start + number
        if wanted > 0, !isTaken(DatapathPortNumber(wanted)) { return DatapathPortNumber(wanted) }
      }
    }
    while isTaken(DatapathPortNumber(lowestCandidate)) { lowestCandidate += 1 }
    return DatapathPortNumber(lowestCandidate)
  }

  private func isTaken(_ number: DatapathPortNumber) -> Bool {
    interfaces[number] != nil || attaching[number] != nil || abandoned.contains(number)
      || undeletedPorts.contains(number) || tunnelPorts.values.contains { $0.number == number }
  }

  /// Says that a port number may be free again.
  func released(_ number: DatapathPortNumber) {
    if number.rawValue > 0 { lowestCandidate = min(lowestCandidate, number.rawValue) }
  }

  /// Takes the counters of the datapath as a whole.
  func take(_ message: DatapathMessage) {
    if let found = message.statistics { statistics = found }
    guard let found = message.drops else { return }
    if state == .open { drops.add(found.growth(since: saidDrops)) }
    saidDrops = found
  }

  /// Takes the counters of a port; says whether it is one of an interface's own.
  func take(_ port: VportMessage) -> Bool {
    guard let number = port.number, let interface = interfaces[number] else { return false }
    if let statistics = port.statistics { interface.counters = InterfaceCounters(statistics) }
    return true
  }
}

extension InterfaceCounters {
  /// The counters that the datapath has of a port.
  init(_ statistics: VportStatistics) {
    receivedPackets = statistics.receivedPackets
    receivedBytes = statistics.receivedBytes
    receivedDrops = statistics.receivedDropped
    receivedErrors = statistics.receivedErrors
    sentPackets = statistics.sentPackets
    sentBytes = statistics.sentBytes
    sentDrops = statistics.sentDropped
    sentErrors = statistics.sentErrors
  }
}
