// What: how a program becomes a daemon: `--detach`, `--pidfile`, `--monitor` and their kin.
//
// How: `start` forks, if asked to, before anything else is open. The child goes on, the parent waits until the
// child calls `complete`, or dies, and then ends with the child's verdict, so that whoever started the program
// knows that it is ready. With `--monitor` a process between the two starts the program anew when it crashes.

import Vlog
public import Host

/// The daemon options of a program, and the steps that they ask for.
public final class Daemon {
  private let invocation: Invocation
  private let log: LogModule
  private var detaches = false
  private var monitors = false
  private var changesDirectory = true
  private var overwritesPidfile = false
  private var pidfilePath: String?
  private var pidfile: PidFile?
  private var unixctlPath: String?
  private var readiness: ReadinessPipe?
  private var pipeHandle: String?
  private var restartsOnFailure = false
  private var userName: String?
  private var keptStreams: StandardStreams = []

  /// Makes a daemon of a program, from whose command line `options` is to be taken.
  public init(_ invocation: Invocation) {
    self.invocation = invocation
    log = invocation.log.module("daemon")
  }

  /// The options to add to the program's own.
  public var options: [CommandOption] {
    [
      CommandOption("detach") { [self] in detaches = true },
      CommandOption("no-chdir") { [self] in changesDirectory = false },
      CommandOption("pidfile") { [self] (text: String?) in
        pidfilePath = Directories.absolute(
          text ?? invocation.programName + ".pid", in: invocation.directories.run)
      },
      CommandOption("overwrite-pidfile") { [self] in overwritesPidfile = true },
      CommandOption("no-self-confinement") { [self] in isConfined = false },
      CommandOption("unixctl") { [self] (text: String) in unixctlPath = text },
    ] + systemOptions
  }

  /// The options that depend on what the system offers.
  private var systemOptions: [CommandOption] {
    var options: [CommandOption] = []
    if Detachment.canMonitor {
      options.append(CommandOption("monitor") { [self] in monitors = true })
      options.append(CommandOption("user") { [self] (text: String) in userName = text })
    }
    if ServiceManager.isPresent {
      // Where the program starts, this decides who runs it; here it says nothing more.
      options.append(CommandOption("service") {})
      options.append(CommandOption("service-monitor") { [self] in restartsOnFailure = true })
    }
    if let name = Detachment.pipeOption {
      options.append(CommandOption(name) { [self] (text: String) in pipeHandle = text })
    }
    return options
  }

  /// The part of the help text about these options.
  public var help: String {
    let monitor = """
        --monitor               creates a process to monitor this daemon
        --user=username[:group] changes the effective daemon user:group

      """
    let service = """
        --service               run in background as a service
        --service-monitor       restart the service in case of an unexpected failure

      """
    return """

      Daemon options:
        --detach                run in background as daemon
      \(Detachment.canMonitor ? monitor : "")\(ServiceManager.isPresent ? service : "")\
        --no-chdir              do not chdir to '/'
        --pidfile[=FILE]        create pidfile (default: \(invocation.directories.run)/\(invocation.programName).pid)
        --overwrite-pidfile     with --pidfile, start even if already running

      """
  }

  /// Whether sockets that a database names must lie where the program's own do.
  public private(set) var isConfined = true
  /// Whether the program runs in the background.
  public var isDetached: Bool { detaches }

  /// Forks if asked to, and writes the pidfile.
  ///
  /// Call it before opening anything but the log; a client program may have opened its connection. What it prints for the user it
  /// goes on printing if the stream is among those that are kept.
  public func start(keeping kept: StandardStreams = []) {
    keptStreams = kept
    if let userName { changeUser(userName) }
    if ServiceManager.isInCharge { becomeService() }
    if let pidfilePath, !overwritesPidfile, let holder = PidFile.holder(pidfilePath) {
      invocation.fail("\(pidfilePath): already running as pid \(holder), aborting")
    }
    if detaches {
      switch Detachment.fork(pipeHandle: pipeHandle) {
      case .failed(let error): invocation.fail("fork failed (\(error.message))")
      case .parent(let status): Process.exit(status)
      case .child(let pipe): readiness = pipe
      }
      // Messages to a terminal that the daemon has left would mix with the user's next commands.
      invocation.log.set(.off, destination: .console)
    }
    if detaches || monitors { Process.resetCrashSignals() }
    if monitors { monitor() }
    if let pidfilePath { writePidfile(pidfilePath) }
  }

