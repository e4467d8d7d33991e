import Vlog
import Command
import Host
import OpenFlow

/// Controls and queries OpenFlow switches.
@main
struct Program {
  static func main() {
    let invocation = Invocation()
    invocation.log.declare(LogModuleNames.ofFlowTool)
    invocation.log.set(.warning, destination: .console)
    invocation.versionLines = ["OpenFlow versions 0x1:0x6"]
    let settings = Settings(invocation)
    invocation.helpText = Help.text + settings.daemon.help + invocation.logHelp
    let words = invocation.parse(settings.options)
    settings.reconcile()
    guard let name = words.first else { settings.fail("missing command name; use --help for help") }
    guard let command = Self.commands.first(where: { $0.name.utf8.elementsEqual(name.utf8) }) else {
      settings.fail("unknown command '\(name)'; use --help for help")
    }
    let arguments = Array(words.dropFirst())
    if arguments.count < command.minimum {
      settings.fail("'\(name)' command requires at least \(command.minimum) arguments")
    }
    if arguments.count > command.maximum {
      settings.fail("'\(name)' command takes at most \(command.maximum) arguments")
    }
    invocation.startTimeout(on: settings.loop)
    command.run(settings, arguments)
  }

  /// A command, and how many arguments it takes.
  struct Entry {
    let name: String
    let minimum: Int
    let maximum: Int
    let run: (Settings, [String]) -> Void

    init(_ name: String, _ minimum: Int, _ maximum: Int, _ run: @escaping (Settings, [String]) -> Void) {
      self.name = name
      self.minimum = minimum
      self.maximum = maximum
      self.run = run
    }
  }

  private static var commands: [Entry] {
    [
      Entry("show", 1, 1) { SwitchCommands($0).show($1[0]) },
      Entry("dump-desc", 1, 1) { SwitchCommands($0).dump($1[0], .descriptionRequest) },
      Entry("dump-tables", 1, 1) { SwitchCommands($0).dump($1[0], .tableStatisticsRequest) },
      Entry("get-frags", 1, 1) { SwitchCommands($0).getFragments($1[0]) },
      Entry("set-frags", 2, 2) { SwitchCommands($0).setFragments($1[0], $1[1]) },
      Entry("probe", 1, 1) { SwitchCommands($0).probe($1[0]) },
      Entry("ping", 1, 2) { SwitchCommands($0).ping($1) },
      Entry("dump-ports", 1, 2) { PortCommands($0).dumpStatistics($1) },
      Entry("dump-ports-desc", 1, 2) { PortCommands($0).dumpDescriptions($1) },
      Entry("queue-stats", 1, 3) { PortCommands($0).dumpQueues($1) },
      Entry("mod-port", 3, 3) { PortCommands($0).modify($1) },
      Entry("dump-flows", 1, 2) { FlowDumpCommands($0).dumpFlows($1) },
      Entry("dump-aggregate", 1, 2) { FlowDumpCommands($0).dumpAggregate($1) },
      Entry("add-flow", 2, 2) { FlowCommands($0).changeOne($1, .add) },
      Entry("add-flows", 2, 2) { FlowCommands($0).changeFile($1, .add) },
      Entry("mod-flows", 2, 2) {
        FlowCommands($0).changeOne($1, $0.isStrict ? .modifyStrict : .modify)
      },
      Entry("del-flows", 1, 2) { FlowCommands($0).delete($1) },
      Entry("replace-flows", 2, 2) { FlowComparison($0).replace($1[0], $1[1]) },
      Entry("diff-flows", 2, 2) { FlowComparison($0).compare($1[0], $1[1]) },
      Entry("parse-flow", 1, 1) { FlowCommands($0).parse($1[0]) },
      Entry("parse-flows", 1, 1) { FlowCommands($0).parseFile($1[0]) },
      Entry("bundle", 2, 2) { BundleCommand($0).send($1[0], $1[1]) },
      Entry("add-group", 1, 2) { GroupCommands($0).change($1, .add) },
      Entry("add-groups", 2, 2) { GroupCommands($0).changeFile($1, .add) },
      Entry("mod-group", 1, 2) { GroupCommands($0).change($1, $0.mayCreateGroups ? .addOrModify : .modify) },
      Entry("del-groups", 1, 2) { GroupCommands($0).change($1, .delete) },
      Entry("insert-buckets", 1, 2) { GroupCommands($0).change($1, .insertBuckets) },
      Entry("remove-buckets", 1, 2) { GroupCommands($0).change($1, .removeBuckets) },
      Entry("dump-groups", 1, 2) { GroupCommands($0).dump($1) },
      Entry("dump-group-stats", 1, 2) { GroupCommands($0).dumpStatistics($1) },
      Entry("dump-group-features", 1, 1) { SwitchCommands($0).dump($1[0], .groupFeaturesRequest) },
      Entry("parse-group", 1, 1) { GroupCommands($0).parse($1[0]) },
      Entry("add-meter", 2, 2) { MeterCommands($0).change($1, .add) },
      Entry("mod-meter", 2, 2) { MeterCommands($0).change($1, .modify) },
      Entry("del-meter", 1, 2) { MeterCommands($0).change($1, .delete) },
      Entry("del-meters", 1, 2) { MeterCommands($0).change($1, .delete) },
      Entry("dump-meter", 1, 2) { MeterCommands($0).dump($1) { .meterConfigurationRequest($0) } },
      Entry("dump-meters", 1, 2) { MeterCommands($0).dump($1) { .meterConfigurationRequest($0) } },
      Entry("meter-stats", 1, 2) { MeterCommands($0).dump($1) { .meterStatisticsRequest($0) } },
      Entry("meter-features", 1, 1) { MeterCommands($0).dump($1) { _ in .meterFeaturesRequest } },
      Entry("ct-flush-zone", 2, 2) { ConnectionCommands($0).flushZone($1) },
      Entry("ct-flush", 1, 6) { ConnectionCommands($0).flush($1) },
      Entry("packet-out", 2, .max) { PacketCommands($0).packetOut($1) },
      Entry("monitor", 1, 4) { Monitor($0).monitor($1) },
      Entry("snoop", 1, 1) { Monitor($0).snoop($1[0]) },
      Entry("ofp-print", 1, 2) { PacketCommands($0).printMessage($1) },
      Entry("print-error", 1, 1) { SwitchCommands($0).printError($1[0]) },
      Entry("help", 0, .max) { settings, _ in StandardOutput.write(settings.invocation.helpText) },
      Entry("list-commands", 0, 0) { _, _ in
        StandardOutput.write("The available commands are:\n")
        for entry in Self.commands { StandardOutput.write("  \(entry.name)\n") }
      },
    ]
  }
}
