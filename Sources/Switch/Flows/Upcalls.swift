// What: the packets that a datapath sends up, and what is done with each.
//
// How: a packet waits in the queue of the port that it came in by until a step has time for it. One that no flow matched is
// translated, the result is installed as a flow, and the packet itself is executed. What is not installed, for a limit or because of an
// error, is only slower: the next packet comes up again. A packet for which its port has no more room is dropped and counted.

import Datapath
import OpenFlow

/// The packets that came up from one datapath.
struct Upcalls {
  /// How many packets of a datapath wait at most.
  static var capacity: Int { 4096 }

  private struct Waiting {
    var command: PacketMessage.Command
    var message: PacketMessage
  }

  private let side: FlowSide
  private var queues = PortQueues<Waiting>(capacity: Upcalls.capacity)

  init(_ side: FlowSide) { self.side = side }

  /// How many packets wait.
  var waitingCount: Int { queues.count }

  /// Takes a packet that matched no flow, or that a flow sends to the daemon.
  mutating func receive(_ command: PacketMessage.Command, _ message: PacketMessage) {
    guard let key = message.key, message.packet.count >= 14 else {
      side.counters.malformed &+= 1
      return
    }
    if !queues.add(Waiting(command: command, message: message), port: key.inPort.rawValue) {
      side.counters.refusedPackets &+= 1
    }
  }

  /// Forgets what waits: the datapath has gone.
  mutating func removeAll() { queues.removeAll() }

  /// Does what there is to do with the packet whose turn it is; nil if none waits.
  ///
  /// - Parameters:
  ///   - dump: The number of the last dump that was asked for.
  ///   - limit: How many flows there may be.
  mutating func next(_ store: inout FlowStore, dump: UInt64, limit: Int) -> [FlowStep]? {
    guard let waiting = queues.take(), let key = waiting.message.key else { return nil }
    var steps: [FlowStep] = []
    side.logUpcall(waiting.command, waiting.message, key)
    switch waiting.command {
    case .miss:
      side.counters.misses &+= 1
      translate(waiting.message, key, &store, dump, limit, &steps)
    case .action:
      side.counters.actions &+= 1
      act(on: waiting.message, key, &steps)
    case .execute: side.counters.malformed &+= 1
    }
    return steps
  }

  private func act(on message: PacketMessage, _ key: FlowKey, _ steps: inout [FlowStep]) {
    guard let cookie = message.userData.flatMap(UserspaceCookie.init) else {
      side.counters.malformed &+= 1
      return
    }
    switch cookie.reason {
    case .slowPath:
      guard let translation = side.translate(key) else {
        side.countUntranslated(key)
        return
      }
      side.carryOut(translation, on: message.packet, key, &steps)
      side.inject(translation.injections, &steps)
    case .controller(let said):
      if let packet = packet(said, message, key) { steps.append(.packetIn(packet)) }
    case .sflow, .ipfix, .flowSample: break
    }
  }

  private func translate(
    _ message: PacketMessage, _ key: FlowKey, _ store: inout FlowStore, _ dump: UInt64, _ limit: Int,
    _ steps: inout [FlowStep]
  ) {
    // What the packet itself teaches is a change too: the flow that it leaves may have to be another for the next one.
    let generation = side.generation
    guard let translation = side.translate(key) else {
      side.countUntranslated(key)
      return
    }
    side.carryOut(translation, on: message.packet, key, &steps)
    install(key, translation, generation, &store, dump, limit)
    side.inject(translation.injections, &steps)
  }

  private func install(
    _ key: FlowKey, _ translation: Translation, _ generation: UInt64, _ store: inout FlowStore,
    _ dump: UInt64,
    _ limit: Int
  ) {
    let identifier = FlowIdentifier(of: key)
    guard !store.contains(identifier) else { return }
    guard store.hasRoom(port: key.inPort.rawValue, limit: limit) else {
      side.counters.refusedByLimit &+= 1
      return
    }
    let mask = side.datapathMask(translation.wildcards, of: key)
    let actions = side.installedActions(translation, key)
    store.add(
      InstalledFlow(
        identifier: identifier, port: key.inPort.rawValue, key: PackedKey(key), mask: PackedKey(mask),
        actions: actions,
        credits: translation.credits, generation: generation, usedMilliseconds: side.now,
        learned: translation.learned, createdDump: dump))
    side.counters.installed &+= 1
    let message = FlowMessage(key: key, mask: mask, actions: actions, identifier: identifier)
    side.logFlow("flow_add", message)
    side.ask(.new, message, flags: .create, .put(identifier))
  }

  private func packet(
    _ said: UserspaceCookie.Controller, _ message: PacketMessage, _ key: FlowKey
  ) -> ControllerPacket? {
    guard !said.isSuppressed, let pause = side.environment.frozen.pause(said.recirculation, now: side.now),
      let bridge = side.datapath.bridges[pause.bridge]
    else { return nil }
    var openFlowKey = key
    openFlowKey.inPort = pause.inPort
    openFlowKey.clearPipeline()
    if !pause.isTracked { openFlowKey.clearConnection() }
    pause.pipeline.store(into: &openFlowKey)
    let port = key.inPort == .none ? 0 : key.inPort.rawValue
    return ControllerPacket(
      bridge: bridge, pause: pause, key: openFlowKey, frame: message.packet, datapathPort: port)
  }
}
