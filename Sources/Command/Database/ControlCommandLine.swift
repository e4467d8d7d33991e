/// Cuts a command line into commands, which `--` separates.
public struct ControlCommandLine<Context: ControlContext> {
  private let commands: [ControlCommand<Context>]

  /// Makes a reader for a tool's commands.
  public init(_ commands: [ControlCommand<Context>]) {
    self.commands = commands
  }

  /// The names of all options that any command has, with `=` behind those that take an argument.
  public var optionNames: [String] {
    var names: [String] = []
    for command in commands {
      for option in command.options where !names.contains(where: { sameText($0, option) }) {
        names.append(option)
      }
    }
    return names
  }

  /// The command of that name.
  public func command(named name: String) -> ControlCommand<Context>? {
    commands.first { sameText($0.name, name) }
  }

  /// Reads the words that are left when the program's own options are gone.
  ///
  /// - Parameter options: Options of the first command that stood among the program's own.
  public func parse(
    _ words: [String], options: [ControlInvocation.Option]
  ) throws(ControlError) -> [(command: ControlCommand<Context>, invocation: ControlInvocation)] {
    var parsed: [(command: ControlCommand<Context>, invocation: ControlInvocation)] = []
    var options = options
    var part: [String] = []
    for word in words + ["--"] {
      guard sameText(word, "--") else {
        part.append(word)
        continue
      }
      // Nothing between two separators is nothing to do, but something has to be done.
      if part.isEmpty, options.isEmpty { continue }
      parsed.append(try command(part, options: options))
      options = []
      part = []
    }
    guard !parsed.isEmpty else { throw ControlError("missing command name (use --help for help)") }
    return parsed
  }

  private func command(
    _ words: [String], options given: [ControlInvocation.Option]
  ) throws(ControlError) -> (command: ControlCommand<Context>, invocation: ControlInvocation) {
    var options = given
    var index = 0
    while index < words.count, words[index].utf8.first == UInt8(ascii: "-") {
      let option = Self.option(words[index])
      if options.contains(where: { sameText($0.name, option.name) }) {
        throw ControlError("'\(words[index])' option specified multiple times")
      }
      options.append(option)
      index += 1
    }
    guard index < words.count else { throw ControlError("missing command name (use --help for help)") }
    let name = words[index]
    guard let command = command(named: name) else {
      throw ControlError("unknown command '\(name)'; use --help for help")
    }
    let arguments = Array(words[(index + 1)...])
    try Self.check(options, of: command)
    try Self.check(arguments, of: command)
    return (command, ControlInvocation(options: options, name: name, arguments: arguments))
  }

  private static func option(_ word: String) -> ControlInvocation.Option {
    let bytes = Array(word.utf8)
    guard let equals = bytes.firstIndex(of: UInt8(ascii: "=")) else { return ControlInvocation.Option(word) }
    return ControlInvocation.Option(
      String(decoding: bytes[..<equals], as: UTF8.self),
      argument: String(decoding: bytes[(equals + 1)...], as: UTF8.self))
  }

  private static func check(
    _ options: [ControlInvocation.Option], of command: ControlCommand<Context>
  ) throws(ControlError) {
    for option in options {
      if command.options.contains(where: { sameText($0, option.name + "=") }) {
        if option.argument == nil {
          throw ControlError("missing argument to '\(option.name)' option on '\(command.name)' command")
        }
      } else if command.options.contains(where: { sameText($0, option.name) }) {
        if option.argument != nil {
          throw ControlError("'\(option.name)' option on '\(command.name)' does not accept an argument")
        }
      } else {
        throw ControlError("'\(command.name)' command has no '\(option.name)' option")
      }
    }
  }

  private static func check(
    _ arguments: [String], of command: ControlCommand<Context>
  ) throws(ControlError) {
    let range = command.argumentCount
    if arguments.count < range.lowerBound {
      throw ControlError("'\(command.name)' command requires at least \(range.lowerBound) arguments")
    }
    guard arguments.count > range.upperBound else { return }
    let message = "'\(command.name)' command takes at most \(range.upperBound) arguments"
    guard arguments.contains(where: { $0.utf8.first == UInt8(ascii: "-") }) else {
      throw ControlError(message)
    }
    throw ControlError(
      "\(message) (note that options must precede command names and follow a \"--\" argument)")
  }
}
