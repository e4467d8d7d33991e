import Datapath

/// What a datapath answered to a request.
enum DatapathAnswer {
  /// The messages of the answer; none if it was only an acknowledgement.
  case done([Message])
  /// It failed, with an `errno` value.
  case failed(UInt32)
}

/// The way to the datapaths: numbers the requests, and brings each answer to who asked.
///
/// Packets that come up go to `onUpcall`; that a datapath has gone by itself, to `onLost`.
final class DatapathChannel {
  private struct Request {
    let completion: (DatapathAnswer) -> Void
    var parts: [Message] = []
  }

  private let turn: Turn
  private var nextSequence: UInt32 = 1
  private var requests: [UInt32: Request] = [:]
  /// The netlink port to give as the sender of requests and the receiver of upcalls.
  static var processID: UInt32 { 1 }

  /// Takes a packet that the datapath sends up.
  var onUpcall: ((Int32, PacketMessage.Command, PacketMessage) -> Void)?

  /// Takes the number of a datapath that has been deleted, though not from here.
  var onLost: ((Int32) -> Void)?

  init(turn: Turn) { self.turn = turn }

  /// How many requests have no answer yet.
  var requestCount: Int { requests.count }

  /// Sends a request whose answer matters.
  func request(
    _ body: Message.Body, datapath index: Int32, flags: MessageFlags = [],
    _ completion: @escaping (DatapathAnswer) -> Void
  ) {
    let sequence = nextSequence
    nextSequence = nextSequence == .max ? 1 : nextSequence + 1
    requests[sequence] = Request(completion: completion)
    send(body, datapath: index, flags: flags.union([.request, .acknowledge]), sequence: sequence)
  }

  /// Sends a request whose answer does not matter.
  func send(_ body: Message.Body, datapath index: Int32, flags: MessageFlags = []) {
    send(body, datapath: index, flags: flags.union(.request), sequence: 0)
  }

  private func send(_ body: Message.Body, datapath index: Int32, flags: MessageFlags, sequence: UInt32) {
    let header = MessageHeader(
      flags: flags, sequence: sequence, processID: Self.processID, datapathIndex: index)
    turn.emit(.datapathSend(Message(header, body).encode()))
  }

  /// Takes what the datapath sent.
  func received(_ bytes: [UInt8]) {
    let messages: [Message]
    do throws(MessageError) {
      messages = try Message.decode(bytes)
    } catch {
      turn.log("dpif", .warning, "malformed message from the datapath")
      return
    }
    for message in messages { route(message) }
  }

  private func route(_ message: Message) {
    if case .packet(let command, let packet) = message.body, command != .execute {
      onUpcall?(message.header.datapathIndex, command, packet)
      return
    }
    if case .datapath(.delete, _) = message.body, message.header.sequence == 0 {
      onLost?(message.header.datapathIndex)
      return
    }
    guard message.header.sequence != 0, var request = requests[message.header.sequence] else { return }
    switch message.body {
    case .error(0), .done:
      requests[message.header.sequence] = nil
      request.completion(.done(request.parts))
    case .error(let code):
      requests[message.header.sequence] = nil
      request.completion(.failed(code))
    case .datapath, .vport, .flow, .packet, .control, .networkDevice:
      request.parts.append(message)
      requests[message.header.sequence] = request
    }
  }
}
