// What: a connection that carries bytes both ways, over a unix socket, TCP, or a named pipe on Windows.
//
// How: nothing blocks. What cannot be written at once waits in a queue with a limit; a peer that does not read
// makes the queue reach the limit, and the stream is closed rather than the program's memory eaten.

/// A connection owned by an event loop.
public final class ByteStream {
  /// Why a stream ended.
  public enum CloseReason: Equatable, Sendable {
    /// The peer closed it in good order.
    case endOfStream
    /// This program closed it.
    case closedHere
    /// The system reported an error.
    case failed(SystemError)
    /// The peer read too slowly: more than this many bytes wait.
    case sendQueueFull(byteCount: Int)
  }

  private enum State {
    case connecting
    case open
    case closed
  }

  /// The default of the most bytes that may wait to be sent.
  public static let defaultSendQueueLimitByteCount = 512 * 1024 * 1024

  /// Called once when a connection attempt has succeeded; at once for an accepted stream.
  public var onConnect: (() -> Void)?
  /// Called with each piece that the peer sent.
  public var onReceive: (([UInt8]) -> Void)?
  /// Called when the send queue has become empty.
  public var onDrain: (() -> Void)?
  /// Called once, when the stream has ended; never during a call into the stream.
  public var onClose: ((CloseReason) -> Void)?

  /// The most bytes that may wait to be sent.
  public var sendQueueLimitByteCount = ByteStream.defaultSendQueueLimitByteCount

  /// What the peer is called: the address connected to, or `unix#N` or `tcp:ADDRESS:PORT` of one that connected.
  public let peerName: String

  private let loop: EventLoop
  private let descriptor: Descriptor
  private var token: WatchToken?
  private var state: State
  private var isReadingPaused = false
  private var isClosingAfterSending = false
  private var interest: Readiness
  private var queue: [[UInt8]] = []
  private var queueHead = 0
  private var headOffset = 0
  private var buffer = [UInt8](repeating: 0, count: 65_536)

  /// Bytes that wait to be sent.
  public private(set) var queuedByteCount = 0
  /// Bytes received so far.
  public private(set) var receivedByteCount: UInt64 = 0
  /// Bytes accepted for sending so far.
  public private(set) var sentByteCount: UInt64 = 0

  /// Whether the stream is connected.
  public var isOpen: Bool { if case .open = state { true } else { false } }

  /// Starts to connect.
  ///
  /// An error that is known at once is thrown; a later one closes the stream.
  public static func connect(to address: StreamAddress, on loop: EventLoop) throws(SystemError) -> ByteStream
  {
    let descriptor: Descriptor
    switch address.transport {
    case .local(let path): descriptor = try Syscalls.connectLocal(path)
    case .tcp(let host, let port): descriptor = try Syscalls.connectTCP(host: host, port: port)
    case .tls: throw Syscalls.unsupported
    }
    return try ByteStream(descriptor, peerName: address.text, state: .connecting, on: loop)
  }

  /// Takes a connection that a listener accepted.
  convenience init(accepted descriptor: Descriptor, peerName: String, on loop: EventLoop) throws(SystemError)
  {
    try self.init(descriptor, peerName: peerName, state: .open, on: loop)
  }

  private init(
    _ descriptor: Descriptor, peerName: String, state: State, on loop: EventLoop
  ) throws(SystemError) {
    self.descriptor = descriptor
    self.peerName = peerName
    self.state = state
    self.loop = loop
    if case .connecting = state { interest = .writable } else { interest = .readable }
    do throws(SystemError) {
      token = try loop.watch(descriptor, interest) { [self] readiness in ready(readiness) }
    } catch {
      Syscalls.close(descriptor)
      throw error
    }
  }

  /// Sends bytes, or queues them.
  ///
  /// Returns false, and closes the stream, if the queue is full; false also if the stream has ended.
  @discardableResult
  public func send(_ bytes: [UInt8]) -> Bool {
    if case .closed = state { return false }
    if isClosingAfterSending { return false }
    if bytes.isEmpty { return true }
    if queuedByteCount + bytes.count > sendQueueLimitByteCount {
      end(.sendQueueFull(byteCount: queuedByteCount))
      return false
    }
    queue.append(bytes)
    queuedByteCount += bytes.count
    sentByteCount &+= UInt64(bytes.count)
    if case .open = state { flush(mayReportDrain: false) }
    return true
  }

