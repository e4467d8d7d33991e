import Command
import Host
import Switch

/// The switch daemon.
@main
struct Program {
  static func main() {
    let invocation = Invocation()
    invocation.log.declare(LogModuleNames.ofSwitch)
    let daemon = Daemon(invocation)
    var dummyMode = SwitchOptions.DummyMode.none
    var dummyCores: String?
    let options =
      daemon.options + [
        CommandOption("enable-dummy") { (text: String?) in
          switch text {
          case "override"?: dummyMode = .replacesAll
          case "system"?: dummyMode = .replacesSystem
          default: dummyMode = .available
          }
        },
        CommandOption("dummy-numa") { (text: String) in dummyCores = text },
        CommandOption("disable-system") {},
        CommandOption("disable-system-route") {},
        CommandOption("mlockall") {},
      ]
    invocation.helpText = help(invocation, daemon)
    let words = invocation.parse(options)
    guard words.count <= 1 else {
      invocation.fail("at most one non-option argument accepted; use --help for usage")
    }
    let text = words.first ?? "unix:\(invocation.directories.run)/db.sock"
    guard
      let database = try? StreamAddress(
        text, defaultPort: StreamAddress.databasePort, runDirectory: invocation.directories.run),
      !database.isPassive
    else { invocation.fail("\(text): not a database to connect to") }
    if let dummyCores { sayCores(dummyCores, invocation) }
    daemon.start()
    run(invocation, daemon, database, dummyMode)
  }

  /// Says what `--dummy-numa` comes to: each core's node, of which no thread of ours depends.
  private static func sayCores(_ text: String, _ invocation: Invocation) {
    let nodes = text.utf8.split(separator: UInt8(ascii: ",")).map {
      String(decoding: Array($0), as: UTF8.self)
    }
    let log = invocation.log.module("ovs_numa")
    for node in Set(nodes).sorted() {
      let count = nodes.filter { $0.utf8.elementsEqual(node.utf8) }.count
      log.info(
        "Discovered \(count) CPU cores on NUMA node \(node), as told; a datapath has one thread, on any core")
    }
  }

  private static func run(
    _ invocation: Invocation, _ daemon: Daemon, _ database: StreamAddress,
    _ dummyMode: SwitchOptions.DummyMode
  ) {
    let loop = EventLoop()
    let control = daemon.startControl(on: loop)
    try? loop.onTermination { _ in loop.stop() }
    var options = SwitchOptions(
      runDirectory: invocation.directories.run, version: Invocation.openVSwitchVersion, dummyMode: dummyMode,
      seed: Random.integer())
    options.confinesSockets = daemon.isConfined
    let runner = SwitchRunner(
      loop: loop, invocation: invocation, control: control, database: database, options: options)
    runner.onReady = { daemon.complete() }
    runner.start()
    loop.run()
    runner.stop()
    control.close()
    daemon.end()
  }

  private static func help(_ invocation: Invocation, _ daemon: Daemon) -> String {
    """
    ovs-vswitchd: Open vSwitch daemon
    usage: ovs-vswitchd [OPTIONS] [DATABASE]
    where DATABASE is a socket on which ovsdb-server is listening
          (default: "unix:\(invocation.directories.run)/db.sock").

    Active DATABASE connection methods:
      tcp:HOST:PORT           PORT at remote HOST
      unix:FILE               Unix domain socket named FILE
    \(daemon.help)
    \(invocation.logHelp)

    Other options:
      --unixctl=SOCKET        override default control socket name
      -h, --help              display this help message
      -V, --version           display version information

    """
  }
}
