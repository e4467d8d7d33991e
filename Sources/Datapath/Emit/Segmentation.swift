// What: cuts a large TCP or UDP segment into packets of the size its sender meant, for a port that cannot.
//
// How: each part gets a copy of all headers, those of a tunnel too, and a piece of the payload. Lengths,
// identifications, TCP sequence numbers and flags follow RFC 9293 as hardware does it: FIN and PSH only on the
// last part, CWR only on the first. Checksums are computed, or left to the port if it can.

import PacketWire

extension Engine {
  /// The most parts that one segment is cut into.
  static var maximumSegmentCount: Int { 1_024 }

  /// The places of a segment's headers, from the packet's first byte.
  private struct Layout {
    var network = 0
    var transport = 0
    var headerByteCount = 0
    var isIPv6 = false
    var isTCP = true
  }

  /// Cuts a packet and queues the parts; the caller's share of its slot is given up.
  @inline(never)
  mutating func segment(_ packet: PacketState, to index: PortHandle) {
    let capabilities = ports.records[index].capabilities
    var offset = 0
    var number = 0
    while let part = nextPart(packet, &offset, &number, capabilities) { enqueue(part, index) }
    pool.release(packet.slot)
  }

  /// The parts of a packet, complete, for the daemon.
  mutating func segments(of packet: PacketState) -> [PacketState] {
    var parts: [PacketState] = []
    var offset = 0
    var number = 0
    while let part = nextPart(packet, &offset, &number, []) { parts.append(part) }
    return parts
  }

  /// The part that begins at `offset` of the payload, or `nil` at the end or when something is wrong.
  private mutating func nextPart(
    _ packet: PacketState, _ offset: inout Int, _ number: inout Int, _ capabilities: OffloadCapabilities
  ) -> PacketState? {
    guard let layout = layout(packet) else {
      count(.segmentationFailed)
      return nil
    }
    let size = Int(packet.offload.segmentByteCount)
    let payload = packet.count &- layout.headerByteCount
    if offset >= payload { return nil }
    guard size > 0, payload <= size &* Engine.maximumSegmentCount else {
      count(.segmentationFailed)
      return nil
    }
    let length = min(size, payload &- offset)
    let isLast = offset &+ length == payload
    guard let part = cut(packet, layout, offset, length, number, isLast: isLast, capabilities) else {
      count(.noBuffer)
      return nil
    }
    offset &+= length
    number &+= 1
    return part
  }

  /// Finds the headers of the packet that is cut, within its tunnel if it has one.
  private func layout(_ packet: PacketState) -> Layout? {
    var layout = Layout()
    var place = Int(packet.offload.tunnelByteCount) &+ 12
    guard packet.count >= place &+ 2 else { return nil }
    var type = pool.load16(packet.start &+ place)
    while type == 0x8100 || type == 0x88a8 {
      place &+= 4
      guard packet.count >= place &+ 2 else { return nil }
      type = pool.load16(packet.start &+ place)
    }
    layout.network = place &+ 2
    layout.transport = Int(packet.offload.checksumStart)
    layout.isIPv6 = type == 0x86dd
    layout.isTCP = packet.offload.segmentation != .udp
    // A segment within a tunnel that somebody else made has headers that are not known here.
    if packet.offload.tunnelByteCount == 0 && Int(packet.transport) != layout.transport { return nil }
    guard type == 0x0800 || type == 0x86dd else { return nil }
    if layout.isTCP && layout.isIPv6 != (packet.offload.segmentation == .tcp6) { return nil }
    guard layout.transport >= layout.network &+ (layout.isIPv6 ? 40 : 20) else { return nil }
    guard packet.count >= layout.transport &+ (layout.isTCP ? 20 : 8) else { return nil }
    layout.headerByteCount = layout.transport &+ 8
    if layout.isTCP {
      let length = Int(pool.load8(packet.start &+ layout.transport &+ 12) >> 4) &* 4
      guard length >= 20 else { return nil }
      layout.headerByteCount = layout.transport &+ length
    }
    return packet.count > layout.headerByteCount ? layout : nil
  }

  /// One part of a segment, in a slot of its own.
  private mutating func cut(
    _ packet: PacketState, _ layout: Layout, _ offset: Int, _ length: Int, _ number: Int, isLast: Bool,
    _ capabilities: OffloadCapabilities
  ) -> PacketState? {
    let count = layout.headerByteCount &+ length
    let slot = pool.take(byteCount: count)
    guard !slot.isNone else { return nil }
    let start = pool.address(of: slot) &+ PacketPool.headroomByteCount
    pool.move(from: packet.start, to: start, count: layout.headerByteCount)
    pool.move(
      from: packet.start &+ layout.headerByteCount &+ offset, to: start &+ layout.headerByteCount,
      count: length)
    var part = packet
    part.slot = slot
    part.start = start
    part.count = count
    part.offload = Offload()
    part.traits.remove(.untouched)
    let network = start &+ layout.network
    let transport = start &+ layout.transport
    if layout.isIPv6 {
      pool.store16(UInt16(truncatingIfNeeded: count &- layout.network &- 40), network &+ 4)
    } else {
      pool.store16(UInt16(truncatingIfNeeded: count &- layout.network), network &+ 2)
      pool.store16(pool.load16(network &+ 4) &+ UInt16(truncatingIfNeeded: number), network &+ 4)
      pool.completeHeaderChecksum(network)
    }
    let covered = count &- layout.transport
    if layout.isTCP {
      pool.store32(pool.load32(transport &+ 4) &+ UInt32(truncatingIfNeeded: offset), transport &+ 4)
      var flags = pool.load8(transport &+ 13)
      if !isLast { flags &= ~0x09 }
      if number > 0 { flags &= ~0x80 }
      pool.store8(flags, transport &+ 13)
    } else {
      pool.store16(UInt16(truncatingIfNeeded: covered), transport &+ 4)
    }
    let field = layout.isTCP ? 16 : 6
    let pseudo = pool.pseudoHeaderSum(
      network: network, isIPv6: layout.isIPv6, proto: layout.isTCP ? 6 : 17, byteCount: covered)
    pool.store16(pseudo.folded, transport &+ field)
    part.offload.needsChecksum = true
    part.offload.checksumStart = UInt16(truncatingIfNeeded: layout.transport)
    part.offload.checksumOffset = UInt16(truncatingIfNeeded: field)
    finish(&part, packet.offload, number, capabilities)
    return part
  }

  /// Completes a part's tunnel headers, and its checksum if the port or the tunnel need it.
  private mutating func finish(
    _ part: inout PacketState, _ whole: Offload, _ number: Int, _ capabilities: OffloadCapabilities
  ) {
    guard whole.tunnelByteCount > 0 else {
      if !capabilities.contains(.checksum) {
        _ = pool.completeChecksum(part.start, part.count, part.offload)
        part.offload = Offload()
      }
      return
    }
    let outer = TunnelLayout(pool, part.start, network: Int(whole.tunnelEthernetByteCount))
    if outer.hasChecksum || !capabilities.contains(.checksum) {
      _ = pool.completeChecksum(part.start, part.count, part.offload)
      part.offload = Offload()
    }
    if !outer.isIPv6 {
      let identification = part.start &+ outer.network &+ 4
      pool.store16(pool.load16(identification) &+ UInt16(truncatingIfNeeded: number), identification)
    }
    if outer.sequence > 0 {
      let place = part.start &+ outer.sequence
      pool.store32(pool.load32(place) &+ UInt32(truncatingIfNeeded: number), place)
    }
    pool.completeTunnel(part.start, part.count, outer, needsOuter: outer.hasChecksum)
  }
}
