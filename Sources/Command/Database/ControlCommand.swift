// What: the commands of a tool that controls a database, such as `ovs-vsctl`: what each is called, takes and
// does. Several commands on one command line make one transaction.

public import OVSDB

/// Why a command cannot be carried out.
public struct ControlError: Error, Equatable, Sendable {
  /// What to tell the user, without the program's name; nothing is printed if there is none.
  public let message: String?
  /// The program's exit status.
  public let exitStatus: Int32

  /// Makes an error with exit status 1.
  public init(_ message: String) {
    self.message = message
    exitStatus = 1
  }

  /// Ends the program without a message.
  public init(exitStatus: Int32) {
    message = nil
    self.exitStatus = exitStatus
  }
}

/// A command that a tool knows.
public struct ControlCommand<Context: ControlContext> {
  /// Its name.
  public let name: String
  /// How many arguments it takes.
  public let argumentCount: ClosedRange<Int>
  /// Its arguments as `--commands` lists them.
  public let syntax: String
  /// Its options, with `=` behind the names of those that take an argument.
  public let options: [String]
  /// Selects the tables and columns that it needs.
  public let prepare: (inout ControlPreparation) throws(ControlError) -> Void
  /// Does it.
  public let run: (Context) throws(ControlError) -> Void
  /// What is left to do once the transaction has gone through.
  public let finish: ((Context, Edit.Results) -> Void)?

  /// Makes a command.
  public init(
    _ name: String, _ argumentCount: ClosedRange<Int>, syntax: String = "", options: [String] = [],
    prepare: @escaping (inout ControlPreparation) throws(ControlError) -> Void,
    run: @escaping (Context) throws(ControlError) -> Void,
    finish: ((Context, Edit.Results) -> Void)? = nil
  ) {
    self.name = name
    self.argumentCount = argumentCount
    self.syntax = syntax
    self.options = options
    self.prepare = prepare
    self.run = run
    self.finish = finish
  }
}

/// A command as it stands on the command line.
public struct ControlInvocation: Equatable, Sendable {
  /// An option with its argument, if it takes one.
  public struct Option: Equatable, Sendable {
    /// Its name, with the dashes.
    public let name: String
    /// Its argument.
    public let argument: String?

    /// Makes an option.
    public init(_ name: String, argument: String? = nil) {
      self.name = name
      self.argument = argument
    }
  }

  /// The options before the name.
  public let options: [Option]
  /// The command's name.
  public let name: String
  /// The arguments behind the name.
  public let arguments: [String]

  /// Makes an invocation.
  public init(options: [Option] = [], name: String, arguments: [String]) {
    self.options = options
    self.name = name
    self.arguments = arguments
  }

  /// Whether an option is given.
  public func has(_ option: String) -> Bool { options.contains { sameText($0.name, option) } }

  /// The argument of an option, if that is given.
  public func argument(of option: String) -> String? {
    options.first { sameText($0.name, option) }?.argument
  }

  /// The command with its options, as a user wrote it.
  public var text: String {
    let optionWords = options.map { option in
      option.argument.map { "\(option.name)=\($0)" } ?? option.name
    }
    return (optionWords + [name] + arguments).joined(separator: " ")
  }
}

/// What a command is given to select the tables and columns that it needs.
public struct ControlPreparation {
  /// The command.
  public let invocation: ControlInvocation
  /// Names of tables, columns and records.
  public let names: DatabaseNames
  /// What has been selected.
  public var selection: ReplicaSelection
  /// Whether the command has found that the little that it needs in simple cases is not enough.
  public let isThorough: Bool

  /// Makes a preparation.
  public init(
    _ invocation: ControlInvocation, names: DatabaseNames, selection: ReplicaSelection,
    isThorough: Bool = false
  ) {
    self.invocation = invocation
    self.names = names
    self.selection = selection
    self.isThorough = isThorough
  }

  /// The arguments behind the command's name.
  public var arguments: [String] { invocation.arguments }
}

extension ControlCommand {
  /// The line of `--commands`: options in brackets, the name and the arguments, with commas between the parts.
  public var listing: String {
    options.map { "[\($0)] " }.joined() + ",\(name),\(syntax)"
  }
}
