// A Hyper-V host of random behaviour around the extension, with a model of its own of what has to happen: events of the
// switches in and out of order, ports of the datapath that come and go, packets in between. Whatever decides comes from
// `choose`, so that a test can run it from a seed and a fuzzer from its input.

import Datapath
import Extension

/// What the simulation found wrong.
struct SimulationFailure: Error {
  let text: String

  init(_ text: String) { self.text = text }
}

/// An extension with a host around it.
final class SwitchSimulation {
  static var names: [String] { ["a", "b", "external", "eth0", "c", ""] }

  let forwarding: ForwardingExtension
  private var choose: () -> UInt8
  /// What is true of the switches, by the rules of Hyper-V alone.
  private struct Adapter {
    var kind: AdapterKind
    var name: String
    var alias: String
    var restored = ""
    var isConnected = false
    var wasConnected = false
  }
  private struct Port {
    var kind: AdapterKind
    var name: String
    var isTornDown = false
    var adapters: [UInt16: Adapter] = [:]
  }
  private var switches: [UInt32: [UInt32: Port]] = [:]
  private var datapathPorts: [UInt32: String] = [:]
  private var outputs: [UInt32: [UInt32]] = [:]
  /// Since when somebody has answered to a name.
  private var claims: [String: Int] = [:]
  private var clock = 0
  private var identifier: UInt32 = 0
  /// Packets by their place in the batch.
  private struct Packet {
    var identifier: UInt32
    var ports: [UInt32]
    var bytes: [UInt8]
    var information: OutOfBand
    var switchID: SwitchID
    var lastingByteCount: Int
  }
  private var batch: [Packet] = []
  private(set) var packetCount = 0
  private(set) var departureCount = 0
  private(set) var originalCount = 0
  private(set) var refusalCount = 0

  init(choose: @escaping () -> UInt8) {
    self.choose = choose
    var configuration = EngineConfiguration()
    configuration.smallSlotCount = 64
    configuration.largeSlotCount = 2
    configuration.maximumPortCount = 16
    configuration.maximumOutputCount = 128
    configuration.maximumUpcallCount = 4
    configuration.maximumFlowCount = 64
    forwarding = ForwardingExtension(count: 2, configuration)
  }

  private func pick<Element>(_ elements: [Element]) -> Element { elements[Int(choose()) % elements.count] }

  // MARK: Steps

  /// Does something, and looks whether what follows is right.
  func step() throws {
    clock += 1
    switch choose() % 32 {
    case 0: attachOrDetach()
    case 1...4: portEvent()
    case 5...12: adapterEvent()
    case 13...15: addDatapathPort()
    case 16: removeDatapathPort()
    default: return try sendPackets(on: Int(choose() & 1))
    }
    updateClaims()
  }

  private func perform(_ event: SwitchEvent) -> Bool {
    let refusal = forwarding.perform(event)
    if refusal != nil { refusalCount += 1 }
    return refusal == nil
  }

  private func attachOrDetach() {
    let id = UInt32(choose() % 2)
    if switches[id] == nil {
      if perform(.attach(SwitchID(rawValue: id))) { switches[id] = [:] }
    } else if choose() % 16 == 0 {
      _ = perform(.detach(SwitchID(rawValue: id)))
      switches[id] = nil
    }
  }

  private func portEvent() {
    let id = UInt32(choose() % 2)
    let number = UInt32(choose() % 4)
    let key = SwitchPortID(rawValue: number)
    let name = pick(SwitchSimulation.names)
    let kind = pick([AdapterKind.external, .synthetic, .emulated, .internal])
    let known = switches[id]?[number]
    let description = SwitchPort(kind: kind, name: Array(name.utf8))
    switch choose() % 16 {
    case 0...11:
      let isLegal = switches[id] != nil && known == nil && number != 0
      _ = perform(.createPort(SwitchID(rawValue: id), key, description))
      if isLegal { switches[id]?[number] = Port(kind: kind, name: name) }
    case 12:
      _ = perform(.updatePort(SwitchID(rawValue: id), key, name: Array(name.utf8)))
      switches[id]?[number]?.name = name
    case 13:
      _ = perform(.tearDownPort(SwitchID(rawValue: id), key))
      switches[id]?[number]?.isTornDown = true
      for index in (known?.adapters ?? [:]).keys {
        switches[id]?[number]?.adapters[index]?.isConnected = false
      }
    case 14:
      _ = perform(.deletePort(SwitchID(rawValue: id), key))
      switches[id]?[number] = nil
    default:
      _ = perform(.undoPort(SwitchID(rawValue: id), key))
      switches[id]?[number] = nil
    }
  }

