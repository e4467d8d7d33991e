// What: the second half of commands that ask a datapath: what was asked, and what is replied to the user when the answer is there.
//
// How: a command that asks leaves a `CommandQuestion` with the request, or a `PendingCommand` with the switch if it needs several
// answers. Both are values that name what they are about, since bridges and datapaths may be gone when the answer comes.

import Datapath
import OpenFlow

/// What a user's command asked of a datapath.
enum CommandQuestion {
  /// The counters of the datapath at a place of the list that `dpctl/show` prints.
  case showDatapath(place: Int, datapathType: String)
  /// The ports of that datapath.
  case showPorts(place: Int, datapathType: String)
  /// All flows that a filter matches.
  case dumpFlows(datapathType: String, DumpOptions, filter: PackedKey?)
  /// All flows whose packets come in by a bridge.
  case dumpFlowsOfBridge(name: String, DumpOptions)
  /// One flow.
  case getFlow(datapathType: String, DumpOptions)
  /// To add or change a flow.
  case putFlow
  /// To remove a flow, which was given by its identifier or by its key.
  case deleteFlow(isNamed: Bool)
  /// To remove all flows.
  case deleteFlows(datapathType: String)
  /// Something about connection tracking.
  case tracking(TrackingQuestion)
}

/// A command that waits for more than one answer.
enum PendingCommand {
  /// For so many datapaths' flows to be looked over or removed.
  case flows(open: Int)
  /// For datapaths and their ports.
  case show(DatapathShow)
}

/// What `dpctl/show` has learned so far.
struct DatapathShow {
  /// The lines of each datapath: about the whole, about its ports, about its drops.
  private var texts: [(head: String, ports: String, drops: String)]
  private var open: Int
  private let errors: String
  let showsCounters: Bool

  init(datapathCount: Int, _ errors: String, _ showsCounters: Bool) {
    texts = .init(repeating: ("", "", ""), count: datapathCount)
    open = datapathCount * 2
    self.errors = errors
    self.showsCounters = showsCounters
  }

  /// Takes what was learned of the datapath at a place.
  mutating func take(place: Int, head: String, drops: String) {
    texts[place].head = head
    texts[place].drops = drops
    open -= 1
  }

  /// Takes what was learned of the ports of the datapath at a place.
  mutating func take(place: Int, ports: String) {
    texts[place].ports = ports
    open -= 1
  }

  /// The reply, once everything is known.
  var reply: CommandReply? {
    guard open == 0 else { return nil }
    // Drops come last, as programs read what Open vSwitch prints.
    let text = texts.map { $0.head + $0.ports + $0.drops }.joined() + errors
    return errors.isEmpty ? .success(text) : .failure(text)
  }
}

extension CommandCall {
  /// Asks a datapath; the answer comes to `VirtualSwitch.answered`.
  func ask(
    _ body: NetlinkMessage.Body, _ link: DatapathLink, flags: MessageFlags = [], _ question: CommandQuestion
  ) {
    host.context.channel.request(body, datapath: link.index, flags: flags, .command(id, question))
  }
}

extension VirtualSwitch {
  /// Lets a command wait, or answers it if there is nothing to wait for.
  func await(_ call: CommandCall, _ command: PendingCommand) {
    switch command {
    case .flows(open: 0): call.reply()
    case .flows: pendingCommands[call.id] = command
    case .show(let show):
      if let reply = show.reply { call.answer(reply) } else { pendingCommands[call.id] = command }
    }
  }

  /// A datapath's flows have done what a command waits for.
  func finishedFlows(for id: CommandID) {
    guard case .flows(let open)? = pendingCommands[id] else { return }
    pendingCommands[id] = open > 1 ? .flows(open: open - 1) : nil
    if open == 1 { CommandCall(id, [], self).reply() }
  }

