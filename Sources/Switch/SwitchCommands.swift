// The commands of `ovs-appctl`, apart from those that every daemon has.

/// A command that a user may give to the running switch.
public struct SwitchCommand: Sendable {
  /// Its name.
  public var name: String
  /// Its arguments, in words.
  public var usage: String
  /// How many arguments it takes at least.
  public var minimumArgumentCount: Int
  /// How many arguments it takes at most; nil for any number.
  public var maximumArgumentCount: Int?

  init(_ name: String, _ usage: String = "", _ minimum: Int = 0, _ maximum: Int? = 0) {
    self.name = name
    self.usage = usage
    minimumArgumentCount = minimum
    maximumArgumentCount = maximum
  }
}

extension VirtualSwitch {
  /// Every command.
  public static var commands: [SwitchCommand] {
    [
      SwitchCommand("exit", "[--cleanup]", 0, 1),
      SwitchCommand("ofproto/list"),
    ]
  }

  /// Runs a user's command and answers it.
  func command(_ id: CommandID, _ name: String, _ arguments: [String]) {
    switch name {
    case "exit":
      context.turn.emit(.reply(id, .success("")))
      context.turn.emit(.exit(cleanup: arguments.first == "--cleanup"))
    case "ofproto/list":
      context.turn.emit(
        .reply(id, .success(reconciler.bridges.keys.sorted().map { $0 + "\n" }.joined())))
    default:
      context.turn.emit(.reply(id, .failure("\"\(name)\" is not a valid command")))
    }
  }
}
