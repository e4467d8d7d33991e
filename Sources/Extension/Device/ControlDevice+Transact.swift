// Requests that are answered at once. An answer is one message: what was asked for, or else how it went, or else nothing.

import Datapath

extension ControlDevice {
  /// Carries out a request and gives its answer.
  func transact(
    _ message: NetlinkMessage, _ handle: OpenHandle, capacity: Int, _ now: UInt64, _ processor: Int
  ) -> DeviceReply {
    let header = message.header
    if case .control(let command, let request) = message.body {
      return control(command, request, header, handle, capacity)
    }
    guard !header.flags.isSuperset(of: .dump) else { return refuse(.wrongOperation, .invalidParameter) }
    switch message.body {
    case .networkDevice(let request):
      guard let device = describeDevice(request) else { return fail(header, .noDevice, capacity) }
      return answer(NetlinkMessage(header.reply(), .networkDevice(device)), capacity: capacity)
    case .datapath(let command, let request):
      if let error = refusal(of: command, request, header) { return fail(header, error, capacity) }
    case .vport(.new, _), .vport(.set, _), .vport(.delete, _):
      return changePort(message, capacity, now, processor)
    case .vport, .flow, .packet, .tracking, .meter: break
    case .control, .error, .done: return refuse(.wrongOperation, .invalidParameter)
    }
    return answer(to: header, engines.handle(message, nowMilliseconds: now, on: processor), capacity)
  }

  private func control(
    _ command: ControlCommand, _ request: ControlMessage, _ header: NetlinkHeader, _ handle: OpenHandle,
    _ capacity: Int
  ) -> DeviceReply {
    var reply = ControlMessage()
    switch command {
    case .socketProperties:
      guard let number = request.socketProtocol else { return refuse(.malformedMessage, .invalidParameter) }
      handle.socketProtocol = number
      reply.socketProtocol = number
      reply.socketProcessID = handle.processID
    case .counters:
      let counters = locked { self.counters }
      reply.counters = counters.named
    case .awaitEvent, .awaitPacket, .joinGroup, .subscribePackets, .readEvent, .readPacket:
      return refuse(.wrongOperation, .invalidParameter)
    }
    return answer(NetlinkMessage(header.reply(), .control(command, reply)), capacity: capacity)
  }

  /// Why a request about the datapath is refused: there is one, it is always there, and it has its name.
  private func refusal(
    of command: MessageCommand, _ request: DatapathMessage, _ header: NetlinkHeader
  ) -> DatapathErrorCode? {
    if let name = request.name {
      if name != engines.name { return command == .set ? .notSupported : .noDevice }
    } else if header.datapathIndex != engines.datapathIndex {
      return .noDevice
    }
    return command == .new ? .exists : nil
  }

  /// Changes a port, and tells those who wait for such events.
  private func changePort(_ message: NetlinkMessage, _ capacity: Int, _ now: UInt64, _ processor: Int)
    -> DeviceReply
  {
    var asked = message
    asked.header.flags.insert(.echo)
    let replies = engines.handle(asked, nowMilliseconds: now, on: processor)
    guard !replies.holdFailure, let echo = replies.first else {
      return answer(to: message.header, replies, capacity)
    }
    locked { publish(echo.body) }
    let hasEcho = message.header.flags.contains(.echo)
    return answer(to: message.header, hasEcho ? replies : replies.filter { $0.isAcknowledgement }, capacity)
  }

  // MARK: Answers

  private func fail(_ header: NetlinkHeader, _ error: DatapathErrorCode, _ capacity: Int) -> DeviceReply {
    answer(NetlinkMessage(header.reply(), .error(error.rawValue)), capacity: capacity)
  }

  /// The first of some answers: what was asked for comes before the acknowledgement.
  private func answer(to header: NetlinkHeader, _ replies: [NetlinkMessage], _ capacity: Int) -> DeviceReply {
    guard let reply = replies.first else { return DeviceReply(.success) }
    return answer(reply, capacity: capacity)
  }

  /// One message as an answer.
  func answer(_ message: NetlinkMessage, capacity: Int) -> DeviceReply {
    let bytes = message.encode()
    guard bytes.count <= capacity else { return refuse(.bufferTooSmall, .bufferTooSmall) }
    return DeviceReply(.success, bytes)
  }
}
