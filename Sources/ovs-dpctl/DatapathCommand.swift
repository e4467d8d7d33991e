import Datapath
import Host

/// A command about datapaths: its name, and how many arguments it takes.
struct DatapathCommand {
  let name: String
  let usage: String
  let minimum: Int
  /// Nil if any number will do.
  let maximum: Int?

  private init(_ name: String, _ usage: String, _ minimum: Int, _ maximum: Int?) {
    self.name = name
    self.usage = usage
    self.minimum = minimum
    self.maximum = maximum
  }

  static let all =
    [
      DatapathCommand("add-dp", "dp [iface...]", 1, nil),
      DatapathCommand("del-dp", "dp", 1, 1),
      DatapathCommand("add-if", "dp iface...", 2, nil),
      DatapathCommand("del-if", "dp iface...", 2, nil),
      DatapathCommand("set-if", "dp iface...", 2, nil),
      DatapathCommand("dump-dps", "", 0, 0),
      DatapathCommand("show", "[-s] [dp...]", 0, nil),
      DatapathCommand("dump-flows", "[-m] [--names] [dp] [filter=..] [type=..] [pmd=..]", 0, 6),
      DatapathCommand("add-flow", "[dp] flow actions", 2, 3),
      DatapathCommand("mod-flow", "[dp] flow actions", 2, 3),
      DatapathCommand("get-flow", "[dp] ufid", 1, 2),
      DatapathCommand("del-flow", "[dp] flow", 1, 2),
      DatapathCommand("add-flows", "[dp] file", 1, 2),
      DatapathCommand("mod-flows", "[dp] file", 1, 2),
      DatapathCommand("del-flows", "[dp] [file]", 0, 2),
      DatapathCommand("offload-stats-show", "[dp]", 0, 1),
      DatapathCommand("cache-get-size", "[dp]", 0, 1),
      DatapathCommand("cache-set-size", "dp cache <size>", 3, 3),
      DatapathCommand("parse-actions", "actions", 1, nil),
      DatapathCommand("normalize-actions", "actions", 2, nil),
    ] + TrackingCommand.all.map { DatapathCommand($0.name, $0.usage, $0.minimum, $0.maximum) }

  static func named(_ name: String) -> DatapathCommand? {
    all.first { $0.name.utf8.elementsEqual(name.utf8) }
  }

  /// The text of `list-commands`.
  static var table: String {
    var text = "The available commands are:\n"
    for command in all {
      let padding = String(repeating: " ", count: max(0, 23 - command.name.utf8.count))
      text += "  " + command.name + padding + " " + command.usage + "\n"
    }
    return text
  }

  /// The arguments with a file's path made absolute, since the daemon works elsewhere.
  func absolute(_ arguments: [String]) -> [String] {
    let readsFile = ["add-flows", "mod-flows", "del-flows"].contains { $0.utf8.elementsEqual(name.utf8) }
    guard readsFile, let last = arguments.last, Files.kind(last) == .regular else { return arguments }
    return arguments.dropLast() + [Files.absolute(last)]
  }
}
