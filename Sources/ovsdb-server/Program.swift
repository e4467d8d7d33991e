import Command
import Host
import OVSDB

/// Serves databases to clients over sockets.
@main
struct Program {
  static func main() {
    let invocation = Invocation()
    invocation.log.declare(LogModuleNames.ofDatabase)
    let daemon = Daemon(invocation)
    let options = ServerOptions()
    let defaultDatabase = invocation.directories.database + "/conf.db"
    invocation.helpText = ServerOptions.help(invocation, daemon, defaultDatabase: defaultDatabase)
    let words = invocation.parse(options.all + daemon.options)
    let paths = (words.isEmpty ? [defaultDatabase] : words).map(Files.absolute)

    daemon.start()
    let service = Service(invocation, options)
    for path in paths { service.openAtStart(path) }
    for remote in options.remotes { service.addRemoteAtStart(remote) }
    let control = daemon.startControl(on: service.loop)
    service.registerCommands(control)
    service.startTimers()
    daemon.complete()
    service.log.info("\(invocation.programName) (Open vSwitch) \(Invocation.openVSwitchVersion)")
    if let command = options.command { service.runBeside(command) }
    service.run(terminationLog: invocation.log.module("fatal_signal"))
    control.close()
    service.stop()
    daemon.end()
    if let failure = service.commandFailure { invocation.fail(failure) }
  }
}
