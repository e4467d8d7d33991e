import Datapath
import Testing

@testable import Extension

private let first = SwitchID(rawValue: 0)
private let second = SwitchID(rawValue: 1)

private func port(_ number: UInt32) -> SwitchPortID { SwitchPortID(rawValue: number) }

private func key(_ id: SwitchID, _ number: UInt32, _ index: UInt16 = 0) -> AdapterKey {
  AdapterKey(id, port(number), SwitchNICIndex(rawValue: index))
}

private func text(_ string: String) -> [UInt8] { Array(string.utf8) }

/// A model with what its changes come to.
private struct Host {
  var model = SwitchModel()
  let map = PortMap()

  init() { perform(.attach(first)) }

  @discardableResult
  mutating func perform(_ event: SwitchEvent) -> SwitchRefusal? {
    let refusal = model.perform(event)
    apply()
    return refusal
  }

  mutating func apply() {
    for change in model.takeChanges() { map.apply(change) }
  }

  mutating func machine(_ id: SwitchID, _ number: UInt32, _ name: String) {
    perform(.createPort(id, port(number), SwitchPort(kind: .synthetic, name: text(name))))
    perform(.createAdapter(key(id, number), SwitchAdapter(kind: .synthetic, name: text("Network Adapter"))))
    perform(.connectAdapter(key(id, number)))
  }

  mutating func add(_ number: UInt32, _ name: String) {
    model.addDatapathPort(DatapathPortNumber(number), name: text(name))
    apply()
  }

  func isReached(_ number: UInt32, _ adapter: AdapterKey) -> Bool {
    let destination = map.destination(of: number)
    return destination.switchID == adapter.switchID && destination.port == adapter.port
      && destination.adapters >> UInt64(adapter.index.rawValue) & 1 == 1
  }
}

@Suite struct SwitchModelTests {
  @Test func `the network outside goes before an adapter of the host of the same name, whichever came first`()
  {
    for isHostFirst in [true, false] {
      var host = Host()
      host.add(1, "external")
      func addHost() {
        host.perform(.createPort(first, port(2), SwitchPort(kind: .internal, name: [])))
        host.perform(.createAdapter(key(first, 2), SwitchAdapter(kind: .internal, name: text("external"))))
        host.perform(.connectAdapter(key(first, 2)))
      }
      if isHostFirst {
        addHost()
        #expect(host.isReached(1, key(first, 2)))
      }
      host.perform(.createPort(first, port(1), SwitchPort(kind: .external, name: [])))
      host.perform(.createAdapter(key(first, 1, 1), SwitchAdapter(kind: .external, name: text("Ethernet1"))))
      host.perform(.connectAdapter(key(first, 1, 1)))
      if !isHostFirst { addHost() }
      #expect(host.isReached(1, key(first, 1, 1)))
      #expect(!host.isReached(1, key(first, 2)))
      #expect(host.map.port(of: key(first, 1, 1)) == 1 && host.map.port(of: key(first, 2)) == 0)
      host.perform(.deleteAdapter(key(first, 1, 1)))
      #expect(host.isReached(1, key(first, 2)))
    }
  }

  @Test func `packets may come from an adapter before they may go to it`() {
    var host = Host()
    host.add(1, "vm1")
    host.perform(.createPort(first, port(5), SwitchPort(kind: .synthetic, name: text("vm1"))))
    #expect(host.map.port(of: key(first, 5)) == 0)
    host.perform(.createAdapter(key(first, 5), SwitchAdapter(kind: .synthetic, name: [])))
    #expect(host.map.port(of: key(first, 5)) == 1)
    #expect(!host.isReached(1, key(first, 5)))
    host.perform(.connectAdapter(key(first, 5)))
    #expect(host.isReached(1, key(first, 5)))
    host.perform(.disconnectAdapter(key(first, 5)))
    #expect(!host.isReached(1, key(first, 5)))
    #expect(host.map.port(of: key(first, 5)) == 1)
    host.perform(.deleteAdapter(key(first, 5)))
    #expect(host.map.port(of: key(first, 5)) == 0)
  }

  @Test func `names bind whichever comes first, and anew when they change`() {
    var host = Host()
    host.machine(first, 5, "vm1")
    host.add(1, "vm1")
    #expect(host.isReached(1, key(first, 5)))
    host.perform(.updatePort(first, port(5), name: text("vm2")))
    #expect(!host.isReached(1, key(first, 5)))
    #expect(host.map.port(of: key(first, 5)) == 0)
    host.add(2, "vm2")
    #expect(host.isReached(2, key(first, 5)))
    host.model.removeDatapathPort(DatapathPortNumber(2))
    host.apply()
    #expect(!host.isReached(2, key(first, 5)))
  }

  @Test func `of two that answer to a name the first has it, and then the other`() {
    var host = Host()
    host.perform(.attach(second))
    host.add(1, "vm")
    host.machine(first, 5, "vm")
    host.machine(second, 5, "vm")
    #expect(host.isReached(1, key(first, 5)))
    host.perform(.detach(first))
    #expect(host.isReached(1, key(second, 5)))
    #expect(host.map.port(of: key(first, 5)) == 0)
  }

