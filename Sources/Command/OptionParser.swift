/// Whether an option takes an argument.
public enum OptionArgument: Equatable, Sendable {
  /// It takes none.
  case none
  /// It takes one.
  case required
  /// It takes one only as `--name=argument`, or `-nargument`.
  case optional
}

/// A command line that the program cannot act on.
public struct UsageError: Error, Equatable, Sendable {
  /// What is wrong, without the program's name.
  public let message: String

  /// Whether the words, rather than what they mean, are wrong; such errors begin with the command as it was typed.
  let isSyntax: Bool

  /// Makes an error.
  public init(_ message: String) { self.init(message, isSyntax: false) }

  init(_ message: String, isSyntax: Bool) {
    self.message = message
    self.isSyntax = isSyntax
  }

  static func syntax(_ message: String) -> UsageError { UsageError(message, isSyntax: true) }
}

/// One option of a program, and what it does.
public struct CommandOption {
  let name: String
  let short: UInt8?
  let argument: OptionArgument
  let apply: (String) throws(UsageError) -> Void

  /// An option without an argument.
  ///
  /// An empty name leaves the short form alone.
  public init(_ name: String, short: Character? = nil, _ apply: @escaping () throws(UsageError) -> Void) {
    self.name = name
    self.short = short?.asciiValue
    argument = .none
    self.apply = { (_: String) throws(UsageError) in try apply() }
  }

  /// An option with an argument.
  public init(
    _ name: String, short: Character? = nil, argument apply: @escaping (String) throws(UsageError) -> Void
  ) {
    self.name = name
    self.short = short?.asciiValue
    argument = .required
    self.apply = apply
  }

  /// An option whose argument may be missing, and then is nil.
  public init(
    _ name: String, short: Character? = nil,
    optionalArgument apply: @escaping (String?) throws(UsageError) -> Void
  ) {
    self.name = name
    self.short = short?.asciiValue
    argument = .optional
    self.apply = { (text: String) throws(UsageError) in
      try apply(text.utf8.first == 0 ? nil : text)
    }
  }

  /// Stands for a missing optional argument; no command line can hold it.
  static let missingArgument = "\0"
}

/// Reads command lines as GNU `getopt_long` does: long options may be shortened while they stay clear, take their
/// argument after `=` or as the next word, and mix with other words unless told to stop at the first of those.
public struct OptionParser {
  private let options: [CommandOption]
  private let stopsAtFirstWord: Bool

  /// Makes a parser.
  public init(_ options: [CommandOption], stopsAtFirstWord: Bool = false) {
    self.options = options
    self.stopsAtFirstWord = stopsAtFirstWord
  }

  /// Applies the options among `arguments`, which exclude the program's name, and returns the other words.
  public func parse(_ arguments: [String]) throws(UsageError) -> [String] {
    var words: [String] = []
    var index = 0
    while index < arguments.count {
      let argument = arguments[index]
      index += 1
      let bytes = Array(argument.utf8)
      if bytes == [UInt8(ascii: "-"), UInt8(ascii: "-")] {
        words += arguments[index...]
        break
      }
      if bytes.count < 2 || bytes[0] != UInt8(ascii: "-") {
        words.append(argument)
        if !stopsAtFirstWord { continue }
        words += arguments[index...]
        break
      }
      if bytes[1] == UInt8(ascii: "-") {
        try applyLong(bytes[2...], arguments, &index)
      } else {
        try applyShort(bytes[1...], arguments, &index)
      }
    }
    return words
  }

  private func applyLong(
    _ body: ArraySlice<UInt8>, _ arguments: [String], _ index: inout Int
  ) throws(UsageError) {
    let equals = body.firstIndex(of: UInt8(ascii: "="))
    let name = body[..<(equals ?? body.endIndex)]
    let option = try find(name, whole: body)
    switch option.argument {
    case .none:
      if equals != nil { throw UsageError.syntax("option '--\(option.name)' doesn't allow an argument") }
      try option.apply("")
    case .optional:
      guard let equals else { return try option.apply(CommandOption.missingArgument) }
      try option.apply(String(decoding: body[(equals + 1)...], as: UTF8.self))
    case .required:
      if let equals { return try option.apply(String(decoding: body[(equals + 1)...], as: UTF8.self)) }
      guard index < arguments.count else {
        throw UsageError.syntax("option '--\(option.name)' requires an argument")
      }
      index += 1
      try option.apply(arguments[index - 1])
    }
  }

  /// The option with a name, or the only one whose name begins so.
  private func find(
    _ name: ArraySlice<UInt8>, whole body: ArraySlice<UInt8>
  ) throws(UsageError) -> CommandOption {
    let candidates = options.filter { !$0.name.utf8.isEmpty && $0.name.utf8.starts(with: name) }
    if let exact = candidates.first(where: { $0.name.utf8.count == name.count }) { return exact }
    let text = String(decoding: body, as: UTF8.self)
    guard let first = candidates.first else { throw UsageError.syntax("unrecognized option '--\(text)'") }
    if candidates.count == 1 { return first }
    let list = candidates.map { " '--" + $0.name + "'" }.joined()
    throw UsageError.syntax("option '--\(text)' is ambiguous; possibilities:\(list)")
  }

  private func applyShort(
    _ letters: ArraySlice<UInt8>, _ arguments: [String], _ index: inout Int
  ) throws(UsageError) {
    var rest = letters
    while let letter = rest.first {
      rest = rest.dropFirst()
      let name = String(decoding: [letter], as: UTF8.self)
      guard let option = options.first(where: { $0.short == letter }) else {
        throw UsageError.syntax("invalid option -- '\(name)'")
      }
      switch option.argument {
      case .none:
        try option.apply("")
      case .optional:
        let text = String(decoding: rest, as: UTF8.self)
        return try option.apply(rest.isEmpty ? CommandOption.missingArgument : text)
      case .required:
        if !rest.isEmpty { return try option.apply(String(decoding: rest, as: UTF8.self)) }
        guard index < arguments.count else {
          throw UsageError.syntax("option requires an argument -- '\(name)'")
        }
        index += 1
        return try option.apply(arguments[index - 1])
      }
    }
  }
}