  /// Tells whoever started the program that it is ready, and leaves the terminal.
  public func complete() {
    readiness?.signalReady()
    readiness = nil
    if detaches { Detachment.leaveTerminal(changesDirectory: changesDirectory, keeping: keptStreams) }
    ServiceManager.reportReady()
  }

  /// Removes the pidfile, if it is still ours.
  public func end() {
    pidfile?.remove()
    pidfile = nil
  }

  /// The control socket's path: `--unixctl`'s, else named after the program and process; nil for "none".
  public var controlSocketPath: String? {
    if let unixctlPath {
      if sameBytes(unixctlPath, "none") { return nil }
      return Directories.absolute(unixctlPath, in: invocation.directories.run)
    }
    return invocation.directories.controlSocket(of: invocation.programName, process: Process.identifier)
  }

  /// After how long a service counts as started though it is not ready, in milliseconds.
  private static let servicePatienceMilliseconds: Int64 = 20_000

  /// Starts the control socket, or ends the program with a message.
  public func startControl(on loop: EventLoop) -> UnixctlServer {
    if ServiceManager.isInCharge {
      // A program whose database is not there yet can be stopped all the same.
      loop.schedule(afterMilliseconds: Daemon.servicePatienceMilliseconds) { ServiceManager.reportReady() }
    }
    let server = UnixctlServer(log: invocation.log, versionText: invocation.versionText)
    server.registerLogCommands(invocation.log)
    guard let path = controlSocketPath else { return server }
    do throws(SystemError) {
      try server.listen(path: path, on: loop)
      invocation.beforeExit { server.close() }
    } catch {
      invocation.fail("could not initialize control socket \(path) (\(error.message))")
    }
    return server
  }

  private func writePidfile(_ path: String) {
    do throws(SystemError) {
      pidfile = try PidFile.create(path)
      invocation.beforeExit { [self] in end() }
    } catch {
      invocation.fail("\(path): create failed (\(error.message))")
    }
  }

  /// Does as the service manager wants: the program is in the background already, and nobody sees its console.
  private func becomeService() {
    detaches = false
    invocation.log.set(.off, destination: .console)
    guard restartsOnFailure else { return }
    do throws(SystemError) {
      try ServiceManager.restartOnFailure()
    } catch {
      log.warn("cannot have the service restarted on failure (\(error.message))")
    }
  }

  private func changeUser(_ name: String) {
    do throws(SystemError) {
      try Detachment.changeUser(name)
    } catch {
      invocation.fail("cannot run as user \(name) (\(error.message))")
    }
  }

  /// Runs the program in a child, again and again while it crashes.
  ///
  /// Returns in the child alone.
  private func monitor() {
    var restartCount = 0
    while true {
      let start = Instant.now
      // The monitor has nothing to say to a terminal; whoever waits for the end of its output must not wait for it.
      switch Detachment.forkMonitored(leavesTerminal: detaches) {
      case .child: return
      case .failed(let error): invocation.fail("fork failed (\(error.message))")
      case .ended(let end):
        let module = invocation.log.module("daemon_unix")
        guard end.isCrash else {
          log.info("pid \(end.identifier) died, \(end.text), exiting")
          Process.exit(end.status)
        }
        restartCount += 1
        module.error("\(restartCount) crashes: pid \(end.identifier) died, \(end.text), restarting")
        // A program that dies at once must not keep the machine busy.
        if Instant.now.milliseconds(since: start) < 10_000 {
          module.info("waiting until 10 seconds since last restart")
          Process.sleep(milliseconds: 10_000 - Instant.now.milliseconds(since: start))
        }
      }
    }
  }
}
