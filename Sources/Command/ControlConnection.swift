public import Host

/// The way from a client program to a daemon's control socket, by the daemon's name, its pidfile or the socket.
public final class ControlConnection {
  /// The socket's path.
  public let path: String
  private let invocation: Invocation

  /// Finds a target's socket, or ends the program with a message.
  ///
  /// A target with a slash is a socket; any other names a program, whose pidfile in the run directory tells the rest
  /// where names of sockets depend on the process.
  public init(_ invocation: Invocation, target: String) {
    self.invocation = invocation
    path =
      Directories.isPath(target)
      ? target : ControlConnection.findSocket(invocation, program: target)
  }

  /// Sends a command and waits for its answer; ends the program with a message if nobody listens.
  public func run(_ command: String, _ arguments: [String], on loop: EventLoop) -> UnixctlClient.Outcome {
    do throws(SystemError) {
      guard let address = try? StreamAddress("unix:" + Files.absolute(path), defaultPort: 0) else {
        invocation.fail("cannot connect to \"\(path)\"")
      }
      return try UnixctlClient.run(command, arguments, at: address, on: loop)
    } catch {
      invocation.log.module("unixctl").warn("failed to connect to \(path)")
      invocation.fail("cannot connect to \"\(path)\" (\(error.message))")
    }
  }

  private static func findSocket(_ invocation: Invocation, program: String) -> String {
    guard Directories.numbersControlSockets else {
      return invocation.directories.controlSocket(of: program, process: 0)
    }
    let pidfile = "\(invocation.directories.run)/\(program).pid"
    let content: [UInt8]
    do throws(SystemError) {
      content = try Files.read(pidfile)
    } catch {
      invocation.log.module("daemon_unix").warn("\(pidfile): open: \(error.message)")
      invocation.fail("cannot read pidfile \"\(pidfile)\" (\(error.message))")
    }
    let digits = content.prefix { $0 >= 0x30 && $0 <= 0x39 }
    guard let identifier = Int32(String(decoding: digits, as: UTF8.self)), identifier > 0 else {
      invocation.fail("cannot read pidfile \"\(pidfile)\" (Invalid argument)")
    }
    if let holder = PidFile.holder(pidfile) {
      if holder != identifier && holder != 0 {
        invocation.fail("cannot read pidfile \"\(pidfile)\" (stale pidfile for pid \(identifier))")
      }
    } else if !Process.exists(identifier) {
      invocation.log.module("daemon_unix").warn("\(pidfile): pid \(identifier) is not running")
      invocation.fail("cannot read pidfile \"\(pidfile)\" (No such process)")
    }
    return invocation.directories.controlSocket(of: program, process: identifier)
  }
}
