// What controllers do with meters: change them, ask for them, and hear of what others change.
//
// What a meter has counted is in the datapath. Who asks for it waits, and what he says next is looked at after the answer.

import Datapath
import OpenFlow
import Vlog

/// What a datapath is asked about meters of a bridge.
enum MeterQuestion {
  /// To set a meter, by its OpenFlow number.
  case set(UInt32)
  /// What meters have counted, for who asks on a stream.
  case statistics(StreamID)
}

extension BridgeAgent {
  /// Handles the messages about meters.
  func handleMeters(_ request: ReceivedMessage, _ session: OpenFlowSession) throws(OpenFlowError) {
    switch request.message {
    case .meterModification(let change):
      try self.change(change)
      forward(change, xid: request.xid, from: session)
    case .meterConfigurationRequest(let wanted):
      let configurations = try meters(wanted).map { $0.configuration }
      reply(.meterConfigurationReply(configurations, more: false), to: request, session)
    case .meterStatisticsRequest(let wanted): try askStatistics(of: meters(wanted), request, session)
    default: reply(.meterFeaturesReply(MeterTable.features), to: request, session)
    }
  }

  /// Carries a change out, here and in the datapath.
  private func change(_ change: MeterMod) throws(OpenFlowError) {
    let effects = try bridge.tables.apply(change, numbers: &bridge.datapath.meterNumbers, now: context.now)
    report(effects.flows)
    for meter in effects.removed { context.channel.remove(meter, of: bridge) }
    if let meter = effects.set { context.channel.set(meter, of: bridge) }
  }

  /// Deletes all meters, without a word about their flows.
  func flushMeters() {
    let all = MeterMod(.delete, MeterConfiguration(meter: MeterNumber.all))
    let effects = try? bridge.tables.apply(all, numbers: &bridge.datapath.meterNumbers, now: context.now)
    for meter in effects?.removed ?? [] { context.channel.remove(meter, of: bridge) }
  }

  /// Tells other controllers, if they want it, what one of them changed.
  private func forward(_ change: MeterMod, xid: UInt32, from source: OpenFlowSession) {
    // OFPRFR_METER_MOD.
    for session in listenersTo(.requestForward, reason: 1) where session !== source {
      let bytes = Message.meterModification(change).encode(session.form, xid: xid)
      if !bytes.isEmpty { notify(.requestForward(RequestForward(message: bytes)), session) }
    }
  }

  /// The meter with a number, or all of them.
  private func meters(_ wanted: UInt32) throws(OpenFlowError) -> [Meter] {
    if wanted == MeterNumber.all { return bridge.tables.meters.inOrder }
    guard let meter = bridge.tables.meters[wanted] else { throw .meterModFailedUnknownMeter }
    return [meter]
  }

  // MARK: Statistics

  private func askStatistics(of meters: [Meter], _ request: ReceivedMessage, _ session: OpenFlowSession) {
    guard bridge.datapath.state == .open, let first = meters.first else {
      return reply(.meterStatisticsReply([], more: false), to: request, session)
    }
    session.held = .meters(request, meters)
    let one = meters.count == 1 ? first.datapathNumber : nil
    context.channel.request(
      .meter(.get, MeterMessage(id: one)), datapath: bridge.datapath.index, flags: one == nil ? .dump : [],
      .meters(bridge: bridge.name, .statistics(session.id)))
  }

  /// Takes what the datapath says about meters; gives the stream of who waited for it.
  func answered(_ question: MeterQuestion, _ answer: DatapathAnswer) -> StreamID? {
    switch (question, answer) {
    case (.set(let number), .failed(let code)):
      context.turn.log(
        "dpif", .warning,
        "\(bridge.datapath.fullName): failed to set DPIF meter \(number) of \(bridge.name): \(DatapathErrorCode.text(code))"
      )
      return nil
    case (.set, .done): return nil
    case (.statistics(let stream), .done(let messages)):
      answerStatistics(stream, messages)
      return stream
    case (.statistics(let stream), .failed):
      answerStatistics(stream, [])
      return stream
    }
  }

  /// The streams of who waits for counts of meters.
  var meterReaders: [StreamID] {
    sessions.keys.sorted().filter { stream in
      if case .meters? = sessions[stream]?.held { true } else { false }
    }
  }

  /// Answers a request; a meter that the datapath did not speak of is left out.
  private func answerStatistics(_ stream: StreamID, _ messages: [NetlinkMessage]) {
    guard let session = sessions[stream], case .meters(let request, let meters)? = session.held else {
      return
    }
    session.held = nil
    var counted: [UInt32: DatapathMeter] = [:]
    for case .meter(_, let message) in messages.map({ $0.body }) {
      if let id = message.id, let meter = message.meter { counted[id] = meter }
    }
    let told = meters.compactMap { meter in
      counted[meter.datapathNumber].map { statistics(of: meter, $0) }
    }
    reply(.meterStatisticsReply(told, more: false), to: request, session)
  }

  private func statistics(of meter: Meter, _ counted: DatapathMeter) -> MeterStatistics {
    let age = Age(since: meter.createdMilliseconds, now: context.now)
    return MeterStatistics(
      meter: meter.number, flowCount: UInt32(clamping: bridge.tables.userCount(ofMeter: meter.number)),
      count: PacketCount(counted.count), durationSeconds: age.seconds,
      durationNanoseconds: age.nanoseconds,
      bands: counted.bands.map { PacketCount($0.count) })
  }

  // MARK: Actions

  /// Says, once, that a `controller` action names a meter that is not there, which is no error.
  func noteUnknownMeters(in actions: [Action]) {
    actions.forEachNested { action in
      guard case .controller(let controller) = action, let meter = controller.meter,
        bridge.tables.meters[meter] == nil, !hasSaidUnknownMeter
      else { return }
      hasSaidUnknownMeter = true
      context.turn.log(
        "ofproto", .warning, "\(bridge.name): controller action specified an unknown meter id: \(meter)")
    }
  }
}

extension PacketCount {
  fileprivate init(_ count: DatapathMeterCount) { self.init(packets: count.packets, bytes: count.bytes) }
}

extension DatapathChannel {
  /// Brings a meter to the datapath of its bridge, if that is there; once it is, it is given all.
  func set(_ meter: Meter, of bridge: Bridge) {
    guard bridge.datapath.state == .open else { return }
    request(
      .meter(.set, MeterMessage(id: meter.datapathNumber, meter.inDatapath)), datapath: bridge.datapath.index,
      .meters(bridge: bridge.name, .set(meter.number)))
  }

  /// Removes a meter from the datapath of its bridge.
  func remove(_ meter: Meter, of bridge: Bridge) {
    guard bridge.datapath.state == .open else { return }
    send(.meter(.delete, MeterMessage(id: meter.datapathNumber)), datapath: bridge.datapath.index)
  }

  /// Gives a datapath that is open all meters of its bridges.
  func setMeters(of link: DatapathLink) {
    for bridge in link.bridges.values.sorted(by: { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }) {
      for meter in bridge.tables.meters.inOrder { set(meter, of: bridge) }
    }
  }
}
