import Datapath
import OpenFlow
import PacketWire

extension Translator {
  /// Sends the packet where an `output` action says.
  func output(_ port: OpenFlowPortNumber, maximumByteCount: UInt16) {
    switch port {
    case .inPort: send(to: key.inPort)
    case .table: lookUp(table: 0, controllerHearsMiss: true)
    case .normal: normal()
    case .flood: flood(includingAll: false)
    case .all: flood(includingAll: true)
    case .none: break
    case .controller:
      var action = ControllerAction()
      action.maximumByteCount = maximumByteCount
      action.reason = outputReason.rawValue
      sendToController(action)
    default:
      if port == key.inPort {
        note(.warning, "skipping output to input port")
      } else {
        send(to: port)
      }
    }
  }

  /// Sends the first bytes of the packet out of a port.
  func outputTruncated(_ port: OpenFlowPortNumber, _ maximumByteCount: UInt32) {
    actions.append(.truncate(maximumByteCount: maximumByteCount))
    let before = actions.count
    send(to: port == .inPort ? key.inPort : port)
    // Nothing took the truncation: the next output must not.
    if actions.count == before { actions.removeLast() }
  }

  private func flood(includingAll: Bool) {
    for number in bridge.interfaces.keys.sorted() where number != key.inPort {
      guard let interface = bridge.interfaces[number] else { continue }
      if !includingAll, interface.configuration.contains(.noFlood) { continue }
      send(to: number)
    }
  }

  /// Sends the packet out of one port, whether or not it came in by it.
  func send(to number: OpenFlowPortNumber) {
    guard let interface = bridge.interface(number) else {
      note(.warning, "Nonexistent output port")
      return
    }
    if interface.configuration.contains(.noForward) {
      note(.warning, "OFPPC_NO_FWD set, skipping output")
      return
    }
    if interface.configuration.contains(.portDown) {
      note(.warning, "OFPPC_PORT_DOWN set, skipping output")
      return
    }
    switch interface.kind {
    case .patch:
      guard let peer = interface.peer(among: bridge.datapath) else {
        note(.warning, "Nonexistent patch port peer")
        return
      }
      patch(interface, to: peer)
    case .tunnel(let settings):
      result.credits.append(.sent(interface))
      encapsulate(interface, settings)
    case .system, .internalDevice, .dummy:
      guard let port = interface.datapathNumber else {
        note(.warning, "Nonexistent output port")
        return
      }
      if number == .local, deliverToEndpoint() { return }
      commit()
      actions.append(.output(port))
    }
  }

  /// Emits what the datapath's packet lacks.
  func commit() {
    Commit.run(key, base: &base, wildcards: &wildcards, actions: &actions)
  }

  /// Goes on in the bridge at the other end of a patch.
  private func patch(_ interface: Interface, to peer: Interface) {
    guard mayEnter() else { return }
    result.credits.append(.sent(interface))
    result.credits.append(.received(peer))
    detour {
      var key = self.key
      key.inPort = peer.number
      key.clearPipeline()
      key.clearTunnel()
      place = place.entrance(of: peer.bridge, key)
      enterBridge()
    }
  }

  /// Whether the packet may go one level deeper: into another bridge, or a clone.
  func mayEnter() -> Bool {
    if place.depth < Self.maximumDepth { return true }
    fail(.recursionTooDeep, "over max translation depth \(Self.maximumDepth)")
    return false
  }

  /// Why a plain output sends a packet to controllers.
  private var outputReason: PacketInReason {
    if request.actions != nil { return .packetOut }
    if place.isInBucket { return .group }
    return isInActionSet ? .actionSet : .action
  }

  /// Sends the packet to the controllers that listen.
  ///
  /// With a state to go on from, the packet waits until a controller gives it back.
  func sendToController(_ wanted: ControllerAction, _ frozen: Frozen? = nil) {
    commit()
    var action = wanted
    if action.reason == PacketInReason.action.rawValue, place.rule?.isForMisses == true {
      action.reason = PacketInReason.explicitMiss.rawValue
    }
    let pause = Pause(
      bridge: bridge.name, table: place.table, cookie: place.cookie, controller: action, inPort: key.inPort,
      pipeline: PackedKey(key, words: KeySegment.pipeline.words),
      isTracked: place.packet.isTracked, frozen: frozen)
    var said = UserspaceCookie.Controller()
    // What is only traced goes to nobody.
    said.isSuppressed = request.trace != nil && !request.mayHaveSideEffects
    said.reason = UInt16(action.reason)
    said.continues = frozen != nil
    said.recirculation = environment.frozen.number(of: pause, now: request.now)
    result.credits.append(.frozen(environment.frozen, said.recirculation))
    said.ruleCookie = place.cookie
    said.controller = action.controller
    said.maximumByteCount = action.maximumByteCount
    let data = UserspaceCookie(.controller(said), inPort: key.inPort.rawValue).encode()
    let up = DatapathAction.userspace(UserspaceAction(userData: data))
    // A packet that waits for a controller would be lost for good.
    if frozen == nil { appendForControllers(up, meter: action.meter) } else { actions.append(up) }
  }
}
