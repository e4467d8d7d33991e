// What: the commands about connection tracking, `dpctl/…` of the daemon and those of `ovs-dpctl`: what each asks of a datapath, and
// what the answer becomes in text. Whoever runs them has the datapaths.
//
// How: `TrackingCommand.all` is the table. A row's function takes the arguments, of which options and the datapath have been taken
// away, and gives a message, what to say of its answer, and what to say if it is refused. Every command asks one question.

/// A command about connection tracking.
public struct TrackingCommand: Sendable {
  /// Its name.
  public let name: String
  /// Its arguments, in words.
  public let usage: String
  /// How many arguments it takes at least.
  public let minimum: Int
  /// How many arguments it takes at most; nil for any number.
  public let maximum: Int?
  /// With so many arguments, none of them a datapath's name, the first should have been one.
  private let complete: Int?
  private let read:
    @Sendable (ArraySlice<String>, ConnectionText) throws(TrackingCommandError) -> TrackingQuestion
  /// Whether what is wrong with the arguments comes before what is wrong with the datapath.
  private var readsFirst = false

  private init(
    _ name: String, _ usage: String, _ minimum: Int, _ maximum: Int?, complete: Int?,
    readsFirst: Bool = false,
    _ read:
      @escaping @Sendable (ArraySlice<String>, ConnectionText) throws(TrackingCommandError) ->
      TrackingQuestion
  ) {
    self.name = name
    self.usage = usage
    self.minimum = minimum
    self.maximum = maximum
    self.complete = complete
    self.readsFirst = readsFirst
    self.read = read
  }

  /// All of them.
  public static let all: [TrackingCommand] = [
    TrackingCommand("dump-conntrack", "[-m] [-s] [dp] [zone=N]", 0, 4, complete: 1, dump),
    TrackingCommand(
      "flush-conntrack", "[dp] [zone=N] [mark=X[/M]] [labels=Y[/N]] [ct-orig-tuple [ct-reply-tuple]]", 0, 6,
      complete: nil, readsFirst: true, flush),
    TrackingCommand("ct-stats-show", "[dp] [zone=N]", 0, 3, complete: 1, summary),
    TrackingCommand("ct-bkts", "[dp] [gt=N]", 0, 2, complete: 1, buckets),
    TrackingCommand("ct-set-maxconns", "[dp] maxconns", 1, 2, complete: 2, setMaximum),
    TrackingCommand("ct-get-maxconns", "[dp]", 0, 1, complete: 1) { (_, _) throws(TrackingCommandError) in
      .settings(failure: "maxconns could not be retrieved") { "\($0.maximumConnectionCount ?? 0)\n" }
    },
    TrackingCommand("ct-get-nconns", "[dp]", 0, 1, complete: 1) { (_, _) throws(TrackingCommandError) in
      .settings(failure: "nconns could not be retrieved") { "\($0.connectionCount ?? 0)\n" }
    },
    TrackingCommand("ct-enable-tcp-seq-chk", "[dp]", 0, 1, complete: 2) {
      (_, _) throws(TrackingCommandError) in
      setSequenceCheck(true)
    },
    TrackingCommand("ct-disable-tcp-seq-chk", "[dp]", 0, 1, complete: 2) {
      (_, _) throws(TrackingCommandError) in
      setSequenceCheck(false)
    },
    TrackingCommand("ct-get-tcp-seq-chk", "[dp]", 0, 1, complete: 1) { (_, _) throws(TrackingCommandError) in
      .settings(failure: "TCP sequence checking query failed") {
        "TCP sequence checking: \($0.checksSequence == true ? "enabled" : "disabled")\n"
      }
    },
    TrackingCommand(
      "ct-set-limits", "[dp] [default=L] [zone=N,limit=L]...", 1, nil, complete: nil, setLimits),
    TrackingCommand("ct-del-limits", "[dp] [default] [zone=N1[,N2]...]", 1, 3, complete: 3, deleteLimits),
    TrackingCommand("ct-get-limits", "[dp] [zone=N1[,N2]...]", 0, 2, complete: 2, getLimits),
    TrackingCommand("ct-get-sweep-interval", "[dp]", 0, 1, complete: 1) {
      (_, _) throws(TrackingCommandError) in
      .settings(failure: "failed to get the sweep interval") { "\($0.sweepIntervalMilliseconds ?? 0)" }
    },
    TrackingCommand("ct-set-sweep-interval", "[dp] ms", 1, 2, complete: 2, setSweepInterval),
    TrackingCommand("ipf-set-enabled", "[dp] v4|v6", 1, 2, complete: 3) {
      (arguments, _) throws(TrackingCommandError) in try setReassembly(arguments, true)
    },
    TrackingCommand("ipf-set-disabled", "[dp] v4|v6", 1, 2, complete: 3) {
      (arguments, _) throws(TrackingCommandError) in try setReassembly(arguments, false)
    },
    TrackingCommand("ipf-set-min-frag", "[dp] v4|v6 minfragment", 2, 3, complete: 3, setMinimumFragment),
    TrackingCommand("ipf-set-max-nfrags", "[dp] maxfrags", 1, 2, complete: 2, setMaximumFragments),
    TrackingCommand("ipf-get-status", "[dp]", 0, 1, complete: 1) { (_, _) throws(TrackingCommandError) in
      .settings(failure: "ipf status could not be retrieved") { ConnectionText.fragments($0) }
    },
  ]

