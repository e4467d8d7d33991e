// One OpenFlow connection: negotiates a version, answers requests, and sends what happens to whoever wants to know.

import Vlog
import OpenFlow

/// An OpenFlow connection of a bridge.
final class OpenFlowSession {
  /// Who is at the other end.
  enum Kind {
    /// A controller that the configuration names; what is unasked goes to it by default.
    case controller(ControllerLink)
    /// Somebody who connected to us (`ovs-ofctl`): told unasked only after asking for it.
    case service
    /// Somebody who wants copies of what controllers exchange with us.
    case snoop
  }
  /// How far the conversation is.
  private enum Stage {
    case awaitingHello
    case established
    case closed
  }

  let id: StreamID
  let kind: Kind
  let agent: BridgeAgent
  private var stage = Stage.awaitingHello
  private var input = MessageStream()
  /// The form of messages to the peer; the version is settled with the peer's hello.
  var form: WireProtocol
  /// The role that the peer asked for.
  var role = ControllerRole.equal
  /// Which messages the peer wants unasked.
  var asynchronous = AsyncConfiguration.initial
  /// How many bytes of a packet go to the peer when a table misses; 0 for none to a service.
  var missSendByteCount: UInt16
  /// Whether the peer wants packets whose TTL ran out.
  var wantsInvalidTTL = false
  /// The number by which `controller` actions choose this connection.
  var controllerID: UInt16 = 0
  /// The form of packet-ins.
  var packetInFormat = PacketInFormat.standard
  /// The bundles that the peer opened, by id.
  var bundles: [UInt32: Bundle] = [:]
  /// How many bytes their messages may have together.
  var bundleByteLimit = Bundle.byteLimit
  /// When something last came from the peer, in milliseconds.
  var heardMilliseconds: Int64
  private var nextXID: UInt32 = 1
  /// Bytes sent since all that was sent before was known to have left.
  private var sentByteCount = 0
  /// Whether the peer has to read before it is heard again, and before it gets more packets.
  private(set) var isBehind = false

  /// How much is sent before the peer has to have read it, in bytes.
  ///
  /// A small request can have a large answer, so a peer that asks and does not read would take any memory.
  static var backlogByteLimit: Int { 1 << 20 }

  init(id: StreamID, kind: Kind, agent: BridgeAgent) {
    self.id = id
    self.kind = kind
    self.agent = agent
    form = WireProtocol(agent.versions.newest ?? .v10)
    heardMilliseconds = agent.context.now
    missSendByteCount = 0
    if case .controller = kind { missSendByteCount = 128 }
  }

  /// Whether a version is settled.
  var isEstablished: Bool { stage == .established }

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

  /// Begins the conversation.
  func start() { send(.hello(Hello(versions: agent.versions)), xid: makeXID()) }

  private func makeXID() -> UInt32 {
    defer { nextXID &+= 1 }
    return nextXID
  }

  // MARK: output

  /// Sends a message in the version that was settled.
  func send(_ message: Message, xid: UInt32) { send(message, xid: xid, form: form) }

  /// Sends a message that answers another: in its dialect.
  func reply(_ message: Message, to request: ReceivedMessage) {
    send(message, xid: request.xid, form: request.replyProtocol)
  }

  /// Sends a message that answers none.
  func notify(_ message: Message) { send(message, xid: 0) }

  private func send(_ message: Message, xid: UInt32, form: WireProtocol) {
    let bytes = message.encode(form, xid: xid)
    guard !bytes.isEmpty else { return }
    sendCopy(bytes)
    if isController { agent.snoop(bytes) }
  }

  /// Sends bytes that are whole messages already.
  func sendCopy(_ bytes: [UInt8]) {
    agent.context.turn.emit(.streamSend(id, bytes))
    sentByteCount &+= bytes.count
    guard sentByteCount > Self.backlogByteLimit, !isBehind else { return }
    isBehind = true
    agent.context.turn.emit(.awaitDrain(id))
  }

  /// Everything sent has left: what the peer asked meanwhile is answered.
  func drained() {
    sentByteCount = 0
    isBehind = false
    handleInput()
  }

  /// Sends an error about a message.
  func refuse(_ error: OpenFlowError, _ bytes: [UInt8]) {
    let xid = MessageHeader(bytes)?.xid ?? 0
    send(.error(ErrorMessage(error, about: bytes)), xid: xid)
  }

  /// Asks whether the peer is there.
  func probe() { send(.echoRequest([]), xid: 0) }

  private func close(_ why: String) {
    guard stage != .closed else { return }
    stage = .closed
    agent.context.turn.log("vconn", .warning, "\(agent.bridge.name): \(why)")
    agent.context.turn.emit(.closeStream(id))
    agent.closed(self, reason: why)
  }

  // MARK: input

  /// Takes bytes that the peer sent.
  func received(_ bytes: [UInt8]) {
    heardMilliseconds = agent.context.now
    input.append(bytes)
    handleInput()
  }

  private func handleInput() {
    while stage != .closed, !isBehind {
      do throws(OpenFlowError) {
        guard let message = try input.next() else { return }
        received(message: message)
      } catch {
        close("received too short a message")
      }
    }
  }