  private func adapterEvent() {
    let id = UInt32(choose() % 2)
    let number = UInt32(choose() % 4)
    let index = UInt16(choose() % 3)
    let key = AdapterKey(
      SwitchID(rawValue: id), SwitchPortID(rawValue: number), SwitchNICIndex(rawValue: index))
    let port = switches[id]?[number]
    let kind = port?.kind ?? .synthetic
    let name = pick(SwitchSimulation.names)
    let alias = pick(SwitchSimulation.names)
    let description = SwitchAdapter(kind: kind, name: Array(name.utf8), alias: Array(alias.utf8))
    let known = port?.adapters[index]
    switch choose() % 12 {
    case 0...2:
      _ = perform(.createAdapter(key, description))
      if let port, known == nil, !port.isTornDown {
        switches[id]?[number]?.adapters[index] = Adapter(kind: kind, name: name, alias: alias)
      }
    case 3...6:
      let isLegal = known != nil && known?.isConnected == false && port?.isTornDown == false
      if perform(.connectAdapter(key)) != isLegal { refusalCount += 1 << 32 }
      if isLegal { switches[id]?[number]?.adapters[index]?.isConnected = true }
    case 7:
      _ = perform(.disconnectAdapter(key))
      switches[id]?[number]?.adapters[index]?.isConnected = false
    case 8:
      _ = perform(.deleteAdapter(key))
      switches[id]?[number]?.adapters[index] = nil
    case 9:
      _ = perform(.updateAdapter(key, description))
      switches[id]?[number]?.adapters[index]?.name = name
      switches[id]?[number]?.adapters[index]?.alias = alias
    case 10:
      let isConnected = choose() & 1 == 0
      _ = perform(.learnAdapter(key, description, isConnected: isConnected))
      guard let port else { return }
      if known == nil {
        guard !port.isTornDown else { return }
        switches[id]?[number]?.adapters[index] = Adapter(kind: kind, name: name, alias: alias)
      } else {
        switches[id]?[number]?.adapters[index]?.name = name
        switches[id]?[number]?.adapters[index]?.alias = alias
      }
      if isConnected, !port.isTornDown { switches[id]?[number]?.adapters[index]?.isConnected = true }
    default:
      let bytes = (0..<Int(choose() % 16)).map { _ in choose() }
      if let saved = forwarding.save(key), choose() & 1 == 0 {
        _ = perform(.restoreAdapter(key, saved: saved))
        switches[id]?[number]?.adapters[index]?.restored = String(decoding: saved.dropFirst(6), as: UTF8.self)
      } else {
        _ = perform(.restoreAdapter(key, saved: bytes))
      }
    }
  }

  private func ask(_ body: NetlinkMessage.Body) -> [NetlinkMessage] {
    let replies = forwarding.engines.handle(
      NetlinkMessage(NetlinkHeader(flags: [.request, .acknowledge]), body), nowMilliseconds: 1)
    forwarding.followPorts()
    return replies
  }

  private func addDatapathPort() {
    let number = 1 + UInt32(choose() % 8)
    let name = pick(SwitchSimulation.names)
    guard !name.isEmpty, datapathPorts[number] == nil, !datapathPorts.values.contains(name) else { return }
    _ = ask(
      .vport(
        .new, VportMessage(number: DatapathPortNumber(number), type: pick([.netdev, .internal]), name: name)))
    datapathPorts[number] = name
    // Everything from the port goes to some others.
    let targets = (0..<Int(choose() % 4)).map { _ in 1 + UInt32(choose() % 8) }
    var key = FlowKey()
    key.words[0] = UInt64(number) << 32
    var mask = FlowKey()
    mask.words[0] = ~0
    _ = ask(.flow(.delete, FlowMessage(key: key, mask: mask, actions: [])))
    var actions = targets.map { DatapathAction.output(DatapathPortNumber($0)) }
    // Some flows change the packet on its way from one to the next.
    if choose() % 3 == 0 {
      let rewrite = SetAction(
        attribute: .ethernet, words: [MaskedWord(index: 1, value: 0x0a0b << 48, mask: 0xffff << 48)])
      actions.insert(.set(rewrite), at: Int(choose()) % (actions.count + 1))
    }
    _ = ask(.flow(.new, FlowMessage(key: key, mask: mask, actions: actions)))
    outputs[number] = targets
  }

  private func removeDatapathPort() {
    let number = 1 + UInt32(choose() % 24)
    guard datapathPorts[number] != nil else { return }
    _ = ask(.vport(.delete, VportMessage(number: DatapathPortNumber(number))))
    datapathPorts[number] = nil
  }

  // MARK: Who answers to what

  private enum Claimant: Hashable {
    case adapter(UInt32, UInt32, UInt16)
    case uplink(UInt32, UInt32)

    var text: String {
      switch self {
      case .adapter(let id, let port, let index): "\(id)/\(port)/\(index)"
      case .uplink(let id, let port): "\(id)/\(port)"
      }
    }
  }

