import Datapath
import OpenFlow

@testable import Switch

/// Who answers at an address.
struct ControllerPlace {
  var manner = ControllerPeer.Manner.polite
  var version = OpenFlowVersion.v13
  /// Whether connections are refused.
  var refuses = false
}

/// A controller, or a tool such as `ovs-ofctl`, that speaks OpenFlow with the switch.
final class ControllerPeer: StreamPeer {
  /// How it behaves.
  enum Manner: CaseIterable {
    /// Speaks OpenFlow, and answers.
    case polite
    /// Takes the connection and says nothing.
    case silent
    /// Says hello, and no more.
    case terse
    /// Reads nothing, but asks.
    case stuck
    /// Speaks something else.
    case foreign
  }

  let manner: Manner
  let version: OpenFlowVersion
  /// The address that the switch connected to; nil for who connected to the switch.
  let address: String?
  /// When the connection was made.
  private(set) var since: Int64 = 0
  private(set) var stream: SimulatedStream?
  private(set) var isEstablished = false
  private var input = MessageStream()
  private var nextXID: UInt32 = 1
  /// Messages to send once a version is settled.
  var pending: [Message] = []
  /// What the switch said, counted.
  private(set) var receivedCount = 0
  private(set) var errors: [OpenFlowError] = []

  init(_ manner: Manner, version: OpenFlowVersion, address: String? = nil) {
    self.manner = manner
    self.version = version
    self.address = address
  }

  var form: WireProtocol { WireProtocol(version, niciraFlows: version == .v10, tableID: version != .v10) }

  func opened(_ stream: SimulatedStream, _ world: World) {
    self.stream = stream
    since = world.now
    isEstablished = false
    input = MessageStream()
    errors = []
    switch manner {
    case .silent: break
    case .foreign: world.send(world.chance.bytes(world.chance.number(1...200)), to: stream)
    case .polite, .terse, .stuck:
      stream.isStuck = manner == .stuck
      // A 1.0 hello has no list of versions; another lists what it speaks.
      sendNow(.hello(Hello(versions: OpenFlowVersions(version))), world)
      if manner == .stuck { isEstablished = true }
    }
  }

  func received(_ bytes: [UInt8], _ stream: SimulatedStream, _ world: World) {
    input.append(bytes)
    while let bytes = try? input.next() {
      receivedCount += 1
      guard manner == .polite, let received = try? Message.decode(bytes, hasTableID: true) else {
        continue
      }
      switch received.message {
      case .hello:
        isEstablished = true
        let waiting = pending
        pending = []
        for message in waiting { send(message, world) }
      case .echoRequest(let payload): sendNow(.echoReply(payload), world, xid: received.xid)
      case .error(let error): if let error = error.error { errors.append(error) }
      default: break
      }
    }
  }

  func closed(_ stream: SimulatedStream) {
    guard self.stream === stream else { return }
    self.stream = nil
    isEstablished = false
  }

  /// Sends a message, if OpenFlow is spoken.
  func send(_ message: Message, _ world: World) {
    guard isEstablished else { return }
    sendNow(message, world)
  }

  private func sendNow(_ message: Message, _ world: World, xid: UInt32? = nil) {
    send(bytes: encode(message, xid: xid), world)
  }

  /// Sends bytes as they are.
  func send(bytes: [UInt8], _ world: World) {
    guard let stream else { return }
    world.send(bytes, to: stream)
  }

  /// A message as bytes of the peer's version.
  func encode(_ message: Message, xid: UInt32? = nil) -> [UInt8] {
    nextXID &+= 1
    return message.encode(form, xid: xid ?? nextXID)
  }
}
