import Host
import OpenFlow

/// Commands about groups.
struct GroupCommands {
  private let settings: Settings

  init(_ settings: Settings) { self.settings = settings }

  // MARK: Changes

  /// Carries out one change.
  func change(_ arguments: [String], _ command: GroupCommand) {
    if arguments.count > 1, arguments[1].utf8.elementsEqual("-".utf8) {
      return changeFile(arguments, command)
    }
    var text = FlowText(settings, bridge: arguments[0])
    send([text.group(arguments.count > 1 ? arguments[1] : "", command)], to: arguments[0])
  }

  /// Carries out the changes of a file, whose lines may say what to do where groups are added.
  func changeFile(_ arguments: [String], _ command: GroupCommand) {
    var text = FlowText(settings, bridge: arguments[0])
    send(text.groups(arguments[1], command), to: arguments[0])
  }

  /// Sends changes one after another; ends the program if the switch refuses one.
  private func send(_ groups: [ParsedGroup], to name: String) {
    var usable = FlowFormats.any
    for group in groups { usable.formIntersection(group.formats) }
    if settings.usesBundle { usable.formIntersection(.openFlow13Up) }
    if usable.isDisjoint(with: settings.formats), groups.contains(where: { $0.change.inserts }) {
      settings.fail("insert-bucket needs OpenFlow 1.5 or later ('-O OpenFlow15')")
    }
    settings.requireFormat(usable)
    let messages = groups.map { Message.groupModification($0.change) }
    if settings.usesBundle { return BundleSender(settings).send(messages, usable, to: name) }
    let connection = SwitchConnection(name, settings)
    let form = connection.chooseFormat(for: usable, settings).form
    for message in messages {
      failIfAny(connection.transactWithoutReply(message.encode(form, xid: connection.takeXID())), settings)
    }
    connection.close()
  }

  // MARK: Questions

  private func dump(_ name: String, _ request: Message) {
    let connection = SwitchConnection(name, settings)
    let names = settings.namesAreShown ? BridgeNames(name, settings).all() : FlowNames()
    let printer = MessagePrinter(names: names, verbosity: settings.verbosity + 1)
    connection.transactMultipart(request) { StandardOutput.write(printer.text($0)) }
    connection.close()
  }

  /// Prints descriptions of all groups or, where the version can ask for it, of one.
  func dump(_ arguments: [String]) {
    // Whatever is not a group is taken for all groups.
    let group = arguments.count > 1 ? FlowParser.group(arguments[1]) : nil
    dump(arguments[0], .groupDescriptionRequest(group ?? GroupNumber.all))
  }

  /// Prints what all groups or one of them have counted.
  func dumpStatistics(_ arguments: [String]) {
    var text = FlowText(settings, bridge: arguments[0])
    let parsed = text.group(arguments.count > 1 ? arguments[1] : "", .delete)
    dump(arguments[0], .groupStatisticsRequest(parsed.change.group))
  }

  // MARK: Parsing alone

  /// Prints the message that a group would be sent in.
  func parse(_ argument: String) {
    var text = FlowText(settings, bridge: nil)
    let group = text.group(argument, .add)
    StandardOutput.writeLine("usable protocols: \(group.formats.text)")
    guard let chosen = group.formats.intersection(settings.formats).each.first else {
      settings.fail("no usable protocol")
    }
    StandardOutput.writeLine("chosen version: \(chosen.form.version.name)")
    let message = Message.groupModification(group.change)
    let printer = MessagePrinter(verbosity: settings.verbosity)
    StandardOutput.write(printer.text(message.encode(chosen.form, xid: settings.takeXID())))
  }
}

/// The command that sends changes of several kinds in one bundle.
struct BundleCommand {
  private let settings: Settings

  init(_ settings: Settings) { self.settings = settings }

  /// Sends the changes and packets of a file.
  func send(_ name: String, _ path: String) {
    var text = FlowText(settings, bridge: name)
    let (messages, formats) = text.bundle(path, settings)
    settings.useBundles()
    settings.formats = settings.hasChosenFormat ? settings.formats : .any
    settings.reconcile()
    let usable = formats.intersection(.openFlow13Up)
    settings.requireFormat(usable)
    BundleSender(settings).send(messages, usable, to: name)
  }
}

extension GroupMod {
  /// Whether it brings buckets to a group that is there.
  fileprivate var inserts: Bool { command == .insertBuckets && !buckets.isEmpty }
}

extension FlowText {
  /// Reads a group; ends the program if it is wrong.
  mutating func group(_ text: String, _ command: GroupCommand) -> ParsedGroup {
    read { (parser) throws(FlowTextError) in try parser.group(text, command) }
  }

  /// Reads a file of groups; where they are added, each line may say what to do.
  mutating func groups(_ path: String, _ command: GroupCommand) -> [ParsedGroup] {
    var groups: [ParsedGroup] = []
    for (prefix, line) in numberedLines(path) {
      groups.append(
        read(prefix: prefix) { (parser) throws(FlowTextError) in
          command == .add ? try parser.groupLine(line) : try parser.group(line, command)
        })
    }
    return groups
  }

  /// Reads a file of flows, groups and packets, each line of which says which of them it is.
  mutating func bundle(_ path: String, _ settings: Settings) -> ([Message], FlowFormats) {
    var messages: [Message] = []
    var formats = FlowFormats.any
    for (prefix, whole) in numberedLines(path) {
      let line = whole.drop { $0 == 0x20 || (0x09...0x0d).contains($0) }
      let end = line.firstIndex { $0 == 0x20 || $0 == 0x2c || (0x09...0x0d).contains($0) } ?? line.endIndex
      let word = line[..<end]
      let rest = line[end...]
      if "flow".utf8.starts(with: word) {
        let flow = read(prefix: prefix) { (parser) throws(FlowTextError) in try parser.line(rest) }
        formats.formIntersection(flow.formats)
        messages.append(.flowModification(flow.change))
      } else if "group".utf8.starts(with: word) {
        let group = read(prefix: prefix) { (parser) throws(FlowTextError) in try parser.groupLine(rest) }
        formats.formIntersection(group.formats)
        messages.append(.groupModification(group.change))
      } else if "packet-out".utf8.starts(with: word) {
        let packet = PacketCommands(settings).parse(String(decoding: rest, as: UTF8.self), &self)
        messages.append(.packetOut(packet))
      } else {
        settings.fail("\(prefix)Unsupported bundle message type: \(String(decoding: word, as: UTF8.self))")
      }
    }
    return (messages, formats)
  }
}
