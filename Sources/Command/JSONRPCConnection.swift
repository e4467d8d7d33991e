// What: JSON values over a byte stream, one after another, which is how the database protocol and the control
// sockets frame their messages (JSON-RPC 1.0 without any framing of its own).

public import Host
public import JSON

/// A connection that carries JSON values.
public final class JSONRPCConnection {
  /// Why a connection ended.
  public enum CloseReason: Equatable, Sendable {
    /// The stream ended.
    case stream(ByteStream.CloseReason)
    /// The peer sent what is not JSON.
    case notJSON(JSONError)

    /// What to tell the user.
    public var message: String {
      switch self {
      case .stream(.endOfStream): "End of file"
      case .stream(.closedHere): "connection closed"
      case .stream(.failed(let error)): error.message
      case .stream(.sendQueueFull(let count)): "send queue full (\(count) bytes)"
      case .notJSON(let error): error.message
      }
    }
  }

  /// Called when a connection attempt has succeeded.
  public var onConnect: (() -> Void)?
  /// Called with each value that came in.
  public var onMessage: ((JSONValue) -> Void)?
  /// Called when the send queue has become empty.
  public var onDrain: (() -> Void)?
  /// Called once, when the connection has ended.
  public var onClose: ((CloseReason) -> Void)?

  /// The stream below, for its name, counters and limits.
  public let stream: ByteStream
  private var parser: JSONStream
  private var failure: JSONError?
  private var isPaused = false

  /// Carries JSON over a stream, whose closures it takes over.
  public init(_ stream: ByteStream, limits: JSONLimits = JSONLimits()) {
    self.stream = stream
    parser = JSONStream(limits: limits)
    stream.onConnect = { [self] in onConnect?() }
    stream.onReceive = { [self] bytes in receive(bytes) }
    stream.onDrain = { [self] in onDrain?() }
    stream.onClose = { [self] reason in
      let report = onClose
      onConnect = nil
      onMessage = nil
      onDrain = nil
      onClose = nil
      if let failure { report?(.notJSON(failure)) } else { report?(.stream(reason)) }
    }
  }

  /// Starts to connect.
  public static func connect(
    to address: StreamAddress, on loop: EventLoop
  ) throws(SystemError) -> JSONRPCConnection {
    JSONRPCConnection(try ByteStream.connect(to: address, on: loop))
  }

  /// Sends a value; false if the connection has ended, or ends since too much waits.
  @discardableResult
  public func send(_ value: JSONValue) -> Bool { stream.send(value.bytes()) }

  /// Ends the connection.
  public func close() { stream.close() }

  /// Gives no more values until `resume`, and reads no more either; may be called for each value.
  public func pause() {
    guard !isPaused else { return }
    isPaused = true
    stream.pauseReading()
  }

  /// Goes on after `pause`, beginning with the values that came in before it.
  public func resume() {
    guard isPaused else { return }
    isPaused = false
    stream.resumeReading()
    deliver()
  }

  private func receive(_ bytes: [UInt8]) {
    parser.append(bytes)
    deliver()
  }

  private func deliver() {
    do throws(JSONError) {
      while !isPaused, onMessage != nil, let value = try parser.next() { onMessage?(value) }
    } catch {
      failure = error
      stream.close()
    }
  }
}