  /// The command of a name.
  public static func named(_ name: String) -> TrackingCommand? {
    all.first { $0.name.utf8.elementsEqual(name.utf8) }
  }

  /// Reads the arguments.
  ///
  /// - Parameters:
  ///   - datapaths: The names of the datapaths that there are, with their types.
  /// - Throws: ``TrackingCommandError``, with what to tell the user, a line each.
  public func question(
    _ arguments: [String], datapaths: [String]
  ) throws(TrackingCommandError) -> (datapath: String, question: TrackingQuestion) {
    var text = ConnectionText()
    var rest = arguments[...]
    while let first = rest.first, first.utf8.count > 1, first.utf8.first == UInt8(ascii: "-") {
      rest.removeFirst()
      switch first {
      case "--statistics": text.showsStatistics = true
      case "--more": text.isVerbose = true
      case "--names", "--no-names", "--clear", "--may-create", "--read-only": break
      default:
        guard !first.utf8.starts(with: "--".utf8) else {
          throw TrackingCommandError(bare: "Unrecognized option \(first)")
        }
        for letter in first.utf8.dropFirst() {
          if letter == UInt8(ascii: "s") {
            text.showsStatistics = true
          } else if letter == UInt8(ascii: "m") {
            text.isVerbose = true
          } else {
            throw TrackingCommandError(
              bare: "Unrecognized option -" + String(decoding: [letter], as: UTF8.self))
          }
        }
      }
    }
    var named: String?
    if let first = rest.first {
      let whole = first.utf8.contains(UInt8(ascii: "@")) ? first : "system@" + first
      named = datapaths.first { $0.utf8.elementsEqual(whole.utf8) }
      if named != nil { rest.removeFirst() }
    }
    if readsFirst { _ = try read(rest, text) }
    if let named { return (named, try read(rest, text)) }
    // A filter by zone or a threshold is no name of a datapath.
    let count = rest.count { !Self.isCondition($0) }
    if let complete, count >= complete { throw TrackingCommandError("datapath not found") }
    guard datapaths.count == 1 else {
      let reason = datapaths.isEmpty ? "no datapaths exist" : "multiple datapaths, specify one"
      throw TrackingCommandError("datapath not found", before: reason)
    }
    return (datapaths[0], try read(rest, text))
  }

  private static func isCondition(_ argument: String) -> Bool {
    if argument.utf8.starts(with: "verbose".utf8) { return true }
    for prefix in ["zone=", "gt="] where argument.utf8.starts(with: prefix.utf8) {
      return ConnectionMessage.leadingNumber(String(argument.dropFirst(prefix.utf8.count))) != nil
    }
    return false
  }

  // MARK: Connections

  /// The zone that the last argument names, which is taken away.
  private static func takeZone(_ arguments: inout ArraySlice<String>) -> UInt16? {
    guard let last = arguments.last, last.utf8.starts(with: "zone=".utf8),
      let number = ConnectionMessage.leadingNumber(String(last.dropFirst(5)))
    else { return nil }
    arguments.removeLast()
    return UInt16(truncatingIfNeeded: number)
  }