  private func currentNames() -> [(Claimant, [String])] {
    var result: [(Claimant, [String])] = []
    for (id, ports) in switches {
      for (number, port) in ports {
        for (index, adapter) in port.adapters {
          var names: [String] = []
          switch adapter.kind {
          case .external: names = index == 0 ? [] : [adapter.alias, adapter.name, adapter.restored]
          case .internal: names = [port.name, adapter.name, adapter.restored]
          case .synthetic, .emulated: names = [port.name, adapter.restored]
          }
          result.append((.adapter(id, number, index), names.filter { !$0.isEmpty }))
        }
        if port.kind == .external, port.adapters.keys.contains(where: { $0 > 0 }) {
          result.append((.uplink(id, number), ["external"]))
        }
      }
    }
    return result
  }

  private func updateClaims() {
    var kept: [String: Int] = [:]
    for (claimant, names) in currentNames() {
      for name in names {
        let key = claimant.text + " " + name
        kept[key] = claims[key] ?? clock
      }
    }
    claims = kept
  }

  /// Who a name belongs to: the network outside before all others, then whoever has answered to it longest; if several began at
  /// once, any of them.
  private func owners(of name: String) -> [Claimant] {
    var found: [Claimant] = []
    var since = Int.max
    var claimants = currentNames().filter { $0.1.contains(name) }
    let uplinks = claimants.filter { if case .uplink = $0.0 { true } else { false } }
    if !uplinks.isEmpty { claimants = uplinks }
    for (claimant, _) in claimants {
      let began = claims[claimant.text + " " + name] ?? 0
      if began < since { found = [] }
      if began <= since { found.append(claimant) }
      since = min(since, began)
    }
    return found
  }

  private func isConnected(_ key: AdapterKey) -> Bool {
    switches[key.switchID.rawValue]?[key.port.rawValue]?.adapters[key.index.rawValue]?.isConnected == true
  }

  private func isPlace(_ key: AdapterKey, of claimant: Claimant) -> Bool {
    switch claimant {
    case .adapter(let id, let port, let index):
      return key.switchID.rawValue == id && key.port.rawValue == port && key.index.rawValue == index
    case .uplink(let id, let port):
      return key.switchID.rawValue == id && key.port.rawValue == port && key.index.rawValue > 0
    }
  }

  // MARK: Packets

