// What a worker and a daemon do around a group of engines.

public import Datapath

/// What an engine sent: a port and the bytes.
public struct Sent: Equatable, Comparable {
  /// The port's number.
  public var port: UInt32
  /// The packet.
  public var bytes: [UInt8]

  /// Makes what was sent.
  public init(port: UInt32, bytes: [UInt8]) {
    self.port = port
    self.bytes = bytes
  }

  /// Orders by port, then by bytes.
  public static func < (left: Sent, right: Sent) -> Bool {
    left.port != right.port ? left.port < right.port : left.bytes.lexicographicallyPrecedes(right.bytes)
  }
}

/// A configuration small enough that a test can have many engines.
public func smallConfiguration() -> EngineConfiguration {
  var configuration = EngineConfiguration()
  configuration.smallSlotCount = 64
  configuration.largeSlotCount = 2
  configuration.maximumMaskCount = 16
  configuration.maximumFlowCount = 200
  configuration.maximumPortCount = 16
  configuration.maximumOutputCount = 128
  configuration.maximumUpcallCount = 64
  configuration.initialCacheSetCount = 16
  configuration.maximumCacheSetCount = 64
  return configuration
}

/// A copy of bytes.
public func copy(_ bytes: RawSpan) -> [UInt8] {
  var copy: [UInt8] = []
  copy.reserveCapacity(bytes.byteCount)
  for index in 0..<bytes.byteCount {
    copy.append(unsafe bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self))
  }
  return copy
}

extension EngineGroup {
  /// Lets an engine receive a packet; returns what was sent and the messages for the daemon.
  public func run(
    _ packet: [UInt8], from port: UInt32, now: UInt64, on index: Int
  ) -> (sent: [Sent], up: [[UInt8]]) {
    if case .accepted = receive(RawSpan(_elements: packet.span), from: .init(port), on: index) {
      process(nowMilliseconds: now, on: index)
    }
    return (drain(index), drainUpcalls(on: index))
  }

  /// Takes out what an engine has to send.
  public func drain(_ index: Int) -> [Sent] {
    var sent: [Sent] = []
    while let output = nextOutput(on: index) {
      var packet = first(of: output, on: index)
      while let current = packet {
        sent.append(Sent(port: output.port.rawValue, bytes: copy(bytes(of: current, on: index))))
        packet = next(after: current, on: index)
      }
      finishOutput(output, sent: output.count, on: index)
    }
    return sent.sorted()
  }

  /// Sends a request and decodes the answers.
  public func request(
    _ body: Message.Body, flags: MessageFlags = [.request, .acknowledge], now: UInt64 = 1, on index: Int = 0
  ) -> [Message] {
    let bytes = Message(MessageHeader(flags: flags, sequence: 7), body).encode()
    return handle(message: bytes, nowMilliseconds: now, on: index).flatMap { (try? Message.decode($0)) ?? [] }
  }
}
