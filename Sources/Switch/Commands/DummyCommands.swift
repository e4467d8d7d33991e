import Datapath
import OpenFlow
import PacketWire

/// `netdev-dummy/…`: devices for tests.
enum DummyCommands {
  static let all: [SwitchCommand] = [
    SwitchCommand(
      "netdev-dummy/receive", "name [--qid queue_id] packet|flow [--len packet_len]", 2, nil, receive),
    SwitchCommand("netdev-dummy/set-admin-state", "[netdev] up|down", 1, 2, setState),
    SwitchCommand("netdev-dummy/ip4addr", "[netdev] ipaddr/mask-prefix-len", 2, 2, setAddress),
    SwitchCommand("netdev-dummy/ip6addr", "[netdev] ip6addr", 2, 2, setAddress),
  ]

  private static func dummies(_ host: VirtualSwitch) -> [Interface] {
    var found: [Interface] = []
    for link in host.openDatapaths {
      for interface in link.interfaces.values {
        if case .dummy = interface.kind { found.append(interface) }
      }
    }
    return found
  }

  @Sendable private static func receive(_ call: CommandCall) {
    let interface = dummies(call.host).first { $0.name.utf8.elementsEqual(call.arguments[0].utf8) }
    guard let interface, let port = interface.datapathNumber else {
      call.fail("no such dummy netdev")
      return
    }
    var rest = call.arguments.dropFirst()
    if rest.first == "--qid" { rest = rest.dropFirst(2) }
    for text in rest {
      guard let frame = FrameText.bytes(text) else {
        call.fail("syntax error at \(text)")
        return
      }
      call.host.context.turn.emit(
        .datapathReceive(datapath: interface.bridge.datapath.name, port, frame: frame))
    }
    call.reply()
  }

  @Sendable private static func setState(_ call: CommandCall) {
    let isUp: Bool
    switch call.arguments[call.arguments.count - 1] {
    case "up": isUp = true
    case "down": isUp = false
    default:
      call.fail("Invalid Admin State")
      return
    }
    var found = dummies(call.host)
    if call.arguments.count > 1 {
      found = found.filter { $0.name.utf8.elementsEqual(call.arguments[0].utf8) }
      guard !found.isEmpty else {
        call.fail("Unknown Dummy Interface")
        return
      }
    }
    for interface in found where interface.isUp != isUp {
      interface.isUp = isUp
      interface.hasCarrier = isUp
      interface.bridge.markChanged()
      call.host.reconciler.onPort?(interface, .modify)
    }
    call.reply("OK\n")
  }

  /// Gives a dummy device an address, beside those that it has.
  @Sendable private static func setAddress(_ call: CommandCall) {
    let interface = dummies(call.host).first { $0.name.utf8.elementsEqual(call.arguments[0].utf8) }
    guard let interface else {
      call.fail("Unknown Dummy Interface")
      return
    }
    let parts = call.arguments[1].split(separator: "/", maxSplits: 1)
    guard let address = parts.first.flatMap({ IPv6Address(orMapped: String($0)) }) else {
      call.fail("Invalid parameters")
      return
    }
    let offset = address.mappedIPv4 == nil ? 0 : 96
    let length = parts.count > 1 ? Int(parts[1]).map { $0 + offset } : 128
    guard let length, (0...128).contains(length) else {
      call.fail("Invalid parameters")
      return
    }
    let context = call.host.context
    var device =
      context.devices[interface.name]
      ?? Device(name: interface.name, index: 0, ethernetAddress: interface.ethernetAddress)
    device.addresses.append(DeviceAddress(address: address, prefixBitCount: length))
    context.devices[interface.name] = device
    call.host.refreshTunnels()
    call.reply("OK\n")
  }
}

/// Frames as text.
enum FrameText {
  /// The bytes of a frame in hexadecimal digits; nil if it is no whole number of bytes or shorter than an Ethernet header.
  static func bytes(_ text: String) -> [UInt8]? {
    var bytes: [UInt8] = []
    var high: UInt8?
    for character in text.utf8 {
      let digit: UInt8
      switch character {
      case 0x30...0x39: digit = character - 0x30
      case 0x41...0x46: digit = character - 0x41 + 10
      case 0x61...0x66: digit = character - 0x61 + 10
      default: return nil
      }
      if let first = high {
        bytes.append(first << 4 | digit)
        high = nil
      } else {
        high = digit
      }
    }
    return high == nil && bytes.count >= 14 ? bytes : nil
  }
}
