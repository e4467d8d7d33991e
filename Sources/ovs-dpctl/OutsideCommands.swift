// The commands on a datapath outside of the daemon: what the daemon's `dpctl/…` commands do, asked of the datapath directly.

import Datapath
import Host

/// Why a command failed, as it is written behind the program's name.
struct CommandFailure: Error {
  let text: String

  init(_ text: String) { self.text = text }
}

/// Carries out commands on a datapath outside of the daemon.
struct OutsideCommands {
  private let datapath: OutsideDatapath
  private let switches: [String]
  private let fullName: String

  init(_ datapath: OutsideDatapath, switches: [String]) {
    self.datapath = datapath
    self.switches = switches
    fullName = "system@" + datapath.name
  }

  /// Carries out a command, and gives what it prints.
  func run(_ command: String, _ arguments: [String]) throws(CommandFailure) -> String {
    switch command {
    case "dump-dps": return fullName + "\n"
    case "show": return try show(arguments)
    case "dump-flows": return try dumpFlows(arguments)
    case "get-flow": return try getFlow(arguments)
    case "add-flow": return try putFlow(arguments, .new, [.create, .exclusive])
    case "mod-flow":
      return try putFlow(arguments, has("--may-create") ? .new : .set, has("--may-create") ? .create : [])
    case "del-flow": return try deleteFlow(arguments)
    case "del-flows": return try deleteFlows(arguments)
    case "add-if": return try addPorts(arguments)
    case "del-if": return try deletePorts(arguments)
    default:
      guard let command = TrackingCommand.named(command) else {
        throw CommandFailure("\(command) (Operation not supported)")
      }
      return try track(command, arguments)
    }
  }

  private func has(_ option: String) -> Bool { switches.contains { $0.utf8.elementsEqual(option.utf8) } }

  /// The arguments without the datapath that the first of them may name.
  private func withoutDatapath(_ arguments: [String], keeping count: Int) throws(CommandFailure) -> [String] {
    guard arguments.count > count, let name = arguments.first else { return arguments }
    try check(name)
    return Array(arguments.dropFirst())
  }

  private func check(_ name: String) throws(CommandFailure) {
    let whole = name.utf8.contains(UInt8(ascii: "@")) ? name : "system@" + name
    guard whole.utf8.elementsEqual(fullName.utf8) else {
      throw CommandFailure("opening datapath \(name) failed (No such device)")
    }
  }

  /// Asks the datapath; what it refuses is a failure of what was to be done.
  private func ask(
    _ body: NetlinkMessage.Body, _ flags: MessageFlags, to what: String
  ) throws(CommandFailure) -> [NetlinkMessage] {
    let answers: [NetlinkMessage]
    do throws(SystemError) {
      answers = try datapath.request(body, flags)
    } catch {
      throw CommandFailure("\(what) (\(error.message))")
    }
    for answer in answers {
      if case .error(let code) = answer.body, code != 0 {
        throw CommandFailure("\(what) (\(DatapathErrorCode.text(code)))")
      }
    }
    return answers
  }

  // MARK: Connection tracking

  private func track(_ command: TrackingCommand, _ arguments: [String]) throws(CommandFailure) -> String {
    let question: TrackingQuestion
    do throws(TrackingCommandError) {
      question = try command.question(switches + arguments, datapaths: [fullName]).question
    } catch {
      throw CommandFailure(error.lines.joined(separator: "\n"))
    }
    let flags = question.flags.union([.request, .acknowledge])
    return question.text(try ask(.tracking(question.message), flags, to: question.failure))
  }

  // MARK: Ports

  private func ports() throws(CommandFailure) -> [VportMessage] {
    var ports: [VportMessage] = []
    for answer in try ask(.vport(.get, VportMessage()), [.request, .dump], to: "listing ports") {
      if case .vport(_, let port) = answer.body { ports.append(port) }
    }
    return ports.sorted { ($0.number?.rawValue ?? 0) < ($1.number?.rawValue ?? 0) }
  }

  private func show(_ arguments: [String]) throws(CommandFailure) -> String {
    for name in arguments { try check(name) }
    var text = ""
    var drops = ""
    let question = DatapathMessage(name: datapath.name)
    for answer in try ask(.datapath(.get, question), .request, to: "getting datapath status") {
      guard case .datapath(_, let found) = answer.body, let statistics = found.statistics else { continue }
      text += DatapathSummary.heading(fullName, statistics, showsMasks: true)
      if has("-s") { drops = DatapathSummary.drops(found.drops ?? DropCounts()) }
    }
    for port in try ports() {
      text += DatapathSummary.line(port, kind: Self.kind(port))
      guard has("-s") else { continue }
      text += DatapathSummary.counters(port.statistics ?? VportStatistics(), countsErrors: true)
    }
    return text + drops
  }

  private static func kind(_ port: VportMessage) -> String {
    switch port.type {
    case .internal: "internal"
    default: DatapathSummary.kind(ofTunnel: port.type) ?? "system"
    }
  }