  private func received(message bytes: [UInt8]) {
    switch stage {
    case .awaitingHello: receivedHello(bytes)
    case .established:
      if isController { agent.snoop(bytes) }
      guard let header = MessageHeader(bytes) else { return }
      guard header.version == form.version.rawValue || header.type == 0 else {
        refuse(.badRequestBadVersion, bytes)
        return
      }
      dispatch(bytes)
    case .closed: break
    }
  }

  private func receivedHello(_ bytes: [UInt8]) {
    guard let received = try? Message.decode(bytes), case .hello(let hello) = received.message else {
      close("received something else than a hello")
      return
    }
    guard let version = agent.versions.negotiated(with: hello.versions) else {
      let text =
        "We support version \(agent.versions.text), you support version \(hello.versions.text), no common versions."
      send(.error(ErrorMessage(helloFailed: .helloFailedIncompatible, text: text)), xid: received.xid)
      close("no common OpenFlow version")
      return
    }
    form = WireProtocol(version)
    stage = .established
    agent.established(self)
  }

  private func dispatch(_ bytes: [UInt8]) {
    do throws(OpenFlowError) {
      let request = try Message.decode(bytes, hasTableID: form.hasTableID)
      if role == .secondary, request.message.kind.isModification { throw .badRequestIsSecondary }
      try handle(request, bytes)
    } catch {
      refuse(error, bytes)
    }
  }

  private func handle(_ request: ReceivedMessage, _ bytes: [UInt8]) throws(OpenFlowError) {
    switch request.message {
    case .hello, .error, .echoReply: break
    case .echoRequest(let payload): reply(.echoReply(payload), to: request)
    case .featuresRequest: reply(.featuresReply(agent.features), to: request)
    case .getConfigurationRequest, .setConfiguration: handleConfiguration(request)
    case .barrierRequest: reply(.barrierReply, to: request)
    case .descriptionRequest: reply(.descriptionReply(agent.description), to: request)
    case .roleRequest(let wanted): try handleRole(wanted, request)
    case .asyncRequest: reply(.asyncReply(asynchronous), to: request)
    case .setAsync(let wanted): asynchronous = wanted
    case .setFlowFormat(let isNicira): form.usesNiciraFlows = isNicira
    case .flowModTableID(let isOn): form.hasTableID = isOn || form.version != .v10
    case .setPacketInFormat(let format): packetInFormat = format
    case .setControllerID(let number): controllerID = number
    case .bundleControl(let control): try handleBundle(control, request)
    case .bundleAdd(let addition): try handleBundleAdd(addition)
    case .portModification(let change): try agent.modifyPort(change)
    case .portStatisticsRequest(let port):
      reply(.portStatisticsReply(try agent.portStatistics(port), more: false), to: request)
    case .portDescriptionRequest(let port):
      reply(.portDescriptionReply(agent.portDescriptions(port), more: false), to: request)
    case .tableStatisticsRequest:
      reply(.tableStatisticsReply(agent.tableStatistics(), more: false), to: request)
    case .queueStatisticsRequest(let wanted):
      reply(.queueStatisticsReply(try agent.queueStatistics(wanted), more: false), to: request)
    default: try handleFlows(request, bytes)
    }
  }

  private func handleConfiguration(_ request: ReceivedMessage) {
    if case .setConfiguration(let wanted) = request.message {
      if wanted.fragments != .reassemble, agent.bridge.fragmentHandling != wanted.fragments {
        agent.bridge.fragmentHandling = wanted.fragments
        agent.bridge.markChanged()
      }
      if let invalid = wanted.invalidTTLToController { wantsInvalidTTL = invalid }
      missSendByteCount = wanted.missSendLength
      agent.interestChanged()
    } else {
      let answer = OpenFlow.SwitchConfiguration(
        fragments: agent.bridge.fragmentHandling,
        invalidTTLToController: form.version < .v13 ? wantsInvalidTTL : nil, missSendLength: missSendByteCount
      )
      reply(.getConfigurationReply(answer), to: request)
    }
  }

  private func handleRole(_ wanted: RoleMessage, _ request: ReceivedMessage) throws(OpenFlowError) {
    if let generation = wanted.generationID, wanted.role == .primary || wanted.role == .secondary {
      guard agent.accept(generation: generation) else { throw .roleRequestFailedStale }
    }
    if wanted.role != .noChange {
      if wanted.role == .primary { agent.demoteOthers(than: self) }
      role = wanted.role
      agent.interestChanged()
    }
    reply(.roleReply(RoleMessage(role: role, generationID: agent.generationID)), to: request)
  }
}

extension MessageKind {
  /// Whether a controller in the secondary role may not send it.
  var isModification: Bool {
    switch self {
    case .flowModification, .portModification, .groupModification, .meterModification, .tableModification,
      .packetOut, .bundleControl, .bundleAdd, .tlvTableModification, .flushConnections,
      .flushConnectionsByTuple:
      true
    default: false
    }
  }
}

extension AsyncConfiguration {
  /// What a controller wants unasked before it says otherwise.
  static var initial: AsyncConfiguration {
    var configuration = AsyncConfiguration()
    // No match, action, and what OpenFlow 1.4 split off action: action set, group, packet-out.
    configuration.primary[AsyncMessageKind.packetIn.rawValue] = 0b11_1011
    configuration.primary[AsyncMessageKind.portStatus.rawValue] = 0b111
    configuration.secondary[AsyncMessageKind.portStatus.rawValue] = 0b111
    configuration.primary[AsyncMessageKind.flowRemoved.rawValue] = 0b11_1111
    return configuration
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
