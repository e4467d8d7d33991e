import TestSupport

/// Frames that simulated hosts send.
struct Frame {
  var destination: UInt64
  var source: UInt64
  /// Tag control information, if there is a tag.
  var tag: UInt16?
  var payload: [UInt8]
  var type: UInt16

  var bytes: [UInt8] {
    var bytes = big(destination, 6) + big(source, 6)
    if let tag { bytes += [0x81, 0x00] + big(UInt64(tag), 2) }
    bytes += big(UInt64(type), 2) + payload
    while bytes.count < 60 { bytes.append(0) }
    return bytes
  }

  /// The address of a simulated host by its number.
  static func address(_ host: Int) -> UInt64 { 0x0200_0000_0000 | UInt64(host) }

  static let broadcast: UInt64 = 0xffff_ffff_ffff

  /// A frame between hosts, with or without a tag.
  static func random(_ chance: inout Chance, from host: Int, hostCount: Int) -> Frame {
    let target = chance.number(0...hostCount)
    let destination =
      target == hostCount
      ? chance.pick([broadcast, 0x0100_5e00_0001, 0x0180_c200_0000, 0x3333_0000_0001, 0x0180_c200_000e])
      : address(target)
    var tag: UInt16?
    if chance.percent(40) {
      tag = UInt16(chance.pick([0, 1, 10, 20, 30, 4095])) | UInt16(chance.number(0...7)) << 13
    }
    let (type, payload) = randomPayload(&chance, host)
    return Frame(destination: destination, source: address(host), tag: tag, payload: payload, type: type)
  }

  private static func randomPayload(_ chance: inout Chance, _ host: Int) -> (UInt16, [UInt8]) {
    switch chance.number(0...5) {
    case 0:
      let arp: [UInt8] =
        [0, 1, 8, 0, 6, 4, 0, UInt8(chance.number(1...2))] + big(address(host), 6) + [10, 0, 0, UInt8(host)]
        + big(0, 6) + [10, 0, 0, UInt8(chance.number(0...8))]
      return (0x0806, arp)
    case 1: return (0x88cc, chance.bytes(20))
    case 2: return (UInt16(truncatingIfNeeded: chance.next()), chance.bytes(chance.number(0...60)))
    default:
      let proto = chance.pick([1, 6, 17, 47] as [UInt8])
      let transport = chance.bytes(20)
      let target = 0x0a00_0000 | chance.number(0...8)
      let hops = chance.pick([1, 2, 64])
      return (
        0x0800,
        Build.ipv4(
          Int(proto), transport, from: 0x0a00_0000 | host, to: target, ttl: hops, identification: 0)
      )
    }
  }
}