  private static func dumpQuestion(
    zone: UInt16?, _ describe: @escaping @Sendable ([ConnectionMessage]) -> String
  ) -> TrackingQuestion {
    let filter = ConnectionMessage(zone: zone)
    return TrackingQuestion(
      .connection(.get, filter), flags: .dump, failure: "dumping conntrack entry"
    ) { messages in
      var connections: [ConnectionMessage] = []
      for case .connection(_, let connection) in messages where filter.matches(connection) {
        connections.append(connection)
      }
      return describe(connections)
    }
  }

  @Sendable private static func dump(
    _ arguments: ArraySlice<String>, _ text: ConnectionText
  ) throws(TrackingCommandError) -> TrackingQuestion {
    var arguments = arguments
    let zone = takeZone(&arguments)
    return dumpQuestion(zone: zone) { connections in
      connections.map { text.describe($0) + "\n" }.joined()
    }
  }

  @Sendable private static func summary(
    _ arguments: ArraySlice<String>, _ text: ConnectionText
  ) throws(TrackingCommandError) -> TrackingQuestion {
    var arguments = arguments
    var text = text
    var zone: UInt16?
    while let last = arguments.last {
      if last.utf8.starts(with: "verbose".utf8) {
        text.isVerbose = true
        arguments.removeLast()
      } else if let found = takeZone(&arguments) {
        zone = found
      } else {
        break
      }
    }
    let way = text
    return dumpQuestion(zone: zone) { way.summary($0) }
  }

  @Sendable private static func buckets(
    _ arguments: ArraySlice<String>, _ text: ConnectionText
  ) throws(TrackingCommandError) -> TrackingQuestion {
    var threshold: UInt16 = 0
    if let last = arguments.last, last.utf8.starts(with: "gt=".utf8),
      let number = ConnectionMessage.leadingNumber(String(last.dropFirst(3)))
    {
      threshold = UInt16(truncatingIfNeeded: number)
    }
    let limit = Int(threshold)
    return dumpQuestion(zone: nil) { ConnectionText.buckets(connectionCount: $0.count, threshold: limit) }
  }

  @Sendable private static func flush(
    _ arguments: ArraySlice<String>, _ text: ConnectionText
  ) throws(TrackingCommandError) -> TrackingQuestion {
    let filter: ConnectionMessage
    do throws(ConnectionFilterError) {
      filter = try ConnectionMessage(filter: Array(arguments))
    } catch {
      throw TrackingCommandError(error.message)
    }
    return TrackingQuestion(.connection(.delete, filter), failure: "failed to flush conntrack") { _ in "" }
  }

  // MARK: Limits

  @Sendable private static func setLimits(
    _ arguments: ArraySlice<String>, _ text: ConnectionText
  ) throws(TrackingCommandError) -> TrackingQuestion {
    guard let first = arguments.first else { throw TrackingCommandError("too few arguments") }
    var rest = arguments
    var limits: [ConnectionLimit] = []
    if first.utf8.starts(with: "default=".utf8) {
      guard let limit = UInt32(first.dropFirst(8)) else {
        throw TrackingCommandError("invalid default limit")
      }
      limits.append(ConnectionLimit(zone: nil, limit: limit))
      rest.removeFirst()
    }
    for argument in rest { limits.append(try limit(argument)) }
    return TrackingQuestion(
      .limit(.set, ConnectionLimitMessage(limits)), failure: "failed to set conntrack limit"
    ) { _ in "" }
  }

  private static func limit(_ text: String) throws(TrackingCommandError) -> ConnectionLimit {
    var zone: UInt16?
    var limit: UInt32?
    var scanner = KeyValueScanner(text)
    while let (key, value) = scanner.next() {
      guard !value.isEmpty else { throw TrackingCommandError("field \(key) missing value") }
      switch key {
      case "zone":
        zone = CNumber.parse(value).flatMap { UInt16(exactly: $0) }
        if zone == nil { throw TrackingCommandError("failed to parse field zone") }
      case "limit":
        limit = CNumber.parse(value).flatMap { UInt32(exactly: $0) }
        if limit == nil { throw TrackingCommandError("failed to parse field limit") }
      default: throw TrackingCommandError("invalid zone limit field: \(key)")
      }
    }
    guard let zone, let limit else { throw TrackingCommandError("failed to parse zone limit") }
    return ConnectionLimit(zone: zone, limit: limit)
  }

