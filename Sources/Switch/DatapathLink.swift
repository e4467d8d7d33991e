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
    var users: [Interface]
    /// Whether the datapath has made it.
    var isOpen = false
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
  /// The interfaces for whose ports the datapath was asked and has not answered; some may not want them any more.
  var attaching: [DatapathPortNumber: Interface] = [:]
  /// The interfaces that have a port in the datapath to themselves.
  var interfaces: [DatapathPortNumber: Interface] = [:]
  /// The ports of tunnels, by name.
  var tunnelPorts: [String: SharedPort] = [:]
  /// Ports that the datapath did not delete when it was asked to.
  var undeletedPorts: Set<DatapathPortNumber> = []
  /// Counts the changes to ports after which translations may come out otherwise.
  var generation: UInt64 = 0
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
  func interface(named name: String) -> Interface? {
    for bridge in bridges.values {
      if let found = bridge.interface(named: name) { return found }
    }
    return nil
  }

  /// The tunnel interfaces that share a datapath port; empty if it is none of tunnels.
  func tunnels(on number: DatapathPortNumber) -> [Interface] {
    for port in tunnelPorts.values where port.number == number { return port.users }
    return []
  }

  /// The lowest free port number, by the datapath's own rules.
  ///
  /// Dummies get the number that their name ends in, and bridges' ports count from 100, so that tests can know them.
  func freePortNumber(name: String, taken: Set<UInt32>) -> DatapathPortNumber {
    if type == "dummy" {
      let start: UInt32 = name.hasPrefix("br") ? 100 : 0
      var digits: [UInt8] = []
      for byte in name.utf8 {
        let isDigit = byte >= 0x30 && byte <= 0x39
        if isDigit { digits.append(byte) } else if !digits.isEmpty { break }
      }
      if let number = UInt32(String(decoding: digits, as: UTF8.self)), number < 0xffff {
        let wanted = start + number
        if wanted > 0, !taken.contains(wanted) { return DatapathPortNumber(wanted) }
      }
    }
    var number: UInt32 = 1
    while taken.contains(number) { number += 1 }
    return DatapathPortNumber(number)
  }

  /// Takes the counters of the datapath as a whole.
  func take(_ message: DatapathMessage) {
    if let found = message.statistics { statistics = found }
    guard let found = message.drops else { return }
    if state == .open { drops.add(found.growth(since: saidDrops)) }
    saidDrops = found
  }

  /// Takes the counters of a port.
  func take(_ port: VportMessage) {
    guard let number = port.number, let interface = interfaces[number], let statistics = port.statistics
    else {
      return
    }
    interface.counters = InterfaceCounters(statistics)
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
