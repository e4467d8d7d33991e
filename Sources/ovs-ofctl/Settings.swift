import Command
import Host
import OpenFlow

/// What the options of the command line say.
final class Settings {
  /// The run that the options belong to.
  let invocation: Invocation
  /// Where everything waits.
  let loop = EventLoop()
  /// The versions to negotiate.
  var versions = OpenFlowVersions(.v10)
  /// The forms of flows that may be used.
  var formats: FlowFormats = .any
  /// Whether `-F` was given.
  var hasChosenFormat = false
  /// Whether flow commands match strictly.
  var isStrict = false
  /// Whether flow commands are sent in a bundle.
  var usesBundle = false
  /// Whether `mod-group` adds groups that are not there.
  var mayCreateGroups = false
  /// Whether `replace-flows` adds flows again that have not changed.
  var addsAgain = false
  /// How much to print.
  var verbosity = 0
  /// Whether names are printed instead of numbers; nil to decide by where the output goes.
  var showsNames: Bool?
  /// Whether counters are printed.
  var showsStatistics = true
  /// Whether `monitor` and `snoop` print when a message came.
  var showsTime = false
  /// In which form `monitor` wants packets; nil to take the best.
  var packetInFormat: PacketInFormat?
  /// The fields to sort flows by, and whether the largest comes first.
  var sortCriteria: [SortCriterion] = []
  /// How `monitor` and `snoop` go on in the background.
  let daemon: Daemon
  /// The transaction number of the next message.
  private var nextXID: UInt32 = 1

  init(_ invocation: Invocation) {
    self.invocation = invocation
    daemon = Daemon(invocation)
  }

  /// A transaction number that no message of this run has had.
  func takeXID() -> UInt32 {
    defer { nextXID &+= 1 }
    return nextXID
  }

  /// Whether names are printed instead of numbers.
  var namesAreShown: Bool { showsNames ?? StandardOutput.isTerminal }

  /// Ends the program with a message.
  func fail(_ message: String) -> Never { invocation.fail(message) }

  /// The options of the command line.
  var options: [CommandOption] {
    [
      invocation.timeoutOption(short: "t"),
      CommandOption("strict") { [self] in isStrict = true },
      CommandOption("bundle") { [self] in usesBundle = true },
      CommandOption("may-create") { [self] in mayCreateGroups = true },
      CommandOption("readd") { [self] in addsAgain = true },
      CommandOption("read-only") {},
      CommandOption("more", short: "m") { [self] in verbosity += 1 },
      CommandOption("names") { [self] in showsNames = true },
      CommandOption("no-names") { [self] in showsNames = false },
      CommandOption("stats") { [self] in showsStatistics = true },
      CommandOption("no-stats") { [self] in showsStatistics = false },
      CommandOption("timestamp") { [self] in showsTime = true },
      CommandOption("protocols", short: "O") { [self] (text: String) throws(UsageError) in
        try setVersions(text)
      },
      CommandOption("flow-format", short: "F") { [self] (text: String) throws(UsageError) in
        try setFormats(text)
      },
      CommandOption("packet-in-format", short: "P") { [self] (text: String) throws(UsageError) in
        guard let format = PacketInFormat(name: text) else {
          throw UsageError("unknown packet-in format \(text)")
        }
        packetInFormat = format
      },
      CommandOption("sort") { [self] (text: String?) throws(UsageError) in
        sortCriteria.append(try SortCriterion(text, isDescending: false))
      },
      CommandOption("rsort") { [self] (text: String?) throws(UsageError) in
        sortCriteria.append(try SortCriterion(text, isDescending: true))
      },
      CommandOption("color") { (_: String?) in },
      CommandOption("private-key", short: "p") { (_: String) in },
      CommandOption("certificate", short: "c") { (_: String) in },
      CommandOption("ca-cert", short: "C") { (_: String) in },
    ] + daemon.options
  }

  private func setVersions(_ text: String) throws(UsageError) {
    versions = []
    for name in text.split(whereSeparator: { $0 == "," || $0 == " " }) {
      guard let version = OpenFlowVersion(name: String(name)) else {
        throw UsageError("Unknown OpenFlow version: \"\(name)\"")
      }
      versions.formUnion(OpenFlowVersions(version))
    }
    if versions.rawValue == 0 { throw UsageError("No OpenFlow versions: \"\(text)\"") }
  }

  private func setFormats(_ text: String) throws(UsageError) {
    formats = []
    hasChosenFormat = true
    for name in text.split(whereSeparator: { $0 == "," || $0 == " " }) {
      guard let format = FlowFormats(name: String(name)) else {
        throw UsageError("\(name): unknown flow protocol")
      }
      formats.formUnion(format)
    }
  }

  /// Leaves the versions that have bundles; if there are none, allows OpenFlow 1.4.
  func useBundles() {
    let able = versions.intersection(FlowFormats.openFlow13Up.versions)
    versions = able.rawValue == 0 ? OpenFlowVersions(.v14) : able
  }

  /// Leaves the forms and versions that go together; ends the program if there are none.
  func reconcile() {
    if usesBundle { useBundles() }
    let named = FlowFormats(versions: versions)
    let both = formats.intersection(named)
    guard both.rawValue != 0 else {
      fail(
        "None of the enabled OpenFlow versions (\(versions.names)) supports any of the enabled flow formats "
          + "(\(formats.text)).  (Use -O to enable additional OpenFlow versions or -F to enable additional "
          + "flow formats.)")
    }
    formats = both
    versions = versions.intersection(both.versions)
  }
}

extension OpenFlowVersions {
  /// The names of the versions.
  var names: String {
    OpenFlowVersion.allCases.filter { contains($0) }.map { $0.name }.joined(separator: ", ")
  }
}
