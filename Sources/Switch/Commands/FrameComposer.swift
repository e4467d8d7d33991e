import Datapath
import PacketWire

/// Makes frames that have the headers that a key says: packets for tests, and for traces with `-generate`.
struct FrameComposer {
  /// How many bytes of payload follow a transport header.
  static var payloadByteCount: Int { 64 }

  private var bytes: [UInt8] = []

  private init() {}

  /// A frame with a key's headers.
  static func frame(of key: FlowKey) -> [UInt8] {
    var composer = FrameComposer()
    composer.appendEthernet(key)
    switch key.etherType {
    case 0x0800: composer.appendIPv4(key)
    case 0x86dd: composer.appendIPv6(key)
    case 0x0806, 0x8035: composer.appendARP(key)
    case 0x8847, 0x8848:
      for entry in Commit.entries(key) { composer.append(UInt64(entry), 4) }
    default: break
    }
    return composer.bytes
  }

  private mutating func append(_ value: UInt64, _ byteCount: Int) {
    EndpointFrames.append(&bytes, value, byteCount: byteCount)
  }

  private mutating func appendEthernet(_ key: FlowKey) {
    append(key.ethernetDestination.rawValue, 6)
    append(key.ethernetSource.rawValue, 6)
    if key.hasVLAN {
      append(UInt64(key.vlanTPID == 0 ? 0x8100 : key.vlanTPID), 2)
      append(UInt64(key.vlanTCI & ~0x1000), 2)
      if key.innerVLANTCI & 0x1000 != 0 {
        append(UInt64(key.innerVLANTPID == 0 ? 0x8100 : key.innerVLANTPID), 2)
        append(UInt64(key.innerVLANTCI & ~0x1000), 2)
      }
    }
    // What has no type is an 802.3 frame, whose type is its length.
    append(key.etherType < 0x600 ? 0 : UInt64(key.etherType), 2)
  }

  private mutating func appendARP(_ key: FlowKey) {
    append(0x0001_0800_0604 << 16 | UInt64(key.ipProtocol), 8)
    append(key.arpSourceHardware.rawValue, 6)
    append(UInt64(key.ipv4Source.rawValue), 4)
    append(key.arpTargetHardware.rawValue, 6)
    append(UInt64(key.ipv4Destination.rawValue), 4)
  }

  /// RFC 791, section 3.1.
  private mutating func appendIPv4(_ key: FlowKey) {
    let start = bytes.count
    let payload = transport(key)
    append(0x45, 1)
    append(UInt64(key.typeOfService), 1)
    append(UInt64(20 + payload.count), 2)
    append(0, 2)
    append(key.fragment & 2 != 0 ? 100 : key.fragment & 1 != 0 ? 0x2000 : 0x4000, 2)
    append(UInt64(key.timeToLive), 1)
    append(UInt64(key.ipProtocol), 1)
    append(0, 2)
    append(UInt64(key.ipv4Source.rawValue), 4)
    append(UInt64(key.ipv4Destination.rawValue), 4)
    let check = Self.checksum(bytes[start...], from: 0)
    bytes[start + 10] = UInt8(truncatingIfNeeded: check >> 8)
    bytes[start + 11] = UInt8(truncatingIfNeeded: check)
    bytes += payload
  }

  /// RFC 8200, section 3.
  private mutating func appendIPv6(_ key: FlowKey) {
    let payload = transport(key)
    append(6 << 28 | UInt64(key.typeOfService) << 20 | key.words[14] >> 32 & 0xf_ffff, 4)
    append(UInt64(payload.count), 2)
    append(UInt64(key.ipProtocol), 1)
    append(UInt64(key.timeToLive), 1)
    EndpointFrames.append(&bytes, key.ipv6Source)
    EndpointFrames.append(&bytes, key.ipv6Destination)
    bytes += payload
  }

  /// The transport header and payload, with their checksum.
  private func transport(_ key: FlowKey) -> [UInt8] {
    guard key.fragment & 2 == 0 else { return [] }
    var part = FrameComposer()
    var place: Int?
    switch key.ipProtocol {
    case 6:
      part.append(key.words[4] & 0xffff_ffff, 4)
      part.append(0, 8)
      part.append(5 << 12 | key.words[5] >> 48, 2)
      part.append(0, 6)
      place = 16
    case 17:
      part.append(key.words[4] & 0xffff_ffff, 4)
      part.append(UInt64(8 + Self.payloadByteCount), 2)
      part.append(0, 2)
      place = 6
    case 132:
      part.append(key.words[4] & 0xffff_ffff, 4)
      part.append(0, 8)
    case 1 where key.isIPv4, 2 where key.isIPv4, 58 where key.isIPv6:
      part.append(UInt64(key.transportSource) << 8 | UInt64(key.transportDestination), 2)
      part.append(0, 6)
      place = 2
      if key.ipProtocol == 58, key.transportSource == 135 || key.transportSource == 136 {
        EndpointFrames.append(&part.bytes, key.neighborTarget)
        return Self.completed(part.bytes, place: 2, key)
      }
    default: return []
    }
    for index in 0..<Self.payloadByteCount { part.bytes.append(UInt8(truncatingIfNeeded: index)) }
    return Self.completed(part.bytes, place: place, key)
  }

  private static func completed(_ bytes: [UInt8], place: Int?, _ key: FlowKey) -> [UInt8] {
    guard let place else { return bytes }
    var bytes = bytes
    var sum: UInt32 = 0
    if key.isIPv6 || key.ipProtocol == 6 || key.ipProtocol == 17 {
      // The pseudo header (RFC 9293, section 3.1; RFC 8200, section 8.1).
      sum = UInt32(bytes.count) + UInt32(key.ipProtocol)
      if key.isIPv4 {
        for address in [key.ipv4Source.rawValue, key.ipv4Destination.rawValue] {
          sum += address >> 16 + address & 0xffff
        }
      } else {
        for address in [key.ipv6Source, key.ipv6Destination] {
          for group in 0..<8 { sum += UInt32(address.group(group)) }
        }
      }
    }
    let check = checksum(bytes[...], from: sum)
    bytes[place] = UInt8(truncatingIfNeeded: check >> 8)
    bytes[place + 1] = UInt8(truncatingIfNeeded: check)
    return bytes
  }

  /// The checksum of RFC 1071.
  private static func checksum(_ bytes: ArraySlice<UInt8>, from start: UInt32) -> UInt16 {
    var sum = start
    var isHigh = true
    for byte in bytes {
      sum += isHigh ? UInt32(byte) << 8 : UInt32(byte)
      isHigh.toggle()
    }
    while sum >> 16 != 0 { sum = sum & 0xffff + sum >> 16 }
    return ~UInt16(truncatingIfNeeded: sum)
  }
}
