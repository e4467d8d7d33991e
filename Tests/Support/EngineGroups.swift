// What a worker and a daemon do around the engines of a datapath. A test that needs one engine has a group of one.

public import Datapath
import PacketWire

/// A packet that an engine sent.
public struct Sent: Equatable, Comparable {
  /// The port's number.
  public var port: UInt32
  /// The packet.
  public var bytes: [UInt8]
  /// What the port is left to do with it.
  public var offload: Offload

  /// Makes what was sent.
  public init(port: UInt32, bytes: [UInt8], offload: Offload = Offload()) {
    self.port = port
    self.bytes = bytes
    self.offload = offload
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

extension Engine {
  /// Takes out what is to be sent, port by port.
  public mutating func takeSent() -> [Sent] {
    var sent: [Sent] = []
    while let output = nextOutput() {
      var packet = first(of: output)
      while let current = packet {
        sent.append(
          Sent(port: output.port.rawValue, bytes: Array(bytes(of: current)), offload: current.offload))
        packet = next(after: current)
      }
      finishOutput(output, sent: output.count)
    }
    return sent
  }
}

extension EngineGroup {
  // MARK: Packets

  /// Lets an engine receive a packet, and processes it.
  public func take(_ packet: [UInt8], from port: UInt32, now: UInt64, on index: Int = 0) {
    if case .accepted = receive(RawSpan(_elements: packet.span), from: .init(port), on: index) {
      process(nowMilliseconds: now, on: index)
    }
  }

  /// Lets an engine receive a packet; returns what was sent and the messages for the daemon.
  public func run(
    _ packet: [UInt8], from port: UInt32, now: UInt64, on index: Int = 0
  ) -> (sent: [Sent], up: [[UInt8]]) {
    take(packet, from: port, now: now, on: index)
    return (drain(index), drainUpcalls(on: index))
  }

  /// Takes out what an engine has to send, port by port.
  public func takeSent(on index: Int = 0) -> [Sent] { unlocked(index) { $0.takeSent() } }

  /// Takes out what an engine has to send, in an order that does not depend on when it was sent.
  public func drain(_ index: Int) -> [Sent] { takeSent(on: index).sorted() }

  // MARK: Requests

  /// Sends a request and decodes the answers.
  @discardableResult
  public func request(
    _ body: NetlinkMessage.Body, flags: MessageFlags = [.request, .acknowledge], now: UInt64 = 1,
    on index: Int = 0
  ) -> [NetlinkMessage] {
    let header = NetlinkHeader(flags: flags, sequence: 7, datapathIndex: datapathIndex)
    let bytes = NetlinkMessage(header, body).encode()
    return handle(message: bytes, nowMilliseconds: now, on: index).flatMap {
      (try? NetlinkMessage.decode($0)) ?? []
    }
  }

  /// All ports, with what was counted.
  public func ports(now: UInt64) -> [VportMessage] {
    request(.vport(.get, VportMessage()), flags: [.request, .dump], now: now).compactMap {
      if case .vport(_, let port) = $0.body { port } else { nil }
    }
  }

  /// All flows, with what was counted.
  public func flows(now: UInt64) -> [FlowMessage] {
    request(.flow(.get, FlowMessage(key: nil)), flags: [.request, .dump], now: now).compactMap {
      if case .flow(_, let flow) = $0.body { flow } else { nil }
    }
  }
}
