import Datapath
import OpenFlow

/// `dpctl/…` and `dpif/dump-flows`: the datapaths, asked as they are rather than as the switch remembers them.
enum DatapathCommands {
  static let all: [SwitchCommand] = [
    SwitchCommand("dpctl/dump-dps", "") { call in
      call.reply(call.host.openDatapaths.map { $0.fullName + "\n" }.joined())
    },
    SwitchCommand("dpctl/show", "[-s] [dp...]", 0, nil, show),
    SwitchCommand("dpctl/dump-flows", "[-m] [--names] [dp] [filter=..] [type=..] [pmd=..]", 0, 6, dumpFlows),
    SwitchCommand("dpctl/get-flow", "[dp] ufid", 1, 4, getFlow),
    SwitchCommand("dpctl/add-flow", "[dp] flow actions", 2, 3) { putFlow($0, .new, [.create, .exclusive]) },
    SwitchCommand("dpctl/mod-flow", "[dp] flow actions", 2, 3) { putFlow($0, .set, []) },
    SwitchCommand("dpctl/del-flow", "[dp] flow", 1, 2, deleteFlow),
    SwitchCommand("dpctl/del-flows", "[dp] [file]", 0, 2, deleteFlows),
    SwitchCommand("dpctl/cache-get-size", "[dp]", 0, 1) { call in
      guard let link = datapath(call, call.arguments) else { return }
      call.reply(link.fullName + ":\n")
    },
    SwitchCommand("dpif/dump-flows", "[-m] [--names | --no-names] bridge", 1, 3, dumpFlowsOfBridge),
  ]

  /// What stands before the messages of these commands.
  static let prefix = "ovs-vswitchd: "

  /// The datapath that the first of some arguments names, or the only one; answers the call if there is none.
  static func datapath(_ call: CommandCall, _ names: [String]) -> DatapathLink? {
    let all = call.host.openDatapaths
    guard let name = names.first else {
      if all.count == 1 { return all[0] }
      call.fail(
        prefix + (all.isEmpty ? "no datapaths exist" : "multiple datapaths, specify one")
          + " (Invalid argument)")
      return nil
    }
    if let found = named(name, all) { return found }
    call.fail(prefix + "datapath not found (Invalid argument)")
    return nil
  }

  private static func named(_ name: String, _ all: [DatapathLink]) -> DatapathLink? {
    let whole = name.utf8.contains(UInt8(ascii: "@")) ? name : "system@" + name
    return all.first { $0.fullName.utf8.elementsEqual(whole.utf8) }
  }

  // MARK: dpctl/show

  @Sendable private static func show(_ call: CommandCall) {
    let names = call.arguments.filter { !$0.isOption }
    let showsCounters = call.arguments.contains { $0 == "-s" || $0 == "--statistics" }
    let all = call.host.openDatapaths
    var links = names.isEmpty ? all : []
    var errors = ""
    for name in names {
      if let link = named(name, all) {
        links.append(link)
      } else {
        errors += prefix + "opening datapath \(name) failed (No such device)\n"
      }
    }
    call.host.await(call, .show(DatapathShow(datapathCount: links.count, errors, showsCounters)))
    for (place, link) in links.enumerated() {
      call.ask(
        .datapath(.get, DatapathMessage(name: link.name)), link,
        .showDatapath(place: place, datapathType: link.type))
      call.ask(
        .vport(.get, VportMessage()), link, flags: .dump, .showPorts(place: place, datapathType: link.type))
    }
  }

  // MARK: Flows

  @Sendable private static func dumpFlows(_ call: CommandCall) {
    let options = DumpOptions(call.arguments)
    var names: [String] = []
    var filter: PackedKey?
    var isEmpty = false
    for argument in options.rest {
      if argument.hasPrefix("filter=") {
        let text = String(argument.dropFirst(7))
        do throws(FlowTextError) {
          filter = PackedKey(try Self.filter(text, call))
        } catch {
          call.fail(prefix + "Failed to parse filter (\(error.message))")
          return
        }
      } else if argument.hasPrefix("type=") {
        switch String(argument.dropFirst(5)) {
        case "ovs", "all", "non-offloaded": break
        case "tc", "dpdk", "offloaded", "partially-offloaded": isEmpty = true
        default:
          call.fail(prefix + "Failed to parse type (\(argument.dropFirst(5))) (Invalid argument)")
          return
        }
      } else if !argument.hasPrefix("pmd=") {
        names.append(argument)
      }
    }
    guard let link = datapath(call, names) else { return }
    guard !isEmpty else { return call.reply() }
    call.ask(
      .flow(.get, FlowMessage(key: nil)), link, flags: .dump,
      .dumpFlows(datapathType: link.type, options, filter: filter))
  }

