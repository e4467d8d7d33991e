// What: one OpenFlow connection: settles a version, cuts what the peer sends into messages, and knows what the peer asked for.
//
// How: the agent of the bridge gives it bytes and then takes its steps one by one: a session answers nothing by itself, since
// most answers are about the bridge.

import Vlog
import OpenFlow

/// An OpenFlow connection of a bridge.
final class OpenFlowSession {
  /// Who is at the other end.
  enum Kind: Equatable {
    /// A controller that the configuration names, by its target; what is unasked goes to it by default.
    case controller(target: String)
    /// Somebody who connected to us (`ovs-ofctl`): told unasked only after asking for it.
    case service
    /// Somebody who wants copies of what controllers exchange with us.
    case snoop
  }
  /// What the agent has to do next for a session.
  enum Step {
    /// Take note that a version is settled.
    case established
    /// Carry out a request.
    case request([UInt8])
    /// Send an error about a message.
    case refuse(OpenFlowError, about: [UInt8])
    /// Send a message that the peer's versions are none of ours, and end the session.
    case refuseHello(text: String, xid: UInt32)
    /// End the session.
    case close(why: String)
  }
  /// How far the conversation is, with the form of messages to the peer.
  private enum State {
    /// Messages go out in the newest version that is offered.
    case awaitingHello(WireProtocol)
    /// The version is settled.
    case established(WireProtocol)
    case closed(WireProtocol)
  }

  let id: StreamID
  let kind: Kind
  private let versions: OpenFlowVersions
  private var state: State
  private var input = MessageStream()
  /// The role that the peer asked for.
  var role = ControllerRole.equal
  /// Which messages the peer wants unasked.
  var asynchronous = AsyncConfiguration.initial(.v10)
  /// How many bytes of a packet go to the peer when a table misses; 0 for none to a service.
  var missSendByteCount: UInt16
  /// How many bytes those are unless the peer says otherwise.
  static var defaultMissSendByteCount: UInt16 { 128 }
  /// Whether the peer wants packets whose TTL ran out.
  var wantsInvalidTTL = false
  /// The number by which `controller` actions choose this connection.
  var controllerID: UInt16 = 0
  /// The bundles that the peer opened, by id.
  var bundles: [UInt32: Bundle] = [:]
  /// How many bytes their messages may have together.
  var bundleByteLimit = Bundle.byteLimit
  /// A request that waits for a datapath; the next ones wait behind it.
  enum Held {
    /// A barrier waits until the datapath does what the requests before it want.
    case barrier(ReceivedMessage)
    /// A question about ports waits for their counters.
    case ports(ReceivedMessage)
    /// A question about meters waits for their counters, for which the datapath was asked.
    case meters(ReceivedMessage, [Meter])
  }
  /// Whether a request since the last barrier may have changed what packets meet, so that the next barrier has to wait.
  var hasChanged = false
  /// The request that waits for a datapath.
  var held: Held?
  /// When something last came from the peer, in milliseconds.
  private(set) var heardMilliseconds: Int64
  private var nextXID: UInt32 = 1
  /// Bytes sent since all that was sent before was known to have left.
  private var sentByteCount = 0
  /// Whether the peer has to read before it is heard again, and before it gets more packets.
  private(set) var isBehind = false

  /// How much is sent before the peer has to have read it, in bytes.
  ///
  /// A small request can have a large answer, so a peer that asks and does not read would take any memory.
  static var backlogByteLimit: Int { 1 << 20 }

  /// The types of messages that are the same in every version: hello, error, and echoes.
  private static var lastCommonType: UInt8 { 3 }

  init(id: StreamID, kind: Kind, versions: OpenFlowVersions, now: Int64) {
    self.id = id
    self.kind = kind
    self.versions = versions
    state = .awaitingHello(WireProtocol(versions.newest ?? .v10))
    heardMilliseconds = now
    missSendByteCount = 0
    if case .controller = kind { missSendByteCount = Self.defaultMissSendByteCount }
  }

  /// The form of messages to the peer.
  var form: WireProtocol {
    get {
      switch state {
      case .awaitingHello(let form), .established(let form), .closed(let form): form
      }
    }
    set {
      switch state {
      case .awaitingHello: state = .awaitingHello(newValue)
      case .established: state = .established(newValue)
      case .closed: state = .closed(newValue)
      }
    }
  }

  /// Whether a version is settled.
  var isEstablished: Bool { if case .established = state { true } else { false } }

  /// Whether the peer is a controller that the configuration names.
  var isController: Bool { if case .controller = kind { true } else { false } }

  /// Whether the peer is told anything unasked.
  var wantsAnything: Bool {
    switch kind {
    case .controller: true
    case .service: missSendByteCount > 0
    case .snoop: false
    }
  }

