// Actions that change a packet's bytes. Checksums are corrected for what changes (RFC 1624), not computed anew,
// so that a packet that was broken stays broken.

import PacketWire

extension Engine {
  /// What became of a TTL.
  enum Decrement { case done, exhausted, impossible }

  /// Runs an instruction that changes bytes, whose data begins at `data`; `false` ends the program.
  @inline(never)
  mutating func rewrite(
    _ operation: Operation, _ head: UInt64, _ data: Int, _ state: inout PacketState
  ) -> Bool {
    switch operation {
    case .tunnelPush:
      return pushTunnel(
        &state, data, headerByteCount: Operand.tunnelHeaderByteCount.count(in: head),
        port: Operand.tunnelPort.value(in: head))
    case .pushVLAN: return pushTag(&state, Operand.tag.value(in: head))
    default: break
    }
    guard makeWritable(&state) else { return false }
    switch operation {
    case .setEthernet: setEthernet(data, state)
    case .setIPv4: setIPv4(data, state)
    case .setIPv6: setIPv6(data, state)
    case .setPorts:
      setPorts(data, state, proto: UInt8(truncatingIfNeeded: Operand.portsProtocol.value(in: head)))
    case .setARP: setARP(data, state)
    case .setNeighbor: setNeighbor(data, state)
    case .setMPLS: setLabel(data, state)
    case .popVLAN: popTag(&state)
    case .pushMPLS:
      let type = UInt16(truncatingIfNeeded: Operand.labelEtherType.value(in: head))
      return pushLabel(&state, Operand.labelEntry.value(in: head), type)
    case .popMPLS:
      return popLabel(&state, UInt16(truncatingIfNeeded: Operand.labelEtherType.value(in: head)))
    case .end, .output, .userspace, .setMetadata, .pushVLAN, .truncate, .recirculate, .hash, .clone, .sample,
      .checkLength, .decrementTTL, .tunnelPush, .tunnelPop, .drop, .track, .clearTrack, .meter:
      return false
    }
    return true
  }

  // MARK: Ethernet, VLAN, MPLS

  private mutating func setEthernet(_ place: Int, _ state: PacketState) {
    setAddress(.ethernetDestination, place, at: state.start)
    setAddress(.ethernetSource, place, at: state.start &+ 6)
  }

  /// Writes an Ethernet address that an instruction's data has in the low 48 bits of a pair.
  private mutating func setAddress(_ pair: SetPair, _ place: Int, at address: Int) {
    let old = UInt64(pool.load16(address)) << 32 | UInt64(pool.load32(address &+ 2))
    pool.store48((old & ~mask(pair, at: place)) | value(pair, at: place), address)
  }

  /// Makes room for `count` bytes before the packet and its bytes writable.
  mutating func makeRoom(_ state: inout PacketState, _ count: Int) -> Bool {
    state.traits.remove(.untouched)
    if pool.isUnique(state.slot) && state.start &- pool.address(of: state.slot) >= count { return true }
    return copyPacket(&state)
  }

  /// Moves the packet's beginning by `count` bytes, and all places with it.
  @inline(__always)
  private func shift(_ state: inout PacketState, by count: Int) {
    state.start &-= count
    state.count &+= count
    state.network &+= Int32(truncatingIfNeeded: count)
    if state.transport >= 0 { state.transport &+= Int32(truncatingIfNeeded: count) }
    let difference = UInt16(truncatingIfNeeded: count)
    state.offload.checksumStart &+= difference
    if state.offload.tunnelByteCount > 0 {
      state.offload.tunnelByteCount &+= difference
      state.offload.tunnelEthernetByteCount &+= difference
    }
  }

  private mutating func pushTag(_ state: inout PacketState, _ tag: UInt32) -> Bool {
    guard makeRoom(&state, 4) else { return false }
    pool.move(from: state.start, to: state.start &- 4, count: 12)
    shift(&state, by: 4)
    pool.store32(tag, state.start &+ 12)
    return true
  }

  private mutating func popTag(_ state: inout PacketState) {
    guard state.count >= 18 else { return }
    let type = pool.load16(state.start &+ 12)
    guard type == 0x8100 || type == 0x88a8 else { return }
    pool.move(from: state.start, to: state.start &+ 4, count: 12)
    shift(&state, by: -4)
    // A tag that was beyond the parser's limit may now be within it.
    if state.network < 14 { parseAgain(&state) }
  }

