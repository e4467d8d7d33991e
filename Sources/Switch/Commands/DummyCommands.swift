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
    while let text = rest.popFirst() {
      var wantedByteCount: Int?
      if rest.first == "--len" {
        wantedByteCount = rest.dropFirst().first.flatMap { Int($0) } ?? 0
        rest = rest.dropFirst(2)
        guard let count = wantedByteCount, count >= Self.leastByteCount else {
          call.fail("too small packet len")
          return
        }
      }
      guard let frame = frame(text, wantedByteCount, interface.bridge.datapath) else {
        call.fail(
          wantedByteCount == nil
            ? "syntax error at \(text)" : "syntax error at \(text), or longer than its length")
        return
      }
      call.host.context.turn.emit(
        .datapathReceive(datapath: interface.bridge.datapath.name, port, frame: frame))
    }
    call.reply()
  }

  /// The shortest frame that may be asked for, in bytes: a header, and the least payload of IEEE 802.3.
  private static var leastByteCount: Int { 60 }

  /// A frame in hexadecimal digits, or one made from a flow in the datapath's syntax, of a length if that is given.
  private static func frame(_ text: String, _ byteCount: Int?, _ link: DatapathLink) -> [UInt8]? {
    if let bytes = FrameText.bytes(text) { return byteCount == nil ? bytes : nil }
    guard let key = FrameText.key(text, link) else { return nil }
    guard let byteCount else { return FrameComposer.frame(of: key) }
    return FrameComposer.frame(of: key, byteCount: byteCount)
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
      call.host.reconciler.attachments.note(interface, .modify)
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
      ?? NetworkDevice(
        name: interface.name, ethernetAddress: interface.ethernetAddress, isUp: true, hasCarrier: true)
    device.addresses.append(NetworkAddress(address: address, prefixBitCount: length))
    context.devices[interface.name] = device
    context.haveAddressesChanged = true
    call.reply("OK\n")
  }
}
