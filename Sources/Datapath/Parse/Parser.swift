// What: a packet's headers become its flow key.
//
// How: every layer checks once that its fixed header is there, then loads whole words in network order and cuts
// the key's words out of them. A layer that is malformed ends the parse; what was found so far is the key, and
// the fields of the layers beyond are zero, so that rules on them do not match. This is what Open vSwitch does,
// and it means that no packet is refused for what it carries, only for being shorter than an Ethernet header.

/// Fills keys from packets.
enum Parser {
  /// Parses a packet of at least 14 bytes into the key that its state names.
  ///
  /// The key's ports, connection state and marks and its metadata segments are the caller's; the rest is set here.
  @inline(__always)
  static func parse(
    _ state: inout PacketState, _ pool: borrowing PacketPool, _ bank: inout KeyBank, tagLimit: Int
  ) {
    let first = pool.load64(state.start)
    let second = pool.load64(state.start &+ 8)
    var type = (second >> 16) & 0xffff
    let source = (first & 0xffff) << 32 | second >> 32
    let key = state.key
    var network = 14
    bank.base[key][wordOf: .ethSource] = KeyPlace.ethSource.bits(source)
    bank.base[key][wordOf: .tcpFlags] = 0
    if isTag(type) { network = parseTags(state, pool, &bank, &type, tagLimit) }
    if type < 0x600 { parseLink(state, pool, &network, &type) }
    bank.base[key][wordOf: .ethType] =
      KeyPlace.ethDestination.bits(first >> 16) | KeyPlace.ethType.bits(type)
    bank.base[key][wordOf: .ipSource] = 0
    bank.base[key][wordOf: .ipProtocol] = 0
    state.etherType = UInt16(truncatingIfNeeded: type)
    state.network = Int32(truncatingIfNeeded: network)
    state.transport = -1
    state.transportProtocol = 0
    if type == 0x0800 {
      parseIPv4(&state, pool, &bank, network)
    } else {
      parseOther(&state, pool, &bank, type)
    }
  }

  @inline(__always)
  private static func isTag(_ type: UInt64) -> Bool { type == 0x8100 || type == 0x88a8 }

  /// IEEE 802.1Q tags; returns where the network header is.
  private static func parseTags(
    _ state: PacketState, _ pool: borrowing PacketPool, _ bank: inout KeyBank, _ type: inout UInt64,
    _ limit: Int
  ) -> Int {
    let key = state.key
    var network = 14
    var tags = 0
    while isTag(type) && tags < limit && state.count >= network &+ 4 {
      let control = UInt64(pool.load16(state.start &+ network)) | VLANBits.present
      if tags == 0 {
        bank.base[key][wordOf: .vlanTCI] |= KeyPlace.vlanTCI.bits(control)
        bank.base[key][wordOf: .vlanTPID] = KeyPlace.vlanTPID.bits(type)
      } else {
        bank.base[key][wordOf: .innerVLANTCI] |=
          KeyPlace.innerVLANTCI.bits(control) | KeyPlace.innerVLANTPID.bits(type)
      }
      type = UInt64(pool.load16(state.start &+ network &+ 2))
      network &+= 4
      tags &+= 1
    }
    return network
  }

  /// IEEE 802.2 frames: SNAP ones (RFC 1042) carry an Ethernet type further in.
  private static func parseLink(
    _ state: PacketState, _ pool: borrowing PacketPool, _ network: inout Int, _ type: inout UInt64
  ) {
    type = UInt64(missingEtherType())
    guard state.count >= network &+ 8 else { return }
    let header = pool.load64(state.start &+ network)
    guard header >> 16 == 0xaaaa_0300_0000, header & 0xffff >= 0x600 else { return }
    type = header & 0xffff
    network &+= 8
  }

  /// RFC 791, section 3.1.
  @inline(__always)
  private static func parseIPv4(
    _ state: inout PacketState, _ pool: borrowing PacketPool, _ bank: inout KeyBank, _ network: Int
  ) {
    let available = state.count &- network
    guard available >= 20 else { return }
    let address = state.start &+ network
    let first = pool.load64(address)
    let second = pool.load64(address &+ 8)
    let target = pool.load32(address &+ 16)
    let headerLength = Int(truncatingIfNeeded: (first >> 56) & 15) &* 4
    var total = Int(truncatingIfNeeded: (first >> 32) & 0xffff)
    // A segment longer than the field can say leaves it zero.
    if total == 0 && state.offload.segmentation != .none { total = available }
    guard first >> 60 == 4, headerLength >= 20, total >= headerLength, total <= available else { return }
    let proto = (second >> 48) & 0xff
    let key = state.key
    bank.base[key][wordOf: .ipSource] =
      KeyPlace.ipSource.bits(second & 0xffff_ffff) | KeyPlace.ipDestination.bits(UInt64(target))
    var word =
      KeyPlace.ipProtocol.bits(proto) | KeyPlace.ipTOS.bits((first >> 48) & 0xff)
      | KeyPlace.ipTTL.bits(second >> 56)
    let fragment = first & 0x3fff
    if fragment != 0 { word |= KeyPlace.ipFragment.bits(fragment & 0x1fff != 0 ? 3 : 1) }
    if fragment & 0x1fff == 0 {
      word |= parseTransport(
        &state, pool, &bank, network &+ headerLength, network &+ total, UInt8(truncatingIfNeeded: proto))
    }
    bank.base[key][wordOf: .ipProtocol] = word
  }