  /// The key that a filter says, with the datapath's port numbers.
  private static func filter(_ text: String, _ call: CommandCall) throws(FlowTextError) -> FlowKey {
    var names = FlowNames()
    for link in call.host.openDatapaths {
      for (number, interface) in link.interfaces {
        names.add(port: OpenFlowPortNumber(number.rawValue), name: interface.name)
      }
    }
    return try FlowParser(names: names).request(text).change.match.key
  }

  @Sendable private static func dumpFlowsOfBridge(_ call: CommandCall) {
    let options = DumpOptions(call.arguments)
    guard let name = options.rest.last, let bridge = call.host.bridge(named: name) else {
      call.fail("no such bridge")
      return
    }
    call.ask(
      .flow(.get, FlowMessage(key: nil)), bridge.datapath, flags: .dump,
      .dumpFlowsOfBridge(name: bridge.name, options))
  }

  @Sendable private static func getFlow(_ call: CommandCall) {
    let options = DumpOptions(call.arguments)
    guard let last = options.rest.last, let identifier = FlowIdentifier(text: last) else {
      call.reply(prefix + "parsing flow ufid\n")
      return
    }
    guard let link = datapath(call, Array(options.rest.dropLast())) else { return }
    call.ask(
      .flow(.get, FlowMessage(key: nil, identifier: identifier)), link,
      .getFlow(datapathType: link.type, options))
  }

  /// A flow's key and mask from text; answers the call if it is none.
  private static func key(_ call: CommandCall, _ text: String, _ link: DatapathLink) -> (
    key: FlowKey, mask: FlowKey
  )? {
    do throws(DatapathTextError) {
      return try DatapathText.readKey(text) { link.portNumber($0) }
    } catch {
      call.fail(prefix + "parsing flow key (syntax error at \(text)) (Invalid argument)")
      return nil
    }
  }

  private static func putFlow(_ call: CommandCall, _ command: MessageCommand, _ flags: MessageFlags) {
    let count = call.arguments.count
    guard let link = datapath(call, Array(call.arguments.dropLast(2))),
      let flow = key(call, call.arguments[count - 2], link)
    else { return }
    let actions: [DatapathAction]
    do throws(DatapathTextError) {
      actions = try DatapathText.readActions(call.arguments[count - 1]) { link.portNumber($0) }
    } catch {
      call.fail(prefix + "parsing actions (Invalid argument)")
      return
    }
    let message = FlowMessage(key: flow.key, mask: flow.mask, actions: actions)
    call.ask(.flow(command, message), link, flags: flags, .putFlow)
  }

  @Sendable private static func deleteFlow(_ call: CommandCall) {
    guard let text = call.arguments.last, let link = datapath(call, Array(call.arguments.dropLast())) else {
      return
    }
    var message = FlowMessage(key: nil, identifier: FlowIdentifier(text: text))
    if message.identifier == nil {
      guard let flow = key(call, text, link) else { return }
      message = FlowMessage(key: flow.key, mask: flow.mask)
    }
    call.ask(.flow(.delete, message), link, .deleteFlow(isNamed: message.identifier != nil))
  }

  @Sendable private static func deleteFlows(_ call: CommandCall) {
    guard let link = datapath(call, call.arguments) else { return }
    call.ask(.flow(.delete, FlowMessage(key: nil)), link, .deleteFlows(datapathType: link.type))
  }
}

/// What a user says about how flows are to be written.
struct DumpOptions {
  /// Whether everything is written.
  var isVerbose = false
  /// Whether ports are written by name; by default as `isVerbose`.
  var usesNames = false
  /// The other arguments.
  var rest: [String] = []

  init(_ arguments: [String]) {
    var names: Bool?
    for argument in arguments {
      switch argument {
      case "-m", "--more": isVerbose = true
      case "--names": names = true
      case "--no-names": names = false
      default: rest.append(argument)
      }
    }
    usesNames = names ?? isVerbose
  }
}

extension String {
  /// Whether it is an option rather than a name.
  fileprivate var isOption: Bool { utf8.first == UInt8(ascii: "-") }
}
