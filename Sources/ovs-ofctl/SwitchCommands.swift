import Host
import OpenFlow

/// Commands about a switch as a whole.
struct SwitchCommands {
  private let settings: Settings

  init(_ settings: Settings) { self.settings = settings }

  private var printer: MessagePrinter { MessagePrinter(verbosity: settings.verbosity + 1) }

  /// Prints what a switch can do, its ports and its configuration.
  func show(_ name: String) {
    let connection = SwitchConnection(name, settings)
    let bytes = connection.reply(to: connection.send(.featuresRequest))
    StandardOutput.write(printer.text(bytes))
    guard let received = try? Message.decode(bytes), case .featuresReply(let features) = received.message
    else {
      settings.fail("\(name): received bad features reply")
    }
    if !features.isPortListComplete(in: received.version) {
      connection.transactMultipart(.portDescriptionRequest(.none)) { StandardOutput.write(printer.text($0)) }
    }
    connection.close()
    dump(name, .getConfigurationRequest)
  }

  /// Sends a request and prints its answer.
  func dump(_ name: String, _ request: Message) {
    let connection = SwitchConnection(name, settings)
    connection.transactMultipart(request) { StandardOutput.write(printer.text($0)) }
    connection.close()
  }

  // MARK: Fragments

  private func configuration(_ connection: SwitchConnection) -> SwitchConfiguration {
    guard
      case .getConfigurationReply(let configuration) = connection.transact(.getConfigurationRequest).message
    else { settings.fail("\(connection.name): bad reply to config request") }
    return configuration
  }

  /// Prints how the switch handles fragments.
  func getFragments(_ name: String) {
    let connection = SwitchConnection(name, settings)
    StandardOutput.writeLine(configuration(connection).fragments.name)
  }

  /// Changes how the switch handles fragments.
  func setFragments(_ name: String, _ mode: String) {
    guard let wanted = FragmentHandling(name: mode) else {
      settings.fail("\(mode): unknown fragment handling mode")
    }
    let connection = SwitchConnection(name, settings)
    var present = configuration(connection)
    guard present.fragments != wanted else { return }
    present.fragments = wanted
    connection.send(.setConfiguration(present))
    failIfAny(connection.finish(), settings)
    guard configuration(connection).fragments == wanted else {
      settings.fail(
        "\(name): setting fragment handling mode failed (this switch probably doesn't support mode \"\(mode)\")"
      )
    }
  }

  // MARK: Echo

  /// Sends an echo request; whether an answer comes is what the exit status says.
  func probe(_ name: String) {
    let connection = SwitchConnection(name, settings)
    guard case .echoReply(let bytes) = connection.transact(.echoRequest([])).message, bytes.isEmpty else {
      settings.fail("reply does not match request")
    }
  }

  /// Measures how long ten echoes of some bytes take.
  func ping(_ arguments: [String]) {
    let maximum = Int(UInt16.max) - MessageHeader.byteCount
    let text = arguments.count > 1 ? arguments[1] : "64"
    guard let count = Int(text), count >= 0, count <= maximum else {
      settings.fail("payload must be between 0 and \(maximum) bytes")
    }
    let connection = SwitchConnection(arguments[0], settings)
    for _ in 0..<10 {
      var payload: [UInt8] = []
      for index in 0..<count { payload.append(UInt8(truncatingIfNeeded: index)) }
      let xid = connection.send(.echoRequest(payload))
      let start = Instant.now
      let reply = connection.reply(to: xid)
      let elapsed = Instant.now.milliseconds(since: start)
      if Array(reply.dropFirst(MessageHeader.byteCount)) != payload {
        StandardOutput.write("Reply does not match request:\n")
      }
      let digits = String(xid, radix: 16)
      let padded = String(repeating: "0", count: 8 - digits.utf8.count) + digits
      StandardOutput.write(
        "\(reply.count - MessageHeader.byteCount) bytes from \(connection.name): xid=\(padded) time=\(elapsed).0 ms\n"
      )
    }
  }

  /// Prints the numbers of an error in each version.
  func printError(_ name: String) {
    guard let error = OpenFlowError(name: name) else { settings.fail("unknown error \"\(name)\"") }
    for version in OpenFlowVersion.allCases {
      guard let number = error.number(in: version) else { continue }
      let vendor = number.vendor == .standard ? "0" : "0x" + String(number.vendor.rawValue, radix: 16)
      StandardOutput.write(
        "OpenFlow 1.\(version.rawValue - 1): vendor \(vendor), type \(number.type), code \(number.code)\n")
    }
  }
}

/// Prints the errors that a switch answered with, and ends the program if there are any.
func failIfAny(_ errors: [[UInt8]], _ settings: Settings) {
  guard let first = errors.first else { return }
  StandardError.write(MessagePrinter(verbosity: settings.verbosity + 2).text(first))
  Process.exit(1)
}
