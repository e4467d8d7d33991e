import OpenFlow
import PacketWire

/// `fdb/…`: the addresses that bridges have learned.
enum AddressCommands {
  static let all: [SwitchCommand] = [
    SwitchCommand("fdb/add", "bridge port vlan mac", 4, 4, add),
    SwitchCommand("fdb/del", "bridge vlan mac", 3, 3, delete),
    SwitchCommand("fdb/flush", "[bridge]", 0, 1) { call in
      guard let bridges = call.bridges() else { return }
      for bridge in bridges { bridge.addresses.flush() }
      call.reply("table successfully flushed\n")
    },
    SwitchCommand("fdb/show", "bridge", 1, 1, show),
    SwitchCommand("fdb/stats-clear", "[bridge]", 0, 1) { call in
      guard let bridges = call.bridges() else { return }
      for bridge in bridges { bridge.addresses.clearStatistics() }
      call.reply("statistics successfully cleared\n")
    },
    SwitchCommand("fdb/stats-show", "bridge", 1, 1, showStatistics),
  ]

  @Sendable private static func show(_ call: CommandCall) {
    guard let bridge = call.bridge(0) else { return }
    var text = " port  VLAN  MAC                Age\n"
    for entry in bridge.addresses.all {
      let number = entry.port.interfaces.first.map { FlowNames().text($0.number) } ?? ""
      let age = max(0, call.host.context.now &- entry.usedMilliseconds) / 1000
      text += number.alignedRight(5) + "  " + String(entry.key.vlan).alignedRight(4)
      text += "  " + entry.key.address.description + "  "
      text += (entry.isStatic ? "static" : String(age).alignedRight(3)) + "\n"
    }
    call.reply(text)
  }

  @Sendable private static func add(_ call: CommandCall) {
    guard let bridge = call.bridge(0) else { return }
    guard let interface = bridge.interface(named: call.arguments[1]) else {
      call.fail("software error, odp port is present but no ofp port")
      return
    }
    guard let address = MACAddress(call.arguments[3]) else {
      call.fail("bad MAC address")
      return
    }
    let vlan = vlan(call.arguments[2])
    let known = bridge.addresses.lookup(vlan: vlan, address)
    bridge.addresses.addStatic(vlan: vlan, address, port: interface.port)
    guard let known, known.port !== interface.port else {
      call.reply()
      return
    }
    let number = known.port.interfaces.first.map { FlowNames().text($0.number) } ?? ""
    call.reply("Overriding already existing \(known.isStatic ? "static" : "dynamic") entry on \(number)\n")
  }

  @Sendable private static func delete(_ call: CommandCall) {
    guard let bridge = call.bridge(0) else { return }
    guard let address = MACAddress(call.arguments[2]) else {
      call.fail("bad MAC address")
      return
    }
    let vlan = vlan(call.arguments[1])
    guard let known = bridge.addresses.lookup(vlan: vlan, address), known.isStatic else {
      call.fail("could not find static mac entry")
      return
    }
    bridge.addresses.remove(vlan: vlan, address)
    call.reply()
  }

  /// A VLAN as C's `atoi` reads it: what is no number is 0.
  private static func vlan(_ text: String) -> UInt16 {
    var value: UInt16 = 0
    for byte in text.utf8 {
      guard byte >= 0x30, byte <= 0x39 else { break }
      value = value &* 10 &+ UInt16(byte &- 0x30)
    }
    return value
  }

  @Sendable private static func showStatistics(_ call: CommandCall) {
    guard let bridge = call.bridge(0) else { return }
    let table = bridge.addresses
    let statistics = table.statistics
    let fixed = table.all.filter { $0.isStatic }.count
    call.reply(
      """
      Statistics for bridge "\(bridge.name)":
        Current/maximum MAC entries in the table: \(table.count)/\(table.limit)
        Current static MAC entries in the table : \(fixed)
        Total number of learned MAC entries     : \(statistics.learned)
        Total number of expired MAC entries     : \(statistics.expired)
        Total number of evicted MAC entries     : \(statistics.evicted)
        Total number of port moved MAC entries  : \(statistics.moved)

      """)
  }
}

extension String {
  /// The text with blanks before it up to a width in bytes.
  func alignedRight(_ width: Int) -> String {
    let missing = width - utf8.count
    return missing > 0 ? String(repeating: " ", count: missing) + self : self
  }
}
