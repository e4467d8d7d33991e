import Command
import Host
import OpenFlow

/// Commands about ports and queues.
struct PortCommands {
  private let settings: Settings

  init(_ settings: Settings) { self.settings = settings }

  private func printer(_ name: String) -> MessagePrinter {
    let names = settings.namesAreShown ? BridgeNames(name, settings).all() : FlowNames()
    return MessagePrinter(names: names, verbosity: settings.verbosity + 1)
  }

  private func print(_ connection: SwitchConnection, _ request: Message) {
    let printer = printer(connection.name)
    connection.transactMultipart(request) { StandardOutput.write(printer.text($0)) }
    connection.close()
  }

  /// Prints the counters of all ports or of one.
  func dumpStatistics(_ arguments: [String]) {
    let connection = SwitchConnection(arguments[0], settings)
    let port = arguments.count > 1 ? BridgeNames(arguments[0], settings).port(arguments[1]) : .none
    print(connection, .portStatisticsRequest(port))
  }

  /// Prints the descriptions of all ports or of one.
  func dumpDescriptions(_ arguments: [String]) {
    let connection = SwitchConnection(arguments[0], settings)
    let port = arguments.count > 1 ? BridgeNames(arguments[0], settings).port(arguments[1]) : .none
    print(connection, .portDescriptionRequest(port))
  }

  /// Prints the counters of queues.
  func dumpQueues(_ arguments: [String]) {
    let connection = SwitchConnection(arguments[0], settings)
    var request = QueueRequest()
    if arguments.count > 1, !Self.isAll(arguments[1]) {
      request.port = BridgeNames(arguments[0], settings).port(arguments[1])
    }
    if arguments.count > 2, !Self.isAll(arguments[2]) {
      guard let queue = UInt32(arguments[2]) else { settings.fail("\(arguments[2]): bad queue number") }
      request.queueID = queue
    }
    print(connection, .queueStatisticsRequest(request))
  }

  private static func isAll(_ text: String) -> Bool {
    text.utf8.map { $0 | 0x20 } == Array("all".utf8)
  }

  // MARK: Configuration

  /// A word that configures a port, in any case: the bits, and whether the word sets them, which it does not with `no` or `no-` before.
  private static let words: [(name: String, bits: PortConfiguration, sets: Bool)] = [
    ("up", .portDown, false), ("down", .portDown, true), ("stp", .noSpanningTree, false),
    ("receive", .noReceive, false), ("receive-stp", .noReceiveSpanningTree, false),
    ("flood", .noFlood, false),
    ("forward", .noForward, false), ("packet-in", .noPacketIn, false),
  ]

  /// Configures a port.
  func modify(_ arguments: [String]) {
    let port = BridgeNames(arguments[0], settings).description(arguments[1])
    var name = Array(arguments[2].asciiLowercased.utf8)
    let isNegated = name.starts(with: "no".utf8)
    if isNegated { name.removeFirst(name.starts(with: "no-".utf8) ? 3 : 2) }
    guard let word = Self.words.first(where: { $0.name.utf8.elementsEqual(name) }) else {
      settings.fail("unknown mod-port command '\(arguments[2])'")
    }
    let connection = SwitchConnection(arguments[0], settings)
    connection.send(
      .portModification(
        PortModification(
          port: port.number, address: port.address, configuration: word.sets != isNegated ? word.bits : [],
          mask: word.bits)))
    failIfAny(connection.finish(), settings)
  }
}