  @Test func `the external port as a whole is a team of its connected adapters`() {
    var host = Host()
    host.add(1, "external")
    host.perform(.createPort(first, port(9), SwitchPort(kind: .external, name: text("Uplink"))))
    for index in UInt16(0)...3 {
      let adapter = SwitchAdapter(
        kind: .external, name: text("NIC \(index)"), alias: text("Ethernet \(index)"))
      host.perform(.createAdapter(key(first, 9, index), adapter))
    }
    host.perform(.connectAdapter(key(first, 9, 1)))
    host.perform(.connectAdapter(key(first, 9, 3)))
    #expect(host.map.destination(of: 1).adapters == 0b1010)
    #expect(host.map.destination(of: 1).isExternal)
    #expect(host.map.destination(of: 1).adapter(hash: 6).rawValue == 1)
    #expect(host.map.destination(of: 1).adapter(hash: 7).rawValue == 3)
    #expect(host.map.port(of: key(first, 9, 2)) == 1)
    // An adapter's own name goes before the whole port's.
    host.add(2, "Ethernet 3")
    #expect(host.map.port(of: key(first, 9, 3)) == 2)
    #expect(host.map.destination(of: 2).adapters == 0b1000)
  }

  @Test func `an internal adapter answers to the port's name and to its own`() {
    var host = Host()
    host.add(1, "br0")
    host.perform(.createPort(first, port(3), SwitchPort(kind: .internal, name: [])))
    host.perform(.createAdapter(key(first, 3), SwitchAdapter(kind: .internal, name: text("vEthernet"))))
    host.perform(.connectAdapter(key(first, 3)))
    #expect(!host.isReached(1, key(first, 3)))
    host.perform(.updateAdapter(key(first, 3), SwitchAdapter(kind: .internal, name: text("br0"))))
    #expect(host.isReached(1, key(first, 3)))
  }

  @Test func `a machine brings its name from another host`() {
    var host = Host()
    host.add(1, "vm1")
    host.machine(first, 5, "vm1")
    let saved = host.model.save(key(first, 5))
    #expect(saved != nil)
    host.perform(.deleteAdapter(key(first, 5)))
    // There it has another port, whose name is not set yet.
    host.machine(first, 6, "")
    #expect(host.perform(.restoreAdapter(key(first, 6), saved: saved ?? [])) == nil)
    #expect(host.isReached(1, key(first, 6)))
    #expect(host.perform(.restoreAdapter(key(first, 6), saved: [1, 2, 3])) == .unknownSavedState)
    #expect(host.model.save(key(first, 7)) == nil)
  }

  @Test func `whatever comes out of order is refused and counted`() {
    var host = Host()
    let description = SwitchPort(kind: .synthetic, name: [])
    let adapter = SwitchAdapter(kind: .synthetic, name: [])
    let refusals: [(SwitchEvent, SwitchRefusal)] = [
      (.attach(first), .switchExists),
      (.detach(second), .unknownSwitch),
      (.createPort(second, port(1), description), .unknownSwitch),
      (.createPort(first, port(0), description), .portOutOfRange),
      (.createPort(first, port(0x1_0000), description), .portOutOfRange),
      (.updatePort(first, port(1), name: []), .unknownPort),
      (.tearDownPort(first, port(1)), .unknownPort),
      (.deletePort(first, port(1)), .unknownPort),
      (.createAdapter(key(first, 1), adapter), .unknownPort),
      (.connectAdapter(key(first, 1)), .unknownAdapter),
      (.disconnectAdapter(key(first, 1)), .unknownAdapter),
      (.deleteAdapter(key(first, 1)), .unknownAdapter),
    ]
    for (event, expected) in refusals { #expect(host.perform(event) == expected) }
    host.perform(.createPort(first, port(1), description))
    #expect(host.perform(.createPort(first, port(1), description)) == .portExists)
    #expect(host.perform(.deletePort(first, port(1))) == .portNotTornDown)
    host.machine(first, 2, "")
    #expect(host.perform(.createAdapter(key(first, 2), adapter)) == .adapterExists)
    #expect(host.perform(.createAdapter(key(first, 2, 33), adapter)) == .adapterOutOfRange)
    #expect(host.perform(.connectAdapter(key(first, 2))) == .alreadyConnected)
    #expect(host.perform(.tearDownPort(first, port(2))) == .portHasAdapters)
    #expect(host.perform(.connectAdapter(key(first, 2))) == .portTornDown)
    #expect(host.perform(.disconnectAdapter(key(first, 2))) == .notConnected)
    #expect(host.model.refusalCount(.unknownPort) == 4)
    #expect(SwitchRefusal.portTornDown.isVeto && !SwitchRefusal.portExists.isVeto)
  }

  @Test func `a port whose making failed below is as if it had not been`() {
    var host = Host()
    host.add(1, "vm1")
    host.perform(.createPort(first, port(5), SwitchPort(kind: .synthetic, name: text("vm1"))))
    host.perform(.createAdapter(key(first, 5), SwitchAdapter(kind: .synthetic, name: [])))
    #expect(host.perform(.undoAdapter(key(first, 5))) == nil)
    #expect(host.map.port(of: key(first, 5)) == 0)
    #expect(host.perform(.undoPort(first, port(5))) == nil)
    #expect(host.model.switches[first]?.ports.isEmpty == true)
  }
}
