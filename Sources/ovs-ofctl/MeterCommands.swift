import Host
import OpenFlow

/// Commands about meters.
struct MeterCommands {
  private let settings: Settings

  init(_ settings: Settings) { self.settings = settings }

  /// Carries out a change; ends the program if the switch refuses it.
  func change(_ arguments: [String], _ command: MeterCommand) {
    var text = FlowText(settings, bridge: nil)
    let change =
      arguments.count > 1
      ? text.meter(arguments[1], command)
      : MeterMod(command, MeterConfiguration(meter: MeterNumber.all))
    let connection = connect(to: arguments[0])
    let message = Message.meterModification(change).encode(connection.form, xid: connection.link.takeXID())
    failIfAny(connection.link.transactWithoutReply(message), settings)
    connection.link.close()
  }

  /// Asks about a meter, or about all, and prints the answer.
  func dump(_ arguments: [String], _ request: (UInt32) -> Message) {
    var text = FlowText(settings, bridge: nil)
    let meter = arguments.count > 1 ? text.meterNumber(arguments[1]) : MeterNumber.all
    let connection = connect(to: arguments[0])
    let printer = MessagePrinter(verbosity: settings.verbosity + 1)
    connection.link.transactMultipart(request(meter)) { StandardOutput.write(printer.text($0)) }
    connection.link.close()
  }

  /// Connects to a switch in a version that has meters.
  private func connect(to name: String) -> (link: SwitchConnection, form: WireProtocol) {
    settings.requireFormat(.openFlow13Up)
    let link = SwitchConnection(name, settings)
    return (link, link.chooseFormat(for: .openFlow13Up, settings).form)
  }
}

extension FlowText {
  /// Reads a meter; ends the program if it is wrong.
  fileprivate mutating func meter(_ text: String, _ command: MeterCommand) -> MeterMod {
    read { (parser) throws(FlowTextError) in try parser.meter(text, command).change }
  }

  /// Reads which meter is meant; ends the program if that is wrong.
  fileprivate mutating func meterNumber(_ text: String) -> UInt32 {
    read { (parser) throws(FlowTextError) in try parser.meterNumber(text) }
  }
}