  private mutating func setLabel(_ place: Int, _ state: PacketState) {
    let address = state.start &+ Int(state.network)
    guard state.count >= Int(state.network) &+ 4 else { return }
    let old = UInt64(pool.load32(address))
    let value = (old & ~mask(.labelEntry, at: place)) | self.value(.labelEntry, at: place)
    pool.store32(UInt32(truncatingIfNeeded: value), address)
  }

  private mutating func pushLabel(_ state: inout PacketState, _ entry: UInt32, _ type: UInt16) -> Bool {
    guard state.offload.segmentation == .none else {
      count(.segmentationFailed)
      return false
    }
    guard makeRoom(&state, 4) else { return false }
    let network = Int(state.network)
    pool.move(from: state.start, to: state.start &- 4, count: network)
    shift(&state, by: 4)
    state.network = Int32(truncatingIfNeeded: network)
    pool.store16(type, state.start &+ network &- 2)
    pool.store32(entry, state.start &+ network)
    state.etherType = type
    state.transport = -1
    return true
  }

  private mutating func popLabel(_ state: inout PacketState, _ type: UInt16) -> Bool {
    let network = Int(state.network)
    guard state.etherType == 0x8847 || state.etherType == 0x8848, state.count >= network &+ 4 else {
      count(.actionMismatch)
      return false
    }
    pool.store16(type, state.start &+ network &- 2)
    pool.move(from: state.start, to: state.start &+ 4, count: network)
    shift(&state, by: -4)
    parseAgain(&state)
    return true
  }

  // MARK: IP

  /// Corrects the transport checksum for a change of addresses.
  mutating func adjustTransport(_ state: PacketState, old: UInt64, new: UInt64) {
    guard state.transport >= 0 else { return }
    let transport = Int(state.transport)
    let address = state.start &+ transport
    let isPartial =
      state.offload.needsChecksum && state.offload.tunnelByteCount == 0
      && Int(state.offload.checksumStart) == transport
    let field: Int
    switch state.transportProtocol {
    case 6 where state.count >= transport &+ 20: field = 16
    case 17 where state.count >= transport &+ 8: field = 6
    case 58 where state.count >= transport &+ 4 && state.etherType == 0x86dd: field = 2
    default: return
    }
    if isPartial {
      pool.adjustPartialSum(at: address &+ field, old: old, new: new)
      return
    }
    if field == 6 && pool.load16(address &+ 6) == 0 { return }
    pool.adjustChecksum(at: address &+ field, old: old, new: new)
    if field == 6 && pool.load16(address &+ 6) == 0 { pool.store16(0xffff, address &+ 6) }
  }

  static func halves(_ word: UInt64) -> UInt64 {
    (word >> 48) &+ ((word >> 32) & 0xffff) &+ ((word >> 16) & 0xffff) &+ (word & 0xffff)
  }

  private mutating func setIPv4(_ place: Int, _ state: PacketState) {
    let network = Int(state.network)
    guard state.etherType == 0x0800, state.count >= network &+ 20 else {
      count(.actionMismatch)
      return
    }
    let address = state.start &+ network
    let addressMask = mask(.ipv4Addresses, at: place)
    if addressMask != 0 {
      let old = pool.load64(address &+ 12)
      let new = (old & ~addressMask) | value(.ipv4Addresses, at: place)
      pool.store64(new, address &+ 12)
      let before = Engine.halves(old)
      let after = Engine.halves(new)
      pool.adjustChecksum(at: address &+ 10, old: before, new: after)
      adjustTransport(state, old: before, new: after)
    }
    let fields = value(.ipv4Header, at: place)
    let fieldMask = mask(.ipv4Header, at: place)
    let serviceMask = UInt8(truncatingIfNeeded: KeyPlace.ipTOS.value(inWord: fieldMask))
    if serviceMask != 0 {
      let old = pool.load8(address &+ 1)
      let new = (old & ~serviceMask) | UInt8(truncatingIfNeeded: KeyPlace.ipTOS.value(inWord: fields))
      pool.store8(new, address &+ 1)
      pool.adjustChecksum(at: address &+ 10, old: UInt64(old), new: UInt64(new))
    }
    let lifeMask = UInt8(truncatingIfNeeded: KeyPlace.ipTTL.value(inWord: fieldMask))
    if lifeMask != 0 {
      let old = pool.load8(address &+ 8)
      let new = (old & ~lifeMask) | UInt8(truncatingIfNeeded: KeyPlace.ipTTL.value(inWord: fields))
      pool.store8(new, address &+ 8)
      pool.adjustChecksum(at: address &+ 10, old: UInt64(old) << 8, new: UInt64(new) << 8)
    }
  }