  /// TCP (RFC 9293), UDP (RFC 768), SCTP (RFC 9260), ICMP (RFC 792), IGMP; returns ports, or type and code.
  @inline(__always)
  private static func parseTransport(
    _ state: inout PacketState, _ pool: borrowing PacketPool, _ bank: inout KeyBank, _ offset: Int,
    _ end: Int, _ proto: UInt8
  ) -> UInt64 {
    state.transport = Int32(truncatingIfNeeded: offset)
    state.transportProtocol = proto
    let address = state.start &+ offset
    let available = end &- offset
    switch proto {
    case 6:
      guard available >= 20 else { return 0 }
      bank.base[state.key][wordOf: .tcpFlags] |=
        KeyPlace.tcpFlags.bits(UInt64(pool.load16(address &+ 12) & 0x0fff))
      return KeyPlace.transportPorts.bits(UInt64(pool.load32(address)))
    case 17: return available >= 8 ? KeyPlace.transportPorts.bits(UInt64(pool.load32(address))) : 0
    case 132: return available >= 12 ? KeyPlace.transportPorts.bits(UInt64(pool.load32(address))) : 0
    case 1, 2:
      guard state.etherType == 0x0800, available >= 8 else { return 0 }
      return message(type: pool.load8(address), code: pool.load8(address &+ 1))
    default: return 0
    }
  }

  /// An ICMP message's type and code, where they lie in the key.
  @inline(__always)
  private static func message(type: UInt8, code: UInt8) -> UInt64 {
    KeyPlace.transportSource.bits(UInt64(type)) | KeyPlace.transportDestination.bits(UInt64(code))
  }

  @inline(never)
  private static func parseOther(
    _ state: inout PacketState, _ pool: borrowing PacketPool, _ bank: inout KeyBank, _ type: UInt64
  ) {
    switch type {
    case 0x86dd: parseIPv6(&state, pool, &bank)
    case 0x0806, 0x8035: parseARP(state, pool, &bank)
    case 0x8847, 0x8848: parseMPLS(state, pool, &bank)
    default: break
    }
  }

  /// RFC 826, for Ethernet and IPv4; operations above 255 are left out, as the key has eight bits for them.
  private static func parseARP(
    _ state: PacketState, _ pool: borrowing PacketPool, _ bank: inout KeyBank
  ) {
    guard state.count &- Int(state.network) >= 28 else { return }
    let address = state.start &+ Int(state.network)
    let header = pool.load64(address)
    guard header >> 16 == 0x0001_0800_0604 else { return }
    let key = state.key
    bank.base[key][wordOf: .ipSource] =
      KeyPlace.ipSource.bits(UInt64(pool.load32(address &+ 14)))
      | KeyPlace.ipDestination.bits(UInt64(pool.load32(address &+ 24)))
    if header & 0xff00 == 0 { bank.base[key][wordOf: .ipProtocol] = KeyPlace.ipProtocol.bits(header & 0xff) }
    bank.open(key, .neighbor)
    bank[key, wordOf: .sourceLink] = KeyPlace.sourceLink.bits(pool.load64(address &+ 8) >> 16)
    bank[key, wordOf: .targetLink] = KeyPlace.targetLink.bits(pool.load64(address &+ 18) >> 16)
  }

  /// RFC 3032, section 2.1.
  private static func parseMPLS(
    _ state: PacketState, _ pool: borrowing PacketPool, _ bank: inout KeyBank
  ) {
    let key = state.key
    bank.open(key, .mpls)
    var offset = Int(state.network)
    for index in 0..<KeyPlace.mplsEntryCount {
      guard state.count >= offset &+ 4 else { return }
      let entry = UInt64(pool.load32(state.start &+ offset))
      bank[key, .mplsEntry(index)] = entry
      if entry & 0x100 != 0 { return }
      offset &+= 4
    }
  }

