// What a bridge does for its OpenFlow sessions: takes their steps, carries out their requests and answers them.

import OpenFlow
import Vlog

extension BridgeAgent {
  /// What others have to do before a session goes on.
  enum Pause {
    /// Send a controller's packets, which come before the session's next message: it may change the rules.
    case packets([ControllersPacket])
    /// See to it that the datapath forwards as the rules are now, and then call `release`.
    case barrier
    /// Read the counters of the datapath's ports, and then call `release`.
    case counters
  }

  /// Takes the next steps of a session until others have something to do, or nothing is left.
  func advance(_ stream: StreamID) -> Pause? {
    while let session = sessions[stream], let step = session.next() {
      take(step, session)
      if !packetsOut.isEmpty {
        let taken = packetsOut
        packetsOut = []
        return .packets(taken)
      }
      switch session.held {
      case .barrier: return .barrier
      case .ports: return .counters
      case .meters: return nil
      case nil: continue
      }
    }
    return nil
  }

  /// Answers the request that waited for the datapath.
  func release(_ stream: StreamID) {
    guard let session = sessions[stream], let held = session.held else { return }
    session.held = nil
    switch held {
    case .barrier(let request):
      session.hasChanged = false
      reply(.barrierReply, to: request, session)
    case .ports(let request):
      guard case .portStatisticsRequest(let port) = request.message else { return }
      // The port may have gone meanwhile.
      let ports = (try? portStatistics(port)) ?? []
      reply(.portStatisticsReply(ports, more: false), to: request, session)
    case .meters(let request, _): reply(.meterStatisticsReply([], more: false), to: request, session)
    }
  }

  private func take(_ step: OpenFlowSession.Step, _ session: OpenFlowSession) {
    switch step {
    case .established: established(session)
    case .request(let bytes):
      if session.isController { snoop(bytes) }
      dispatch(bytes, session)
    case .refuse(let error, let bytes):
      if session.isController { snoop(bytes) }
      refuse(error, bytes, session)
    case .refuseHello(let text, let xid):
      send(.error(ErrorMessage(helloFailed: .helloFailedIncompatible, text: text)), xid: xid, session)
      close(session, why: "no common OpenFlow version")
    case .close(let why): close(session, why: why)
    }
  }

  private func close(_ session: OpenFlowSession, why: String) {
    context.turn.log("vconn", .warning, "\(bridge.name): \(why)")
    context.turn.emit(.closeStream(session.id))
    closed(session, reason: why)
  }

  // MARK: output

  /// Sends a message in the version that was settled.
  func send(_ message: Message, xid: UInt32, _ session: OpenFlowSession) {
    send(message, xid: xid, form: session.form, session)
  }

  /// Sends a message that answers another: in its dialect.
  func reply(_ message: Message, to request: ReceivedMessage, _ session: OpenFlowSession) {
    send(message, xid: request.xid, form: request.replyProtocol, session)
  }

  /// Sends a message that answers none.
  func notify(_ message: Message, _ session: OpenFlowSession) { send(message, xid: 0, session) }

  private func send(_ message: Message, xid: UInt32, form: WireProtocol, _ session: OpenFlowSession) {
    let bytes = message.encode(form, xid: xid)
    guard !bytes.isEmpty else { return }
    sendCopy(bytes, session)
    if session.isController { snoop(bytes) }
  }

  /// Sends bytes that are whole messages already.
  func sendCopy(_ bytes: [UInt8], _ session: OpenFlowSession) {
    context.turn.emit(.streamSend(session.id, bytes))
    if session.sent(byteCount: bytes.count) { context.turn.emit(.awaitDrain(session.id)) }
  }

  /// Sends an error about a message.
  func refuse(_ error: OpenFlowError, _ bytes: [UInt8], _ session: OpenFlowSession) {
    send(.error(ErrorMessage(error, about: bytes)), xid: MessageHeader(bytes)?.xid ?? 0, session)
  }

  // MARK: requests

