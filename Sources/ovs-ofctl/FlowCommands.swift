import Host
import OpenFlow

/// Commands that change flows.
struct FlowCommands {
  private let settings: Settings

  init(_ settings: Settings) { self.settings = settings }

  /// Carries out one flow change.
  func changeOne(_ arguments: [String], _ command: FlowCommand) {
    var text = FlowText(settings, bridge: arguments[0])
    // A dash stands for a file, here as well.
    if arguments.count > 1, arguments[1].utf8.elementsEqual("-".utf8) {
      return changeFile(arguments, command)
    }
    let flow = text.flow(arguments.count > 1 ? arguments[1] : "", command)
    send([flow], to: arguments[0])
  }

  /// Deletes flows.
  func delete(_ arguments: [String]) {
    changeOne(arguments, settings.isStrict ? .deleteStrict : .delete)
  }

  /// Carries out the flow changes of a file.
  func changeFile(_ arguments: [String], _ command: FlowCommand) {
    var text = FlowText(settings, bridge: arguments[0])
    // A line of a file may say what it does, and then the whole file may as well be sent at once.
    send(text.file(arguments[1], command), to: arguments[0])
  }

  /// Sends flow changes; ends the program if the switch refuses one.
  func send(_ flows: [ParsedFlow], to name: String) {
    var usable = FlowFormats.any
    for flow in flows { usable.formIntersection(flow.formats) }
    if settings.usesBundle { usable.formIntersection(.openFlow13Up) }
    settings.requireFormat(usable)
    if settings.usesBundle {
      return BundleSender(settings).send(flows.map { .flowModification($0.change) }, usable, to: name)
    }
    let connection = SwitchConnection(name, settings)
    let format = connection.chooseFormat(for: usable, settings)
    FlowCommands.send(flows.map { $0.change }, format, connection, settings)
    connection.close()
  }

  /// How many changes are sent before the switch is asked whether they went well.
  private static let windowCount = 1024

  /// Sends flow changes in windows, each closed by a barrier; what comes behind a window that failed is not sent.
  static func send(
    _ changes: [FlowMod], _ format: FlowFormats, _ connection: SwitchConnection, _ settings: Settings
  ) {
    let form = format.form
    var start = 0
    while start < changes.count {
      let end = min(start + windowCount, changes.count)
      var bytes: [UInt8] = []
      for change in changes[start..<end] {
        bytes += Message.flowModification(change).encode(form, xid: connection.takeXID())
      }
      failIfAny(connection.transactWithoutReply(bytes), settings)
      start = end
    }
  }

  // MARK: Parsing alone

  /// Prints the message that a flow would be sent in.
  func parse(_ text: String) {
    var reader = FlowText(settings, bridge: nil)
    printMessages([reader.flow(text, .add)])
  }

  /// Prints the messages that the flows of a file would be sent in.
  func parseFile(_ path: String) {
    var reader = FlowText(settings, bridge: nil)
    printMessages(reader.file(path, .add))
  }

  private func printMessages(_ flows: [ParsedFlow]) {
    var usable = FlowFormats.any
    for flow in flows { usable.formIntersection(flow.formats) }
    StandardOutput.writeLine("usable protocols: \(usable.text)")
    let allowed = usable.intersection(settings.formats)
    guard let chosen = allowed.each.first else { settings.fail("no usable protocol") }
    StandardOutput.writeLine("chosen protocol: \(chosen.text)")
    let printer = MessagePrinter(verbosity: settings.verbosity)
    for flow in flows {
      let message = Message.flowModification(flow.change)
      StandardOutput.write(printer.text(message.encode(chosen.form, xid: settings.takeXID())))
    }
  }
}