  /// Takes what a datapath answered to a command's question.
  func answered(_ id: CommandID, _ question: CommandQuestion, _ answer: DatapathAnswer) {
    let call = CommandCall(id, [], self)
    switch question {
    case .showDatapath(let place, let type):
      updateShow(call) { show in
        guard let link = reconciler.datapaths[type] else {
          return show.take(place: place, head: "", drops: "")
        }
        if case .done(let messages) = answer {
          for case .datapath(_, let message) in messages.map({ $0.body }) { link.take(message) }
        }
        show.take(
          place: place, head: link.heading,
          drops: show.showsCounters ? DatapathSummary.drops(link.drops) : "")
      }
    case .showPorts(let place, let type):
      updateShow(call) { show in
        show.take(
          place: place, ports: reconciler.datapaths[type]?.portLines(answer, show.showsCounters) ?? "")
      }
    case .dumpFlows(let type, let options, let filter):
      let now = UInt64(max(0, context.now))
      let wanted = filter.map { $0.key }
      replyFlows(call, answer, reconciler.datapaths[type], options) { flow in
        guard let wanted else { return true }
        guard let key = flow.key, let mask = flow.mask else { return false }
        return Match(key: key, mask: mask).matches(wanted)
      } line: { text, flow in
        text.describe(flow, nowMilliseconds: now) + "\n"
      }
    case .dumpFlowsOfBridge(let name, let options): replyFlowsOfBridge(call, answer, name, options)
    case .getFlow(let type, let options):
      call.reply(answer, failing: "getting flow") { messages in
        let text = reconciler.datapaths[type]?.text(options) ?? DatapathText()
        let now = UInt64(max(0, context.now))
        var result = ""
        for case .flow(_, let flow) in messages.map({ $0.body }) {
          result += text.describe(flow, nowMilliseconds: now) + "\n"
        }
        return result
      }
    case .putFlow: call.reply(answer, failing: "updating flow table")
    case .deleteFlow(let isNamed):
      call.reply(
        answer, failing: "deleting flow", hint: isNamed ? "" : "\nPerhaps you need to specify a UFID?")
    case .deleteFlows(let type):
      if case .done = answer { flows[type]?.forgetAll() }
      call.reply(answer, failing: "deleting all flows")
    case .tracking(let question):
      call.reply(answer, failing: question.failure) { question.text($0) }
    }
  }

  private func updateShow(_ call: CommandCall, _ body: (inout DatapathShow) -> Void) {
    guard case .show(var show)? = pendingCommands[call.id] else { return }
    body(&show)
    if let reply = show.reply {
      pendingCommands[call.id] = nil
      call.answer(reply)
    } else {
      pendingCommands[call.id] = .show(show)
    }
  }

  private func replyFlowsOfBridge(
    _ call: CommandCall, _ answer: DatapathAnswer, _ name: String, _ options: DumpOptions
  ) {
    guard let bridge = reconciler.bridges[name] else { return call.reply() }
    let link = bridge.datapath
    let now = UInt64(max(0, context.now))
    replyFlows(call, answer, link, options, hasHeading: false) { flow in
      guard let key = flow.key else { return false }
      let port = DatapathPortNumber(key.inPort.rawValue)
      let interface =
        environment.tunnels.isTunnel(port)
        ? environment.tunnels.interface(port: port, key: key) : link.interfaces[port]
      return interface?.bridge === bridge
    } line: { text, flow in
      var line = ""
      if text.isVerbose, let identifier = flow.identifier {
        line += "ufid:" + DatapathText.describe(identifier) + " "
      }
      if let key = flow.key { line += text.describe(key, mask: flow.mask) }
      line += ", " + DatapathText.describe(flow.statistics ?? FlowStatistics(), nowMilliseconds: now)
      return line + ", actions:" + text.describe(flow.actions ?? []) + "\n"
    }
  }

  private func replyFlows(
    _ call: CommandCall, _ answer: DatapathAnswer, _ link: DatapathLink?, _ options: DumpOptions,
    hasHeading: Bool = true, where isMeant: (FlowMessage) -> Bool,
    line: (DatapathText, FlowMessage) -> String
  ) {
    call.reply(answer, failing: "Failed to dump flows from datapath") { messages in
      let text = link?.text(options) ?? DatapathText()
      var result = ""
      for message in messages {
        guard case .flow(_, let flow) = message.body, isMeant(flow) else { continue }
        // The datapath in the daemon forwards in the daemon's own thread as far as such dumps can tell.
        if result.isEmpty, hasHeading, link?.type != "system" {
          result = "flow-dump from the main thread:\n"
        }
        result += line(text, flow)
      }
      return result
    }
  }
}

extension CommandCall {
  /// Replies with what an answer's messages become, or with what failed.
  fileprivate func reply(
    _ answer: DatapathAnswer, failing what: String, hint: String = "",
    _ text: ([NetlinkMessage]) -> String = { _ in "" }
  ) {
    switch answer {
    case .done(let messages): reply(text(messages))
    case .failed(let code):
      fail(DatapathCommands.prefix + "\(what) (\(DatapathErrorCode.text(code)))" + hint)
    }
  }
}