  private static func zones(_ text: String) throws(TrackingCommandError) -> [ConnectionLimit] {
    guard text.utf8.starts(with: "zone=".utf8) else { throw TrackingCommandError("invalid argument \(text)") }
    var limits: [ConnectionLimit] = []
    for part in text.dropFirst(5).split(separator: ",") {
      guard let number = ConnectionMessage.leadingNumber(String(part)) else {
        throw TrackingCommandError("invalid zone")
      }
      limits.append(ConnectionLimit(zone: UInt16(truncatingIfNeeded: number)))
    }
    if limits.isEmpty { throw TrackingCommandError("invalid zone") }
    return limits
  }

  @Sendable private static func deleteLimits(
    _ arguments: ArraySlice<String>, _ text: ConnectionText
  ) throws(TrackingCommandError) -> TrackingQuestion {
    guard let first = arguments.first else { throw TrackingCommandError("too few arguments") }
    var rest = arguments
    var limits: [ConnectionLimit] = []
    if first.utf8.elementsEqual("default".utf8) {
      limits.append(ConnectionLimit(zone: nil))
      rest.removeFirst()
    }
    if let argument = rest.first { limits += try zones(argument) }
    return TrackingQuestion(
      .limit(.delete, ConnectionLimitMessage(limits)), failure: "failed to delete conntrack limit"
    ) { _ in "" }
  }

  @Sendable private static func getLimits(
    _ arguments: ArraySlice<String>, _ text: ConnectionText
  ) throws(TrackingCommandError) -> TrackingQuestion {
    let asked =
      try arguments.first.map { (argument) throws(TrackingCommandError) in try zones(argument) } ?? []
    return TrackingQuestion(
      .limit(.get, ConnectionLimitMessage(asked)), failure: "failed to get conntrack limit"
    ) { messages in
      for case .limit(_, let message) in messages { return ConnectionText.limits(message.limits) }
      return ConnectionText.limits([])
    }
  }

  // MARK: Settings

  private static func number(
    _ arguments: ArraySlice<String>, otherwise what: String
  ) throws(TrackingCommandError) -> UInt32 {
    guard let last = arguments.last, let number = ConnectionMessage.leadingNumber(last) else {
      throw TrackingCommandError(what)
    }
    return UInt32(truncatingIfNeeded: number)
  }

  @Sendable private static func setMaximum(
    _ arguments: ArraySlice<String>, _ text: ConnectionText
  ) throws(TrackingCommandError) -> TrackingQuestion {
    var settings = ConnectionSettingsMessage()
    settings.maximumConnectionCount = try number(arguments, otherwise: "maxconns missing or malformed")
    return .change(settings, success: "setting maxconns successful", failure: "ct set maxconns failed")
  }

  private static func setSequenceCheck(_ isEnabled: Bool) -> TrackingQuestion {
    var settings = ConnectionSettingsMessage()
    settings.checksSequence = isEnabled
    let what = (isEnabled ? "enabling" : "disabling") + " TCP sequence checking"
    return .change(settings, success: what + " successful", failure: what + " failed")
  }

  @Sendable private static func setSweepInterval(
    _ arguments: ArraySlice<String>, _ text: ConnectionText
  ) throws(TrackingCommandError) -> TrackingQuestion {
    var settings = ConnectionSettingsMessage()
    let interval = try number(arguments, otherwise: "invalid sweep value")
    guard interval != 0 else { throw TrackingCommandError("invalid sweep value") }
    settings.sweepIntervalMilliseconds = interval
    return .change(
      settings, success: "setting sweep interval successful\n", failure: "failed to set the sweep interval")
  }

  // MARK: Fragments