  private func packet(_ identifier: UInt32) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 14 + Int(choose() % 64))
    if choose() % 16 == 0 { bytes.removeLast(Int(choose() % 8)) }
    guard bytes.count >= 14 else { return bytes }
    for place in 0..<4 {
      bytes[8 + place] = UInt8(truncatingIfNeeded: identifier >> UInt32(8 * (3 - place)))
    }
    bytes[12] = 0x88
    bytes[13] = 0xb5
    return bytes
  }

  private func sendPackets(on index: Int) throws {
    batch = []
    for _ in 0..<Int(choose() % 6) {
      identifier &+= 1
      let key = AdapterKey(
        SwitchID(rawValue: UInt32(choose() % 2)), SwitchPortID(rawValue: UInt32(choose() % 4)),
        SwitchNICIndex(rawValue: UInt16(choose() % 3)))
      let bytes = packet(identifier)
      var information = OutOfBand()
      if choose() % 4 == 0 {
        information = OutOfBand(
          checksum: UInt32(choose()) << 16 | UInt32(choose()), largeSend: UInt32(choose() % 2) * 1_000,
          coalesced: UInt32(choose() % 3), tag: UInt32(choose()) << 4)
      }
      packetCount += 1
      let lasting = pick([0, 20, 0xfff])
      let known = switches[key.switchID.rawValue]?[key.port.rawValue]?.adapters[key.index.rawValue]
      let arrival = unsafe forwarding.arrive(
        on: index, from: key, information, known?.kind == .external ? .receive : .send,
        byteCount: bytes.count,
        lastingByteCount: lasting
      ) { memory in
        guard memory.count == bytes.count else { return false }
        unsafe memory.copyBytes(from: bytes)
        return true
      }
      switch arrival {
      case .accepted(let place):
        guard place == batch.count else { throw SimulationFailure("place \(place), not \(batch.count)") }
        let ports = boundPorts(key)
        if ports.isEmpty { throw SimulationFailure("\(key) should not be bound") }
        batch.append(
          Packet(
            identifier: identifier, ports: ports, bytes: bytes, information: information,
            switchID: key.switchID, lastingByteCount: lasting))
      case .unbound:
        // If several answer to a name equally long, any of them may have it.
        let names = boundPorts(key).compactMap { datapathPorts[$0] }
        if names.contains(where: { owners(of: $0).count == 1 }) {
          throw SimulationFailure("\(key) should be bound")
        }
      case .dropped, .full: break
      }
    }
    try finishBatch(on: index)
  }

  /// The ports that packets of an adapter may come in by, as the rules have it.
  private func boundPorts(_ key: AdapterKey) -> [UInt32] {
    guard switches[key.switchID.rawValue]?[key.port.rawValue]?.adapters[key.index.rawValue] != nil else {
      return []
    }
    return datapathPorts.keys.filter { number in
      owners(of: datapathPorts[number] ?? "").contains { isPlace(key, of: $0) }
    }
  }

  private func finishBatch(on index: Int) throws {
    let before = drops(on: index)
    let delivered = forwarding.process(on: index, nowMilliseconds: UInt64(clock))
    var seen: [UInt32: [AdapterKey]] = [:]
    var failure: SimulationFailure?
    var unsent: UInt32 = 0
    let failed = forwarding.depart(on: index) { departing in
      departureCount += 1
      if !isConnected(departing.destination) {
        failure = SimulationFailure("\(departing.destination) is not connected")
      }
      let source = departing.source
      if source.port != .trusted {
        let known = switches[source.switchID.rawValue]?[source.port.rawValue]?.adapters[source.index.rawValue]
        if known == nil || source.switchID != departing.destination.switchID {
          failure = SimulationFailure("\(source) is not a source of \(departing.destination)")
        }
        if (departing.kind == .receive) != (known?.kind == .external) {
          failure = SimulationFailure("\(source) is of the other kind")
        }
      } else if departing.kind != .send {
        failure = SimulationFailure("the trusted source is of the send kind")
      }
      let bytes = unsafe Array(departing.bytes)
      var identifier: UInt32 = 0
      for place in 0..<4 { identifier = identifier << 8 | UInt32(bytes[8 + place]) }
      seen[identifier, default: []].append(departing.destination)
      guard let row = departing.row, row < batch.count, batch[row].identifier == identifier else {
        failure = SimulationFailure("packet \(identifier) is said to be that of place \(departing.row ?? -1)")
        return nil
      }
      failure = judgeOriginal(departing, bytes, of: batch[row]) ?? failure
      if departing.isOriginal { originalCount += 1 }
      let isSent = choose() % 8 != 0
      if !isSent { unsent |= 1 << UInt32(row) }
      return isSent ? nil : .notSent
    }
    if let failure { throw failure }
    if failed != unsent { throw SimulationFailure("failed are \(failed), not \(unsent)") }
    let dropped = batch.indices.filter { delivered >> UInt32($0) & 1 == 0 }.count
    if drops(on: index) - before < dropped {
      throw SimulationFailure("\(dropped) packets were lost uncounted")
    }
    if delivered >> UInt32(batch.count) != 0, batch.count < 32 {
      throw SimulationFailure("delivered what did not arrive")
    }
    for packet in batch {
      guard let places = seen.removeValue(forKey: packet.identifier) else { continue }
      guard packet.ports.contains(where: { explains(places, by: $0) }) else {
        throw SimulationFailure("\(places) are not outputs of ports \(packet.ports)")
      }
    }
    if !seen.isEmpty { throw SimulationFailure("\(seen.count) packets departed that had not arrived") }
    while forwarding.deliverUpcalls(of: index) {}
    if forwarding.engines.hasUpcalls(on: index) { throw SimulationFailure("upcalls stay") }
  }

  /// What is wrong about going on as the original, or not.
  private func judgeOriginal(_ departing: DepartingPacket, _ bytes: [UInt8], of packet: Packet)
    -> SimulationFailure?
  {
    var arrived = packet.bytes
    if packet.information.tag & 0xffff != 0 { arrived.insert(contentsOf: bytes[12..<16], at: 12) }
    // None of these packets has headers that one could know to be safe while others are not.
    let isSafe = packet.lastingByteCount >= packet.bytes.count
    let mayGoOn =
      bytes == arrived && isSafe && departing.destination.switchID == packet.switchID
    return departing.isOriginal == mayGoOn
      ? nil : SimulationFailure("\(departing.isOriginal ? "no original" : "an original"): \(packet)")
  }

  /// Whether each place stands for an output of a port, and for one of its own.
  private func explains(_ places: [AdapterKey], by port: UInt32) -> Bool {
    var left = outputs[port] ?? []
    for place in places {
      let match = left.firstIndex { number in
        guard let name = datapathPorts[number] else { return false }
        return owners(of: name).contains { isPlace(place, of: $0) }
      }
      guard let match else { return false }
      left.remove(at: match)
    }
    return true
  }

  private func drops(on index: Int) -> Int {
    var sum = 0
    for reason in DropReason.allCases {
      sum += Int(forwarding.engines.dropCount(reason, on: index))
    }
    return sum
  }
}