  private func addPorts(_ arguments: [String]) throws(CommandFailure) -> String {
    try check(arguments[0])
    for argument in arguments.dropFirst() {
      let parts = argument.split(separator: ",")
      guard let first = parts.first else { throw CommandFailure("(null): bad device name") }
      var message = VportMessage(type: .netdev, name: String(first))
      for option in parts.dropFirst() {
        if option == "type=internal" {
          message.type = .internal
        } else if option.hasPrefix("type="), let kind = TunnelKind(name: String(option.dropFirst(5))) {
          message.type = kind.row.vportType
        } else if option.hasPrefix("port_no="), let number = UInt32(option.dropFirst(8)) {
          message.number = DatapathPortNumber(number)
        } else {
          throw CommandFailure("\(option): unknown option")
        }
      }
      _ = try ask(
        .vport(.new, message), [.request, .acknowledge, .create],
        to: "adding \(first) to \(arguments[0]) failed")
    }
    return ""
  }

  private func deletePorts(_ arguments: [String]) throws(CommandFailure) -> String {
    try check(arguments[0])
    for argument in arguments.dropFirst() {
      var message = VportMessage(name: argument)
      if let number = UInt32(argument) { message = VportMessage(number: DatapathPortNumber(number)) }
      _ = try ask(
        .vport(.delete, message), [.request, .acknowledge],
        to: "deleting port \(argument) from \(arguments[0]) failed")
    }
    return ""
  }

  // MARK: Flows

  private func text(_ ports: [VportMessage]) -> DatapathText {
    let isVerbose = has("-m")
    guard has("--names") || isVerbose && !has("--no-names") else { return DatapathText(isVerbose: isVerbose) }
    return DatapathText(isVerbose: isVerbose) { number in
      ports.first { $0.number == number }?.name.map { String(decoding: $0, as: UTF8.self) }
    }
  }

  private func dumpFlows(_ arguments: [String]) throws(CommandFailure) -> String {
    for name in arguments where !name.utf8.contains(UInt8(ascii: "=")) { try check(name) }
    let text = text(try ports())
    var result = ""
    let answers = try ask(
      .flow(.get, FlowMessage(key: nil)), [.request, .dump], to: "Failed to dump flows from datapath")
    for answer in answers {
      guard case .flow(_, let flow) = answer.body else { continue }
      result += text.describe(flow, nowMilliseconds: Self.now) + "\n"
    }
    return result
  }

  /// The driver's clock is the system's monotonic one.
  private static var now: UInt64 { UInt64(max(0, Instant.now.milliseconds)) }

  private func getFlow(_ arguments: [String]) throws(CommandFailure) -> String {
    let rest = try withoutDatapath(arguments, keeping: 1)
    guard let identifier = FlowIdentifier(text: rest[0]) else { throw CommandFailure("parsing flow ufid") }
    let text = text(try ports())
    var result = ""
    let answers = try ask(
      .flow(.get, FlowMessage(key: nil, identifier: identifier)), .request, to: "getting flow")
    for answer in answers {
      if case .flow(_, let flow) = answer.body {
        result += text.describe(flow, nowMilliseconds: Self.now) + "\n"
      }
    }
    return result
  }

  private func key(_ text: String, _ ports: [VportMessage]) throws(CommandFailure) -> (
    key: FlowKey, mask: FlowKey
  ) {
    do throws(DatapathTextError) {
      return try DatapathText.readKey(text) { name in Self.number(name, ports) }
    } catch {
      throw CommandFailure("parsing flow key (syntax error at \(text)) (Invalid argument)")
    }
  }

  private static func number(_ name: String, _ ports: [VportMessage]) -> DatapathPortNumber? {
    ports.first { $0.name == Array(name.utf8) }?.number
  }

  private func putFlow(
    _ arguments: [String], _ command: MessageCommand, _ flags: MessageFlags
  ) throws(CommandFailure) -> String {
    let rest = try withoutDatapath(arguments, keeping: 2)
    let ports = try ports()
    let flow = try key(rest[0], ports)
    let actions: [DatapathAction]
    do throws(DatapathTextError) {
      actions = try DatapathText.readActions(rest[1]) { name in Self.number(name, ports) }
    } catch {
      throw CommandFailure("parsing actions (Invalid argument)")
    }
    var message = FlowMessage(key: flow.key, mask: flow.mask, actions: actions)
    message.clears = has("--clear")
    _ = try ask(
      .flow(command, message), flags.union([.request, .acknowledge]), to: "updating flow table")
    return ""
  }

  private func deleteFlow(_ arguments: [String]) throws(CommandFailure) -> String {
    let rest = try withoutDatapath(arguments, keeping: 1)
    var message = FlowMessage(key: nil, identifier: FlowIdentifier(text: rest[0]))
    if message.identifier == nil {
      let flow = try key(rest[0], try ports())
      message = FlowMessage(key: flow.key, mask: flow.mask)
    }
    _ = try ask(.flow(.delete, message), [.request, .acknowledge], to: "deleting flow")
    return ""
  }

  private func deleteFlows(_ arguments: [String]) throws(CommandFailure) -> String {
    if let name = arguments.first { try check(name) }
    _ = try ask(.flow(.delete, FlowMessage(key: nil)), [.request, .acknowledge], to: "deleting all flows")
    return ""
  }
}