  /// A number for a message that answers none.
  func makeXID() -> UInt32 {
    defer { nextXID &+= 1 }
    return nextXID
  }

  // MARK: output

  /// Takes note of bytes that were sent; says whether they have to leave before the peer is heard again.
  func sent(byteCount: Int) -> Bool {
    sentByteCount &+= byteCount
    guard sentByteCount > Self.backlogByteLimit, !isBehind else { return false }
    isBehind = true
    return true
  }

  /// Everything sent has left: what the peer asked meanwhile can be answered.
  func drained() {
    sentByteCount = 0
    isBehind = false
  }

  /// The session is over.
  func close() { state = .closed(form) }

  // MARK: input

  /// Takes bytes that the peer sent.
  func received(_ bytes: [UInt8], now: Int64) {
    heardMilliseconds = now
    input.append(bytes)
  }

  /// What is to be done next; nil if the peer has to say more, or to read, first.
  func next() -> Step? {
    guard !isBehind, held == nil else { return nil }
    do throws(OpenFlowError) {
      switch state {
      case .awaitingHello: return try input.next().map { receivedHello($0) }
      case .established(let form): return try input.next().map { received($0, form) }
      case .closed: return nil
      }
    } catch {
      return .close(why: "received too short a message")
    }
  }

  private func received(_ bytes: [UInt8], _ form: WireProtocol) -> Step {
    if let header = MessageHeader(bytes), header.version != form.version.rawValue,
      header.type > Self.lastCommonType
    {
      return .refuse(.badRequestBadVersion, about: bytes)
    }
    return .request(bytes)
  }

  private func receivedHello(_ bytes: [UInt8]) -> Step {
    guard let received = try? Message.decode(bytes), case .hello(let hello) = received.message else {
      return .close(why: "received something else than a hello")
    }
    guard let version = versions.negotiated(with: hello.versions) else {
      return .refuseHello(
        text:
          "We support version \(versions.text), you support version \(hello.versions.text), no common versions.",
        xid: received.xid)
    }
    state = .established(WireProtocol(version))
    asynchronous = .initial(version)
    return .established
  }
}

extension AsyncConfiguration {
  /// What a controller wants unasked before it says otherwise.
  static func initial(_ version: OpenFlowVersion) -> AsyncConfiguration {
    var configuration = AsyncConfiguration()
    // No match, action, and what OpenFlow 1.4 split off action: action set, group, packet-out.
    configuration.primary[AsyncMessageKind.packetIn.rawValue] = 0b11_1011
    configuration.primary[AsyncMessageKind.portStatus.rawValue] = 0b111
    configuration.secondary[AsyncMessageKind.portStatus.rawValue] = 0b111
    // Deletion of a group is a reason from OpenFlow 1.3 on, that of a meter and eviction from 1.4 on.
    configuration.primary[AsyncMessageKind.flowRemoved.rawValue] =
      version >= .v14 ? 0b11_1111 : version == .v13 ? 0b1111 : 0b111
    return configuration.withMisses(version)
  }

  /// The same with what "no match" means in a version: a rule for misses; and before OpenFlow 1.3, a table without one.
  func withMisses(_ version: OpenFlowVersion) -> AsyncConfiguration {
    var all = self
    let place = AsyncMessageKind.packetIn.rawValue
    all.primary[place] = Self.withMisses(primary[place], version)
    all.secondary[place] = Self.withMisses(secondary[place], version)
    return all
  }

  /// The same as the controller gave it.
  var withoutMisses: AsyncConfiguration {
    var all = self
    let place = AsyncMessageKind.packetIn.rawValue
    all.primary[place] &= ~Self.misses
    all.secondary[place] &= ~Self.misses
    return all
  }

  private static var misses: UInt32 {
    1 << UInt32(PacketInReason.explicitMiss.rawValue) | 1 << UInt32(PacketInReason.implicitMiss.rawValue)
  }

  private static func withMisses(_ mask: UInt32, _ version: OpenFlowVersion) -> UInt32 {
    guard mask & 1 << UInt32(PacketInReason.noMatch.rawValue) != 0 else { return mask & ~misses }
    return version < .v13 ? mask | misses : mask & ~misses | 1 << UInt32(PacketInReason.explicitMiss.rawValue)
  }
}

extension OpenFlowVersions {
  /// The versions as a hello failure lists them: "0x01, 0x04".
  var text: String {
    var parts: [String] = []
    for bit in UInt32(1)..<32 where rawValue & 1 << bit != 0 {
      parts.append("0x\(bit < 16 ? "0" : "")\(String(bit, radix: 16))")
    }
    return parts.joined(separator: ", ")
  }
}
