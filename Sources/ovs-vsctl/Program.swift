import Vlog
import Command
import Host

/// Queries and changes the configuration of the switch in its database.
@main
struct Program {
  static func main() {
    let invocation = Invocation()
    invocation.log.declare(LogModuleNames.ofConfigurationTool)
    invocation.log.set(.warning, destination: .console)
    invocation.versionLines = ["DB Schema 8.8.0"]
    invocation.helpText = helpText(invocation)
    let commands = ControlCommandLine(allCommands())
    let options = ToolOptions(invocation)
    let words = invocation.parse(
      options.options(invocation, commandOptions: commands.optionNames), stopsAtFirstWord: true)
    if options.listsCommands {
      for command in allCommands() { StandardOutput.writeLine(command.listing) }
      return
    }
    if options.listsOptions {
      StandardOutput.write(optionListing)
      return
    }
    do throws(ControlError) {
      let parsed = try commands.parse(words, options: options.commandOptions)
      let loop = EventLoop()
      let run = ToolRun(invocation, options, parsed, on: loop)
      invocation.startTimeout(on: loop)
      run.start()
      loop.run()
    } catch {
      invocation.fail(error.message ?? "")
    }
  }

  private static func allCommands() -> [ControlCommand<TopologyContext>] {
    overviewCommands() + bridgeCommands() + portCommands() + controllerCommands() + securityCommands()
      + autoAttachCommands() + zoneCommands() + databaseCommands()
  }
}
