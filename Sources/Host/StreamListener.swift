/// Accepts connections at an address, until closed.
public final class StreamListener {
  /// The address it listens at.
  public let address: StreamAddress
  /// The TCP port it got; 0 for a unix socket.
  public let port: UInt16

  /// What the log says of a port that the system has chosen, since nobody knows it otherwise; nil if the user has.
  public var chosenPortText: String? {
    guard case .tcp(_, 0) = address.transport, let colon = address.text.utf8.firstIndex(of: UInt8(ascii: ":"))
    else { return nil }
    let place = String(decoding: Array(address.text.utf8[colon...].dropFirst()), as: UTF8.self)
    return "\(place): listening on port \(port)"
  }

  private let loop: EventLoop
  private let descriptor: Descriptor
  private var token: WatchToken?
  private var nextConnectionNumber = 0
  private var onAccept: ((ByteStream) -> Void)?

  /// Listens, and calls `onAccept` with each connection.
  ///
  /// Set the stream's closures before returning.
  public init(
    _ address: StreamAddress, on loop: EventLoop, onAccept: @escaping (ByteStream) -> Void
  ) throws(SystemError) {
    self.address = address
    self.loop = loop
    self.onAccept = onAccept
    switch address.transport {
    case .local(let path):
      descriptor = try Syscalls.listenLocal(path)
      port = 0
    case .tcp(let host, let wanted):
      descriptor = try Syscalls.listenTCP(host: host, port: wanted)
      port = Syscalls.localPort(descriptor)
    case .tls:
      throw Syscalls.unsupported
    }
    do throws(SystemError) {
      token = try loop.watch(descriptor, .readable) { [self] _ in accept() }
    } catch {
      Syscalls.close(descriptor)
      throw error
    }
  }

  /// Stops listening and removes the socket's file.
  public func close() {
    guard let token else { return }
    loop.unwatch(token)
    self.token = nil
    onAccept = nil
    Syscalls.close(descriptor)
    if case .local(let path) = address.transport { Syscalls.removeLocal(path) }
  }

  private func accept() {
    for _ in 0..<StreamListener.maximumAcceptsPerTurn {
      guard token != nil else { return }
      let accepted: Descriptor
      do throws(SystemError) {
        accepted = try Syscalls.accept(descriptor)
      } catch {
        // It concerns no connection that exists.
        if !error.isWouldBlock { rest() }
        return
      }
      nextConnectionNumber += 1
      let peer = Syscalls.peerName(accepted)
      let name = peer.utf8.isEmpty ? "unix#\(nextConnectionNumber - 1)" : "tcp:" + peer
      if let stream = try? ByteStream(accepted: accepted, peerName: name, on: loop) { onAccept?(stream) }
    }
  }

  /// Leaves those who wait alone for a moment: while there is no descriptor for them, they would be reported all the time.
  private func rest() {
    guard let token else { return }
    loop.change(token, to: [])
    _ = loop.schedule(afterMilliseconds: StreamListener.restMilliseconds) { [self] in
      if let token = self.token { loop.change(token, to: .readable) }
    }
  }

  private static let maximumAcceptsPerTurn = 16
  private static let restMilliseconds: Int64 = 100
}