  /// Stops receiving until `resumeReading`; the system's own buffers then hold the peer back.
  public func pauseReading() {
    isReadingPaused = true
    updateInterest()
  }

  /// Receives again.
  public func resumeReading() {
    isReadingPaused = false
    updateInterest()
  }

  /// Ends the stream; bytes that wait are lost.
  ///
  /// `onClose` is called with `closedHere`.
  public func close() { end(.closedHere) }

  /// Ends the stream once what waits has been sent; nothing more is received.
  ///
  /// `onClose` is called with `closedHere`, or with what went wrong before.
  public func closeAfterSending() {
    if queuedByteCount == 0 || !isOpen { return close() }
    isClosingAfterSending = true
    pauseReading()
  }

  private func ready(_ readiness: Readiness) {
    if case .connecting = state {
      if let error = Syscalls.connectionResult(descriptor) { return end(.failed(error)) }
      state = .open
      onConnect?()
    }
    if readiness.contains(.writable) { flush(mayReportDrain: true) }
    if !readiness.isDisjoint(with: [.readable, .failed]), !isReadingPaused || readiness.contains(.failed) {
      receive()
    }
    updateInterest()
  }

  /// Reads a few pieces, so that one busy peer does not starve the others.
  private func receive() {
    for _ in 0..<ByteStream.maximumReadsPerTurn {
      guard case .open = state else { return }
      switch Syscalls.read(descriptor, into: &buffer) {
      case .count(let count):
        receivedByteCount &+= UInt64(count)
        onReceive?(Array(buffer[..<count]))
        if count < buffer.count || isReadingPaused { return }
      case .wouldBlock: return
      case .endOfStream: return end(.endOfStream)
      case .failed(let error): return end(.failed(error))
      }
    }
  }

  private static let maximumReadsPerTurn = 8

  private func flush(mayReportDrain: Bool) {
    let hadBytes = queuedByteCount > 0
    while queueHead < queue.count {
      switch Syscalls.write(descriptor, queue[queueHead], from: headOffset) {
      case .count(let count):
        headOffset += count
        queuedByteCount -= count
        if headOffset == queue[queueHead].count {
          queue[queueHead] = []
          queueHead += 1
          headOffset = 0
        }
      case .wouldBlock:
        compactQueue()
        return updateInterest()
      case .endOfStream: return end(.endOfStream)
      case .failed(let error): return end(.failed(error))
      }
    }
    queue.removeAll(keepingCapacity: queue.count <= 64)
    queueHead = 0
    if isClosingAfterSending { return end(.closedHere) }
    updateInterest()
    if hadBytes, mayReportDrain { onDrain?() }
  }

  private func compactQueue() {
    guard queueHead > 256, queueHead * 2 > queue.count else { return }
    queue.removeFirst(queueHead)
    queueHead = 0
  }

  private func updateInterest() {
    guard let token else { return }
    var wanted: Readiness = []
    switch state {
    case .connecting: wanted = .writable
    case .open:
      if !isReadingPaused { wanted.insert(.readable) }
      if queuedByteCount > 0 { wanted.insert(.writable) }
    case .closed: return
    }
    if wanted == interest { return }
    interest = wanted
    loop.change(token, to: wanted)
  }

  private func end(_ reason: CloseReason) {
    if case .closed = state { return }
    state = .closed
    if let token { loop.unwatch(token) }
    token = nil
    Syscalls.close(descriptor)
    queue = []
    queuedByteCount = 0
    // Whoever called into the stream finishes first; then the closures go, and with them cycles through them.
    loop.deferWork { [self] in
      let report = onClose
      onConnect = nil
      onReceive = nil
      onDrain = nil
      onClose = nil
      report?(reason)
    }
  }
}
