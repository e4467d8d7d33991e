import Command
import Host

/// A place at which clients connect, or a client to connect to.
final class Remote {
  let target: String
  /// Whether a column of a database names it, not a person.
  let isFromDatabase: Bool
  private let loop: EventLoop
  private let log: LogModule
  private let portLog: LogModule
  private let serve: (ByteStream, _ probes: Bool, _ onEnd: @escaping () -> Void) -> Void
  private var listener: StreamListener?
  private var stream: ByteStream?
  private var isClosed = false
  private var hasWarned = false
  private var backoffMilliseconds = Remote.leastBackoffMilliseconds

  /// Least and most time between attempts, in milliseconds; as Open vSwitch has them.
  private static let leastBackoffMilliseconds: Int64 = 1000
  private static let mostBackoffMilliseconds: Int64 = 8000

  /// Makes a remote; `serve` gets each connection.
  init(
    _ target: String, isFromDatabase: Bool, on loop: EventLoop, log: LogModule, portLog: LogModule,
    serve: @escaping (ByteStream, _ probes: Bool, _ onEnd: @escaping () -> Void) -> Void
  ) {
    self.target = target
    self.isFromDatabase = isFromDatabase
    self.loop = loop
    self.log = log
    self.portLog = portLog
    self.serve = serve
  }

  /// Whether a client is connected through an active remote.
  var isConnected: Bool { stream?.isOpen ?? false }

  /// Listens or connects, and goes on trying until closed.
  func start() {
    guard !isClosed else { return }
    let address: StreamAddress
    do throws(StreamAddress.ParseError) {
      address = try StreamAddress(target, defaultPort: StreamAddress.databasePort)
    } catch {
      warn("\(target): connection attempt failed (Address family not supported by protocol)")
      return retry()
    }
    if address.isPassive, case .local(let path) = address.transport, Remote.isPrecious(path) {
      warn("\(target): listen failed: a file that is not a socket is in the way")
      return retry()
    }
    do throws(SystemError) {
      if address.isPassive { try listen(address) } else { try connect(address) }
    } catch {
      warn(
        address.isPassive
          ? "\(target): listen failed: \(error.message)"
          : "\(target): connection attempt failed (\(error.message))")
      retry()
    }
  }

  private static func needsProbes(_ address: StreamAddress) -> Bool {
    if case .local = address.transport { return false }
    return true
  }

  /// Whether a file would be lost if a socket took its place.
  ///
  /// Sockets left behind make way (on Windows they are empty files), but who may write a column of remotes may
  /// not remove other files by it, least of all the database.
  private static func isPrecious(_ path: String) -> Bool {
    switch Files.kind(path) {
    case nil, .socket, .symbolicLink: false
    case .directory, .other: true
    case .regular: (try? File(path, .read).byteCount()) != 0
    }
  }

  private func listen(_ address: StreamAddress) throws(SystemError) {
    let probes = Remote.needsProbes(address)
    let listener = try StreamListener(address, on: loop) { [self] stream in serve(stream, probes) {} }
    self.listener = listener
    if let text = listener.chosenPortText { portLog.info(text) }
  }

  private func connect(_ address: StreamAddress) throws(SystemError) {
    let stream = try ByteStream.connect(to: address, on: loop)
    self.stream = stream
    serve(stream, Remote.needsProbes(address)) { [self] in
      self.stream = nil
      retry()
    }
  }

  private func retry() {
    guard !isClosed else { return }
    loop.schedule(afterMilliseconds: backoffMilliseconds) { [self] in start() }
    backoffMilliseconds = min(2 * backoffMilliseconds, Self.mostBackoffMilliseconds)
  }

  /// Says once what is wrong, not at each attempt.
  private func warn(_ message: String) {
    if !hasWarned { log.error(message) }
    hasWarned = true
  }

  /// Stops listening or connecting.
  func close() {
    isClosed = true
    listener?.close()
    listener = nil
    stream?.close()
    stream = nil
  }
}