  private mutating func setIPv6(_ place: Int, _ state: PacketState) {
    let network = Int(state.network)
    guard state.etherType == 0x86dd, state.count >= network &+ 40 else {
      count(.actionMismatch)
      return
    }
    let address = state.start &+ network
    var before: UInt64 = 0
    var after: UInt64 = 0
    // The words of both addresses lie side by side, in the header as in the data.
    for index in 0..<4 {
      let mask = mask(.ipv6Source, at: place, index)
      guard mask != 0 else { continue }
      let old = pool.load64(address &+ 8 &+ 8 &* index)
      let new = (old & ~mask) | value(.ipv6Source, at: place, index)
      pool.store64(new, address &+ 8 &+ 8 &* index)
      before &+= Engine.halves(old)
      after &+= Engine.halves(new)
    }
    if before != after { adjustTransport(state, old: before, new: after) }
    var first = UInt64(pool.load32(address))
    let label = KeyPlace.ipv6Label.low(20)
    let labelMask = label.value(inWord: mask(.ipv6Label, at: place))
    first = (first & ~labelMask) | (label.value(inWord: value(.ipv6Label, at: place)) & labelMask)
    let fields = value(.ipv6Header, at: place)
    let fieldMask = mask(.ipv6Header, at: place)
    let classMask = KeyPlace.ipTOS.value(inWord: fieldMask) << 20
    first = (first & ~classMask) | (KeyPlace.ipTOS.value(inWord: fields) << 20)
    pool.store32(UInt32(truncatingIfNeeded: first), address)
    let limitMask = UInt8(truncatingIfNeeded: KeyPlace.ipTTL.value(inWord: fieldMask))
    let limit =
      (pool.load8(address &+ 7) & ~limitMask)
      | UInt8(truncatingIfNeeded: KeyPlace.ipTTL.value(inWord: fields))
    pool.store8(limit, address &+ 7)
  }

  /// Takes one from the TTL or hop limit.
  mutating func decrementTTL(_ state: inout PacketState) -> Decrement {
    guard makeWritable(&state) else { return .impossible }
    let network = Int(state.network)
    let address = state.start &+ network
    if state.etherType == 0x0800 && state.count >= network &+ 20 {
      let old = pool.load8(address &+ 8)
      guard old > 1 else { return .exhausted }
      pool.store8(old &- 1, address &+ 8)
      pool.adjustChecksum(at: address &+ 10, old: UInt64(old) << 8, new: UInt64(old &- 1) << 8)
    } else if state.etherType == 0x86dd && state.count >= network &+ 40 {
      let old = pool.load8(address &+ 7)
      guard old > 1 else { return .exhausted }
      pool.store8(old &- 1, address &+ 7)
    }
    return .done
  }

  // MARK: Transport, ARP, neighbour discovery

  private mutating func setPorts(_ place: Int, _ state: PacketState, proto: UInt8) {
    let transport = Int(state.transport)
    guard transport >= 0, state.transportProtocol == proto, state.count >= transport &+ 8 else {
      count(.actionMismatch)
      return
    }
    let address = state.start &+ transport
    let value = value(.transportPorts, at: place)
    let mask = mask(.transportPorts, at: place)
    let isPartial = state.offload.needsChecksum && Int(state.offload.checksumStart) == transport
    switch proto {
    case 1, 58:
      let old = pool.load16(address)
      let messageMask = Engine.message(inWord: mask)
      let new = (old & ~messageMask) | Engine.message(inWord: value)
      pool.store16(new, address)
      if !isPartial { pool.adjustChecksum(at: address &+ 2, old: UInt64(old), new: UInt64(new)) }
    default:
      let old = pool.load32(address)
      let portMask = UInt32(truncatingIfNeeded: KeyPlace.transportPorts.value(inWord: mask))
      let new = (old & ~portMask) | UInt32(truncatingIfNeeded: KeyPlace.transportPorts.value(inWord: value))
      pool.store32(new, address)
      if isPartial || old == new { return }
      let before = UInt64(old >> 16) &+ UInt64(old & 0xffff)
      let after = UInt64(new >> 16) &+ UInt64(new & 0xffff)
      switch proto {
      case 6:
        if state.count >= transport &+ 20 { pool.adjustChecksum(at: address &+ 16, old: before, new: after) }
      case 17:
        guard pool.load16(address &+ 6) != 0 else { return }
        pool.adjustChecksum(at: address &+ 6, old: before, new: after)
        if pool.load16(address &+ 6) == 0 { pool.store16(0xffff, address &+ 6) }
      default: adjustSCTP(state, old: old)
      }
    }
  }

