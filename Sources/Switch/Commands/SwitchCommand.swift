// What: the commands of `ovs-appctl` that the switch answers, apart from those that every daemon has.
//
// How: a command is a row of a table: its name, its arguments in words, how many it takes, and a function. The function is
// given the call and answers it once, at once or when the datapath has answered. Each file of this folder holds
// the rows and functions of one subject.

/// A command that a user may give to the running switch.
public struct SwitchCommand: Sendable {
  /// Its name.
  public let name: String
  /// Its arguments, in words.
  public let usage: String
  /// How many arguments it takes at least.
  public let minimumArgumentCount: Int
  /// How many arguments it takes at most; nil for any number.
  public let maximumArgumentCount: Int?
  let run: @Sendable (CommandCall) -> Void

  init(
    _ name: String, _ usage: String = "", _ minimum: Int = 0, _ maximum: Int? = 0,
    _ run: @escaping @Sendable (CommandCall) -> Void
  ) {
    self.name = name
    self.usage = usage
    minimumArgumentCount = minimum
    maximumArgumentCount = maximum
    self.run = run
  }
}

/// A command that a user gave and that has to be answered once.
final class CommandCall {
  let arguments: [String]
  /// The switch that runs it.
  let host: VirtualSwitch
  let id: CommandID
  private var isAnswered = false

  init(_ id: CommandID, _ arguments: [String], _ host: VirtualSwitch) {
    self.id = id
    self.arguments = arguments
    self.host = host
  }

  /// Answers that it was done.
  func reply(_ text: String = "") { answer(.success(text)) }

  /// Answers that it was not done, and why.
  func fail(_ text: String) { answer(.failure(text)) }

  /// Answers the call, unless it has been answered.
  func answer(_ reply: CommandReply) {
    guard !isAnswered else { return }
    isAnswered = true
    host.context.turn.emit(.reply(id, reply))
  }

  /// An argument, if it was given.
  func argument(_ place: Int) -> String? { place < arguments.count ? arguments[place] : nil }

  /// The bridge that an argument names; answers the call if there is none.
  func bridge(_ place: Int, otherwise text: String = "no such bridge") -> Bridge? {
    if let name = argument(place), let bridge = host.bridge(named: name) { return bridge }
    fail(text)
    return nil
  }

  /// The bridge that an optional first argument names, or all; answers the call if there is none of that name.
  func bridges(otherwise text: String = "no such bridge") -> [Bridge]? {
    guard !arguments.isEmpty else { return host.sortedBridges }
    return bridge(0, otherwise: text).map { [$0] }
  }
}

extension VirtualSwitch {
  /// Every command that the switch answers.
  public static let commands: [SwitchCommand] =
    AddressCommands.all + TunnelCommands.all + RouteCommands.all + BridgeCommands.all + FlowCommands.all
    + DatapathCommands.all + TrackingCommands.all + FeatureCommands.all + ActionCommands.all
    + DummyCommands.all + CountCommands.all + TraceCommand.all

  /// Runs a user's command, which answers it now or later.
  func command(_ id: CommandID, _ name: String, _ arguments: [String]) {
    let call = CommandCall(id, arguments, self)
    guard let command = Self.commands.first(where: { $0.name.utf8.elementsEqual(name.utf8) }) else {
      call.fail("\"\(name)\" is not a valid command (use \"list-commands\" to see a list of valid commands)")
      return
    }
    if arguments.count < command.minimumArgumentCount {
      call.fail("\"\(name)\" command requires at least \(command.minimumArgumentCount) arguments")
    } else if let maximum = command.maximumArgumentCount, arguments.count > maximum {
      call.fail("\"\(name)\" command takes at most \(maximum) arguments")
    } else {
      command.run(call)
    }
  }

  /// The bridge with a name.
  func bridge(named name: String) -> Bridge? { reconciler.bridges[name] }

  /// All bridges by name.
  var sortedBridges: [Bridge] {
    reconciler.bridges.values.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }

  /// The datapaths that are open, by name.
  var openDatapaths: [DatapathLink] {
    reconciler.datapaths.values.filter { $0.state == .open }
      .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }
}