  /// Whether a text begins with an IP version.
  private static func isIPv6(_ text: String?) -> Bool? {
    guard let text else { return nil }
    if text.utf8.starts(with: "v4".utf8) { return false }
    return text.utf8.starts(with: "v6".utf8) ? true : nil
  }

  private static func setReassembly(
    _ arguments: ArraySlice<String>, _ isEnabled: Bool
  ) throws(TrackingCommandError) -> TrackingQuestion {
    guard let isIPv6 = isIPv6(arguments.last) else {
      throw TrackingCommandError("parameter missing: 'v4' for IPv4 or 'v6' for IPv6")
    }
    var settings = ConnectionSettingsMessage()
    if isIPv6 { settings.ipv6.isEnabled = isEnabled } else { settings.ipv4.isEnabled = isEnabled }
    let what = (isEnabled ? "enabling" : "disabling") + " fragmentation reassembly"
    return .change(settings, success: what + " successful", failure: what + " failed")
  }

  @Sendable private static func setMinimumFragment(
    _ arguments: ArraySlice<String>, _ text: ConnectionText
  ) throws(TrackingCommandError) -> TrackingQuestion {
    guard let isIPv6 = isIPv6(arguments.dropLast().last) else {
      throw TrackingCommandError("parameter missing: v4 for IPv4 or v6 for IPv6")
    }
    let count = try number(arguments, otherwise: "parameter missing for minimum fragment size")
    var settings = ConnectionSettingsMessage()
    if isIPv6 { settings.ipv6.minimumByteCount = count } else { settings.ipv4.minimumByteCount = count }
    return .change(
      settings, success: "setting minimum fragment size successful",
      failure: "requested minimum fragment size too small; see documentation")
  }

  @Sendable private static func setMaximumFragments(
    _ arguments: ArraySlice<String>, _ text: ConnectionText
  ) throws(TrackingCommandError) -> TrackingQuestion {
    var settings = ConnectionSettingsMessage()
    settings.maximumFragmentCount = try number(
      arguments, otherwise: "parameter missing for maximum fragments")
    return .change(
      settings, success: "setting maximum fragments successful", failure: "setting maximum fragments failed")
  }
}

/// Why a command about connection tracking was not carried out.
public struct TrackingCommandError: Error, Equatable, Sendable {
  /// What to tell the user, a line each, without the program's name.
  public let lines: [String]
  /// Whether the lines stand without the program's name.
  public let isBare: Bool

  init(_ line: String, before: String? = nil) {
    lines = (before.map { [$0] } ?? []) + [line + " (Invalid argument)"]
    isBare = false
  }

  init(bare line: String) {
    lines = [line]
    isBare = true
  }

  /// The lines with what stands before each.
  public func text(prefix: String) -> String {
    lines.map { (isBare ? "" : prefix) + $0 }.joined(separator: "\n")
  }
}

/// What a command asks of a datapath.
public struct TrackingQuestion: Sendable {
  /// The message.
  public let message: TrackingMessage
  /// Flags that it has besides.
  public let flags: MessageFlags
  /// What has failed if the datapath refuses.
  public let failure: String
  private let describe: @Sendable ([TrackingMessage]) -> String

  init(
    _ message: TrackingMessage, flags: MessageFlags = [], failure: String,
    _ describe: @escaping @Sendable ([TrackingMessage]) -> String
  ) {
    self.message = message
    self.flags = flags
    self.failure = failure
    self.describe = describe
  }

  /// What the messages of an answer say.
  public func text(_ answer: [NetlinkMessage]) -> String {
    var messages: [TrackingMessage] = []
    for case .tracking(let message) in answer.map({ $0.body }) { messages.append(message) }
    return describe(messages)
  }

  static func settings(
    failure: String, _ describe: @escaping @Sendable (ConnectionSettingsMessage) -> String
  ) -> TrackingQuestion {
    TrackingQuestion(.settings(.get, ConnectionSettingsMessage()), failure: failure) { messages in
      for case .settings(_, let message) in messages { return describe(message) }
      return ""
    }
  }

  static func change(
    _ settings: ConnectionSettingsMessage, success: String, failure: String
  ) -> TrackingQuestion {
    TrackingQuestion(.settings(.set, settings), failure: failure) { _ in success }
  }
}