  /// The type and the code of an ICMP message as on the wire, of the word of the key that has them.
  private static func message(inWord word: UInt64) -> UInt16 {
    let type = KeyPlace.icmpType.value(inWord: word)
    return UInt16(truncatingIfNeeded: type << 8 | KeyPlace.icmpCode.value(inWord: word))
  }

  /// Corrects SCTP's CRC32c (RFC 9260, appendix A) after its ports changed from `old`, keeping any error.
  private mutating func adjustSCTP(_ state: PacketState, old: UInt32) {
    let transport = Int(state.transport)
    guard state.count >= transport &+ 12 else { return }
    let address = state.start &+ transport
    let end = Engine.networkEnd(state, pool)
    let length = end &- transport
    guard length >= 12 else { return }
    let change = CRC32c.change(ofWord: old ^ pool.load32(address), followedBy: length &- 4)
    pool.store32(pool.load32(address &+ 8) ^ change.byteSwapped, address &+ 8)
  }

  /// The offset at which the IP packet ends.
  static func networkEnd(_ state: PacketState, _ pool: borrowing PacketPool) -> Int {
    let network = Int(state.network)
    let address = state.start &+ network
    if state.etherType == 0x0800 { return min(state.count, network &+ Int(pool.load16(address &+ 2))) }
    if state.etherType == 0x86dd { return min(state.count, network &+ 40 &+ Int(pool.load16(address &+ 4))) }
    return state.count
  }

  private mutating func setARP(_ place: Int, _ state: PacketState) {
    let network = Int(state.network)
    guard state.etherType == 0x0806 || state.etherType == 0x8035, state.count >= network &+ 28 else {
      count(.actionMismatch)
      return
    }
    let address = state.start &+ network
    let protocolMask = mask(.arpAddresses, at: place)
    let protocolValue = value(.arpAddresses, at: place)
    for half in 0..<2 {
      let field = half == 0 ? KeyPlace.ipSource : .ipDestination
      let target = address &+ 14 &+ 10 &* half
      let mask = UInt32(truncatingIfNeeded: field.value(inWord: protocolMask))
      let value = UInt32(truncatingIfNeeded: field.value(inWord: protocolValue))
      pool.store32((pool.load32(target) & ~mask) | value, target)
    }
    if KeyPlace.ipProtocol.value(inWord: mask(.arpOperation, at: place)) != 0 {
      let operation = KeyPlace.ipProtocol.value(inWord: value(.arpOperation, at: place))
      pool.store16(UInt16(truncatingIfNeeded: operation), address &+ 6)
    }
    setAddress(.arpSender, place, at: address &+ 8)
    setAddress(.arpTarget, place, at: address &+ 18)
  }

  private mutating func setNeighbor(_ place: Int, _ state: PacketState) {
    let transport = Int(state.transport)
    let end = Engine.networkEnd(state, pool)
    guard state.etherType == 0x86dd, state.transportProtocol == 58, transport >= 0, end >= transport &+ 24
    else {
      count(.actionMismatch)
      return
    }
    let address = state.start &+ transport
    for index in 0..<2 {
      setWord(
        address &+ 8 &+ 8 &* index, value(.neighborTarget, at: place, index),
        mask(.neighborTarget, at: place, index), checksum: address &+ 2)
    }
    var position = transport &+ 24
    while end &- position >= 8 {
      let option = pool.load64(state.start &+ position)
      let length = Int(truncatingIfNeeded: (option >> 48) & 0xff) &* 8
      guard length > 0, length <= end &- position else { return }
      let kind = option >> 56
      if (kind == 1 || kind == 2) && length == 8 {
        let pair = kind == 1 ? SetPair.neighborSourceLink : .neighborTargetLink
        setWord(
          state.start &+ position, value(pair, at: place), mask(pair, at: place), checksum: address &+ 2)
      }
      position &+= length
    }
  }

  private mutating func setWord(_ address: Int, _ value: UInt64, _ mask: UInt64, checksum: Int) {
    guard mask != 0 else { return }
    let old = pool.load64(address)
    let new = (old & ~mask) | value
    pool.store64(new, address)
    pool.adjustChecksum(at: checksum, old: Engine.halves(old), new: Engine.halves(new))
  }
}
