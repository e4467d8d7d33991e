// What: the commands of programs that do one thing out of many, such as `ovsdb-tool compact`.

import Host

/// One command of a program.
public struct Subcommand {
  let name: String
  let usage: String
  let minimum: Int
  let maximum: Int
  let run: ([String]) -> Void

  /// Makes a command that takes from `minimum` to `maximum` arguments; any number if `maximum` is nil.
  public init(
    _ name: String, usage: String = "", minimum: Int = 0, maximum: Int? = 0,
    _ run: @escaping ([String]) -> Void
  ) {
    self.name = name
    self.usage = usage
    self.minimum = minimum
    self.maximum = maximum ?? .max
    self.run = run
  }
}

extension Invocation {
  /// Runs the command that the first word names with the other words, or ends the program with a message.
  public func run(_ commands: [Subcommand], _ words: [String]) {
    guard let name = words.first else { fail("missing command name; use --help for help") }
    let arguments = Array(words.dropFirst())
    if sameBytes(name, "help") {
      StandardOutput.write(helpText)
      return
    }
    if sameBytes(name, "list-commands") {
      StandardOutput.write(Invocation.table(commands))
      return
    }
    guard let command = commands.first(where: { sameBytes($0.name, name) }) else {
      fail("unknown command '\(name)'; use --help for help")
    }
    guard arguments.count >= command.minimum else {
      fail("'\(name)' command requires at least \(command.minimum) arguments")
    }
    guard arguments.count <= command.maximum else {
      fail("'\(name)' command takes at most \(command.maximum) arguments")
    }
    command.run(arguments)
  }

  private static func table(_ commands: [Subcommand]) -> String {
    var text = "The available commands are:\n"
    for command in commands {
      text += "  " + command.name.padded(toWidth: 23, onRight: true) + " " + command.usage + "\n"
    }
    return text
  }
}