  /// RFC 8200, sections 3 and 4.
  private static func parseIPv6(
    _ state: inout PacketState, _ pool: borrowing PacketPool, _ bank: inout KeyBank
  ) {
    let network = Int(state.network)
    let available = state.count &- network
    guard available >= 40 else { return }
    let address = state.start &+ network
    let first = pool.load64(address)
    guard first >> 60 == 6 else { return }
    var payload = Int(truncatingIfNeeded: (first >> 16) & 0xffff)
    if payload == 0 && state.offload.segmentation != .none { payload = available &- 40 }
    guard payload <= available &- 40 else { return }
    let key = state.key
    bank.open(key, .ipv6)
    storeWide(pool, address &+ 8, &bank, key, .ipv6Source)
    storeWide(pool, address &+ 24, &bank, key, .ipv6Destination)
    bank[key, wordOf: .ipv6Label] = KeyPlace.ipv6Label.bits((first >> 32) & 0xf_ffff)
    let end = network &+ 40 &+ payload
    var offset = network &+ 40
    var proto = UInt8(truncatingIfNeeded: first >> 8)
    var fragment: UInt64 = 0
    let isWhole = skipExtensions(state, pool, &offset, end, &proto, &fragment)
    guard isWhole else { return }
    var word =
      KeyPlace.ipProtocol.bits(UInt64(proto)) | KeyPlace.ipTOS.bits((first >> 52) & 0xff)
      | KeyPlace.ipTTL.bits(first & 0xff) | KeyPlace.ipFragment.bits(fragment)
    if fragment & 2 == 0 {
      word |= parseTransport(&state, pool, &bank, offset, end, proto)
      if proto == 58 { word |= parseICMPv6(state, pool, &bank, offset, end) }
    }
    bank.base[key][wordOf: .ipProtocol] = word
  }

  /// Copies 16 bytes of a packet to a place of 128 bits.
  @inline(__always)
  private static func storeWide(
    _ pool: borrowing PacketPool, _ address: Int, _ bank: inout KeyBank, _ key: KeyRow, _ place: KeyPlace
  ) {
    bank[key, place.word] = pool.load64(address)
    bank[key, place.word &+ 1] = pool.load64(address &+ 8)
  }

  /// Walks over extension headers, each of which is at least eight bytes; false if one is cut off.
  static func skipExtensions(
    _ state: PacketState, _ pool: borrowing PacketPool, _ offset: inout Int, _ end: Int,
    _ proto: inout UInt8, _ fragment: inout UInt64
  ) -> Bool {
    while true {
      switch proto {
      case 0, 43, 60, 51, 44: break
      default: return true
      }
      guard end &- offset >= 8 else { return false }
      let address = state.start &+ offset
      let header = pool.load64(address)
      let next = UInt8(truncatingIfNeeded: header >> 56)
      let length = Int(truncatingIfNeeded: (header >> 48) & 0xff)
      switch proto {
      case 44:
        offset &+= 8
        proto = next
        let place = (header >> 32) & 0xffff
        guard place & 0xfff9 != 0 else { continue }
        fragment = 1
        guard place & 0xfff8 != 0 else { continue }
        fragment = 3
        proto = 44
        return true
      case 51: offset &+= (length &+ 2) &* 4
      default: offset &+= (length &+ 1) &* 8
      }
      proto = next
      guard offset <= end else { return false }
    }
  }

  /// RFC 4443, and neighbour discovery (RFC 4861, sections 4.3 and 4.4); returns type and code.
  private static func parseICMPv6(
    _ state: PacketState, _ pool: borrowing PacketPool, _ bank: inout KeyBank, _ offset: Int, _ end: Int
  ) -> UInt64 {
    guard end &- offset >= 4 else { return 0 }
    let address = state.start &+ offset
    let type = pool.load8(address)
    let code = pool.load8(address &+ 1)
    let word = message(type: type, code: code)
    guard type == 135 || type == 136, code == 0, end &- offset >= 24 else { return word }
    let key = state.key
    bank.open(key, .neighbor)
    bank[key, wordOf: .ndReserved] = KeyPlace.ndReserved.bits(UInt64(pool.load32(address &+ 4)))
    storeWide(pool, address &+ 8, &bank, key, .ndTarget)
    var position = offset &+ 24
    while end &- position >= 8 {
      let option = pool.load64(state.start &+ position)
      let length = Int(truncatingIfNeeded: (option >> 48) & 0xff) &* 8
      let kind = option >> 56
      let place = kind == 1 ? KeyPlace.sourceLink : .targetLink
      guard length > 0, length <= end &- position else { return word }
      if (kind == 1 || kind == 2) && length == 8 {
        if bank[key, place] != 0 {
          // The same option twice makes the message unbelievable.
          for word in KeyPlace.ndTarget.words(upTo: .ndReserved) { bank[key, word] = 0 }
          return word
        }
        bank[key, place] = option
        bank[key, .ndOptionsType] = kind
      }
      position &+= length
    }
    return word
  }
}
