/// Where files lie unless a command line says otherwise.
public struct Directories: Equatable, Sendable {
  /// Sockets and process identifiers: `OVS_RUNDIR`.
  public var run: String
  /// Log files: `OVS_LOGDIR`.
  public var log: String
  /// The database: `OVS_DBDIR`, else the `openvswitch` folder of `OVS_SYSCONFDIR`.
  public var database: String
  /// Schemas and other read-only data: `OVS_PKGDATADIR`.
  public var packageData: String
  /// Configuration: `OVS_SYSCONFDIR`.
  public var systemConfiguration: String

  /// Reads the environment.
  public init() {
    self.init(environment: Process.environment)
  }

  /// Takes each variable from `environment`; an empty one counts as unset.
  public init(environment: (String) -> String?) {
    func value(_ name: String) -> String? {
      guard let text = environment(name), !text.utf8.isEmpty else { return nil }
      return text
    }
    run = value("OVS_RUNDIR") ?? Syscalls.defaultDirectories.run
    log = value("OVS_LOGDIR") ?? Syscalls.defaultDirectories.log
    packageData = value("OVS_PKGDATADIR") ?? Syscalls.defaultDirectories.packageData
    let configured = value("OVS_SYSCONFDIR")
    systemConfiguration = configured ?? Syscalls.defaultDirectories.systemConfiguration
    database = value("OVS_DBDIR") ?? (systemConfiguration + "/openvswitch")
  }

  /// A path as it is if absolute, else below a directory.
  public static func absolute(_ path: String, in directory: String) -> String {
    Syscalls.isAbsolute(path) ? path : directory + "/" + path
  }

  /// Whether a text has a separator of paths, so that it is more than a name.
  public static func isPath(_ text: String) -> Bool { text.utf8.contains { Syscalls.isSeparator($0) } }

  /// Whether the names of control sockets have the number of their process.
  public static var numbersControlSockets: Bool { Syscalls.numbersControlSockets }

  /// The control socket of a program that runs as a process.
  public func controlSocket(of programName: String, process identifier: Int32) -> String {
    let number = Syscalls.numbersControlSockets ? ".\(identifier)" : ""
    return "\(run)/\(programName)\(number).ctl"
  }
}