  private func dispatch(_ bytes: [UInt8], _ session: OpenFlowSession) {
    do throws(OpenFlowError) {
      let request = try Message.decode(bytes, hasTableID: session.form.hasTableID)
      if session.role == .secondary, request.message.kind.isModification { throw .badRequestIsSecondary }
      if request.message.kind.isModification { session.hasChanged = true }
      try handle(request, bytes, session)
    } catch {
      refuse(error, bytes, session)
    }
  }

  private func handle(
    _ request: ReceivedMessage, _ bytes: [UInt8], _ session: OpenFlowSession
  ) throws(OpenFlowError) {
    switch request.message {
    case .hello, .error, .echoReply: break
    case .echoRequest(let payload): reply(.echoReply(payload), to: request, session)
    case .featuresRequest: reply(.featuresReply(features), to: request, session)
    case .getConfigurationRequest, .setConfiguration: handleConfiguration(request, session)
    case .barrierRequest where session.hasChanged: session.held = .barrier(request)
    case .barrierRequest: reply(.barrierReply, to: request, session)
    case .descriptionRequest: reply(.descriptionReply(description), to: request, session)
    case .roleRequest(let wanted): try handleRole(wanted, request, session)
    case .asyncRequest: reply(.asyncReply(session.asynchronous.withoutMisses), to: request, session)
    case .setAsync(let wanted):
      session.asynchronous = wanted.withMisses(session.form.version)
      // A service that says what it is to be told of wants to be told.
      if !session.isController, session.missSendByteCount == 0 {
        session.missSendByteCount = OpenFlowSession.defaultMissSendByteCount
      }
      interestChanged()
    case .setFlowFormat(let isNicira): session.form.usesNiciraFlows = isNicira
    case .flowModTableID(let isOn): session.form.hasTableID = isOn || session.form.version != .v10
    case .setPacketInFormat(let format): session.form.packetInFormat = format
    case .setControllerID(let number):
      session.controllerID = number
      interestChanged()
    case .bundleControl(let control):
      let (answer, committed) = try session.control(control, bytes, now: context.now)
      if let committed {
        session.hasChanged = true
        try commit(committed, session)
      }
      reply(.bundleControl(answer), to: request, session)
    case .bundleAdd(let addition): try session.add(addition, bytes, now: context.now)
    case .portModification(let change): try modifyPort(change)
    case .portStatisticsRequest(let port):
      _ = try portStatistics(port)
      session.held = .ports(request)
    case .portDescriptionRequest(let port):
      reply(.portDescriptionReply(portDescriptions(port), more: false), to: request, session)
    case .tableStatisticsRequest:
      reply(.tableStatisticsReply(tableStatistics(), more: false), to: request, session)
    case .queueStatisticsRequest(let wanted):
      reply(.queueStatisticsReply(try queueStatistics(wanted), more: false), to: request, session)
    default: try handleFlows(request, session)
    }
  }

  private func handleConfiguration(_ request: ReceivedMessage, _ session: OpenFlowSession) {
    if case .setConfiguration(let wanted) = request.message {
      if wanted.fragments != .reassemble, bridge.fragmentHandling != wanted.fragments {
        bridge.fragmentHandling = wanted.fragments
        bridge.markChanged()
      }
      if let invalid = wanted.invalidTTLToController { session.wantsInvalidTTL = invalid }
      session.missSendByteCount = wanted.missSendLength
      interestChanged()
    } else {
      let answer = OpenFlow.SwitchConfiguration(
        fragments: bridge.fragmentHandling,
        invalidTTLToController: session.form.version < .v13 ? session.wantsInvalidTTL : nil,
        missSendLength: session.missSendByteCount)
      reply(.getConfigurationReply(answer), to: request, session)
    }
  }

  private func handleRole(
    _ wanted: RoleMessage, _ request: ReceivedMessage, _ session: OpenFlowSession
  ) throws(OpenFlowError) {
    if let generation = wanted.generationID, wanted.role == .primary || wanted.role == .secondary {
      guard accept(generation: generation) else { throw .roleRequestFailedStale }
    }
    if wanted.role != .noChange {
      if wanted.role == .primary { demoteOthers(than: session) }
      session.role = wanted.role
      interestChanged()
    }
    reply(.roleReply(RoleMessage(role: session.role, generationID: generationID)), to: request, session)
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
