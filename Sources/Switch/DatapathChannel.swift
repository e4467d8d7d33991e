import Vlog
import Datapath

/// What a datapath answered to a request.
enum DatapathAnswer {
  /// The messages of the answer; none if it was only an acknowledgement.
  case done([NetlinkMessage])
  /// It failed, with an `errno` value.
  case failed(UInt32)
}

/// What was asked of a datapath, and by which part: `VirtualSwitch` brings the answer there.
enum DatapathQuestion {
  /// Configure asked, for a datapath or for a port.
  case configuration(ConfigurationQuestion)
  /// Flows asked, about a flow of a type of datapath.
  case flow(datapathType: String, FlowQuestion)
  /// The switch asked for the counters of a datapath's ports.
  case portCounters(datapathType: String)
  /// The switch asked for the counters of a datapath as a whole.
  case datapathCounters(datapathType: String)
  /// The agent of a bridge asked about its meters.
  case meters(bridge: String, MeterQuestion)
  /// A user's command asked.
  case command(CommandID, CommandQuestion)
}

/// The way to the datapaths: numbers the requests, and finds for each answer what was asked.
final class DatapathChannel {
  private struct Request {
    let question: DatapathQuestion
    var parts: [NetlinkMessage] = []
  }

  private let turn: Turn
  private var nextSequence: UInt32 = 1
  private var requests: [UInt32: Request] = [:]
  /// The netlink port to give as the sender of requests and the receiver of upcalls.
  static var processID: UInt32 { 1 }

  init(turn: Turn) { self.turn = turn }

  /// How many requests have no answer yet.
  var requestCount: Int { requests.count }

  /// Sends a request whose answer matters.
  func request(
    _ body: NetlinkMessage.Body, datapath index: Int32, flags: MessageFlags = [], _ question: DatapathQuestion
  ) {
    let sequence = nextSequence
    nextSequence = nextSequence == .max ? 1 : nextSequence + 1
    requests[sequence] = Request(question: question)
    send(body, datapath: index, flags: flags.union([.request, .acknowledge]), sequence: sequence)
  }

  /// Sends a request whose answer does not matter.
  func send(_ body: NetlinkMessage.Body, datapath index: Int32, flags: MessageFlags = []) {
    send(body, datapath: index, flags: flags.union(.request), sequence: 0)
  }

  private func send(_ body: NetlinkMessage.Body, datapath index: Int32, flags: MessageFlags, sequence: UInt32)
  {
    let header = NetlinkHeader(
      flags: flags, sequence: sequence, processID: Self.processID, datapathIndex: index)
    turn.emit(.datapathSend(NetlinkMessage(header, body).encode()))
  }

  /// The messages that a datapath sent.
  func decode(_ bytes: [UInt8]) -> [NetlinkMessage] {
    do throws(MessageError) {
      return try NetlinkMessage.decode(bytes)
    } catch {
      turn.log("dpif", .warning, "malformed message from the datapath")
      return []
    }
  }

  /// Takes a message of an answer to Flows, which is of use at once and does not wait for the others of its answer.
  func takeFlowAnswer(
    _ message: NetlinkMessage
  ) -> (datapathType: String, question: FlowQuestion, answer: FlowAnswer)? {
    let sequence = message.header.sequence
    guard sequence != 0, case .flow(let type, let question)? = requests[sequence]?.question else {
      return nil
    }
    switch message.body {
    case .flow(_, let flow): return (type, question, .flow(flow))
    case .error(0), .done:
      requests[sequence] = nil
      return (type, question, .done)
    case .error(let code):
      requests[sequence] = nil
      return (type, question, .failed(code))
    case .datapath, .vport, .packet, .control, .networkDevice, .tracking, .meter: return nil
    }
  }

  /// Takes a message of an answer; with the last one, gives the answer and what was asked.
  func take(_ message: NetlinkMessage) -> (question: DatapathQuestion, answer: DatapathAnswer)? {
    let sequence = message.header.sequence
    guard sequence != 0 else { return nil }
    switch message.body {
    case .error(0), .done:
      return requests.removeValue(forKey: sequence).map { ($0.question, .done($0.parts)) }
    case .error(let code):
      return requests.removeValue(forKey: sequence).map { ($0.question, .failed(code)) }
    case .datapath, .vport, .flow, .packet, .control, .networkDevice, .tracking, .meter:
      // In its place: a copy of the parts for each of many thousand would be a copy of all of them.
      requests[sequence]?.parts.append(message)
      return nil
    }
  }
}
