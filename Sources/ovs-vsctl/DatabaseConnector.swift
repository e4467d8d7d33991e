import Command
import Host

/// Connects to the database server, or waits for it to connect, and again if that fails and is to be retried.
final class DatabaseConnector {
  /// Called with each connection.
  var onConnect: ((JSONRPCConnection) -> Void)?
  /// Whether to go on after a failure.
  var retries: Bool

  private let remotes: [String]
  private let invocation: Invocation
  private let loop: EventLoop
  private var nextRemote = 0
  private var backoffMilliseconds: Int64 = 1000
  private var listener: StreamListener?

  /// Longest time between two attempts.
  private static let maximumBackoffMilliseconds: Int64 = 8000

  init(_ database: String, retries: Bool, _ invocation: Invocation, on loop: EventLoop) {
    let parts = database.utf8.split(separator: UInt8(ascii: ",")).map {
      String(decoding: Array($0), as: UTF8.self)
    }
    remotes = parts.isEmpty ? [database] : parts
    self.retries = retries
    self.invocation = invocation
    self.loop = loop
  }

  private var remote: String { remotes[nextRemote % remotes.count] }

  /// Connects, or listens.
  func connect() {
    guard let address = try? StreamAddress(remote, defaultPort: StreamAddress.databasePort) else {
      return failed("Address family not supported by protocol")
    }
    do throws(SystemError) {
      if address.isPassive {
        if listener == nil { try listen(on: address) }
        return
      }
      let connection = try JSONRPCConnection.connect(to: address, on: loop)
      connection.onConnect = { [self] in
        backoffMilliseconds = 1000
        onConnect?(connection)
      }
      connection.onClose = { [self] reason in failed(reason.message) }
    } catch {
      failed(error.message)
    }
  }

  private func listen(on address: StreamAddress) throws(SystemError) {
    listener = try StreamListener(address, on: loop) { [self] stream in
      onConnect?(JSONRPCConnection(stream))
    }
  }

  /// A connection that was given out has ended.
  func closed(_ reason: String) {
    if listener == nil { failed(reason) }
  }

  private func failed(_ reason: String) {
    nextRemote += 1
    if nextRemote % remotes.count != 0 { return loop.deferWork { [self] in connect() } }
    guard retries else {
      invocation.fail("\(remotes[(nextRemote - 1) % remotes.count]): database connection failed (\(reason))")
    }
    loop.schedule(afterMilliseconds: backoffMilliseconds) { [self] in connect() }
    backoffMilliseconds = min(backoffMilliseconds * 2, Self.maximumBackoffMilliseconds)
  }
}
