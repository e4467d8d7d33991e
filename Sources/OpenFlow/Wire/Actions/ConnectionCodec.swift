// Connection tracking and translation of addresses, on the wire.

import Datapath

extension ActionReader {
  func connectionTrack(_ body: inout WireReader) throws(OpenFlowError) -> Action {
    var track = ConnectionTrackAction()
    let flags = try body.uint16()
    guard flags & ~3 == 0 else { throw .badActionBadArgument }
    track.commits = flags & 1 != 0
    track.forces = flags & 2 != 0
    guard track.commits || !track.forces else { throw .badActionBadArgument }
    if try body.peek32(0) == 0 {
      try body.skip(4)
      track.zone = try body.uint16()
    } else {
      let field = try fieldHeader(&body)
      let (offset, bits) = try Self.split(body.uint16())
      guard bits == 16 else { throw .badActionBadSetLength }
      track.zoneSource = try subfield(field, offset: offset, bitCount: bits)
    }
    let table = try body.uint8()
    track.table = table == 0xff ? nil : table
    try body.skip(3)
    track.helperPort = try body.uint16()
    track.actions = try nested(&body, inside: .connectionTrack)
    return .connectionTrack(track)
  }

  func nat(_ body: inout WireReader) throws(OpenFlowError) -> Action {
    var nat = NATAction()
    try body.skipZero(2, else: .niciraBadRequestMustBeZero)
    let flags = try body.uint16()
    let present = try body.uint16()
    switch flags & 3 {
    case 0: break
    case 1: nat.direction = .source
    case 2: nat.direction = .destination
    default: throw .badActionBadArgument
    }
    switch flags & 0x18 {
    case 0: break
    case 8: nat.selection = .hash
    case 16: nat.selection = .random
    default: throw .badActionBadArgument
    }
    nat.isPersistent = flags & 4 != 0
    guard flags & ~0x1f == 0, present & ~0x3f == 0 else { throw .badActionBadArgument }
    try readRange(&body, present, &nat)
    return .nat(nat)
  }

  private func readRange(
    _ body: inout WireReader, _ present: UInt16, _ nat: inout NATAction
  ) throws(OpenFlowError) {
    if present & 0x01 != 0 {
      let first = try body.uint32()
      let last = present & 0x02 != 0 ? try body.uint32() : first
      nat.addresses = .ipv4(first, last)
      guard present & 0x0c == 0 else { throw .badActionBadArgument }
    } else if present & 0x04 != 0 {
      let first = try body.fieldValue(16)
      let last = present & 0x08 != 0 ? try body.fieldValue(16) : first
      nat.addresses = .ipv6(first, last)
    }
    if present & 0x10 != 0 { nat.minimumPort = try body.uint16() }
    if present & 0x20 != 0 { nat.maximumPort = try body.uint16() }
    // A range without a beginning, or without a direction, means nothing.
    if present & 0x02 != 0, present & 0x01 == 0 { throw .badActionBadArgument }
    if present & 0x08 != 0, present & 0x04 == 0 { throw .badActionBadArgument }
    if present & 0x20 != 0, present & 0x10 == 0 { throw .badActionBadArgument }
    if present != 0, nat.direction == .existing { throw .badActionBadArgument }
  }
}

extension ActionWriter {
  func connectionTrack(_ track: ConnectionTrackAction, to writer: inout WireWriter) {
    var nested = self
    frame(.connectionTrack, to: &writer) { body in
      body.uint16((track.commits ? 1 : 0) | (track.forces ? 2 : 0))
      if let source = track.zoneSource {
        FieldEntryHeader.write(source.field, to: &body, .v10)
        body.offsetAndBits(source)
      } else {
        body.uint32(0)
        body.uint16(track.zone)
      }
      body.uint8(track.table ?? 0xff)
      body.zeros(3)
      body.uint16(track.helperPort)
      nested.list(track.actions, to: &body)
    }
  }

  func nat(_ nat: NATAction, to writer: inout WireWriter) {
    var flags: UInt16 = nat.isPersistent ? 4 : 0
    switch nat.direction {
    case .existing: break
    case .source: flags |= 1
    case .destination: flags |= 2
    }
    switch nat.selection {
    case .unspecified: break
    case .hash: flags |= 8
    case .random: flags |= 16
    }
    var present: UInt16 = 0
    var range = WireWriter()
    switch nat.addresses {
    case .none: break
    case .ipv4(let first, let last):
      present |= 0x01
      range.uint32(first)
      if last != first {
        present |= 0x02
        range.uint32(last)
      }
    case .ipv6(let first, let last):
      present |= 0x04
      range.fieldValue(first, 16)
      if last != first {
        present |= 0x08
        range.fieldValue(last, 16)
      }
    }
    if nat.minimumPort != 0 {
      present |= 0x10
      range.uint16(nat.minimumPort)
      if nat.maximumPort != 0, nat.maximumPort != nat.minimumPort {
        present |= 0x20
        range.uint16(nat.maximumPort)
      }
    }
    frame(.nat, to: &writer) { body in
      body.zeros(2)
      body.uint16(flags)
      body.uint16(present)
      body.append(range.bytes)
    }
  }
}
