// A 64 KiB segment is read from its socket straight into the memory that it crosses the switch in; a copy more would
// cost as much as everything else that happens to it here.

extension Engine {
  /// Adds a packet of any length to the batch, read by the caller into the engine's own memory.
  ///
  /// - Parameters:
  ///   - prefixByteCount: How many bytes come before the packet when it is read, at most 64.
  ///   - tag: A VLAN tag that the driver took out of the packet, tpid and tci, or zero.
  ///   - read: Fills the memory that it is given with prefix and packet and returns their length, or zero if there
  ///     was nothing to read after all.
  ///   - offload: Says from the prefix what the sender left undone.
  @unsafe
  public mutating func receive(
    from port: DatapathPortNumber, prefixByteCount: Int, tag: UInt32,
    read: (UnsafeMutableRawBufferPointer) -> Int, offload: (RawSpan) -> Offload
  ) -> Reception {
    precondition(prefixByteCount >= 0 && prefixByteCount <= 64)
    guard workCount < Engine.batchCapacity else { return .full }
    let index = ports.index(port.rawValue)
    let slot = pool.take(byteCount: 65_536 &+ 64)
    guard !slot.isNone else { return .full }
    var state = PacketState()
    state.slot = slot
    state.start = pool.address(of: slot) &+ PacketPool.headroomByteCount
    let memory = unsafe UnsafeMutableRawBufferPointer(
      mutating: pool.pointer(state.start &- prefixByteCount, prefixByteCount &+ 65_536 &+ 64))
    let length = unsafe read(memory) &- prefixByteCount
    guard !index.isNone, length >= 14, length <= 65_536 &+ 64 else {
      pool.release(slot)
      if length > 0 { count(index.isNone ? .unknownPortIn : .invalidLength) }
      if !index.isNone, length > 0 { ports.records[index].receivedDropped &+= 1 }
      return .dropped
    }
    state.offload = offload(pool.span(state.start &- prefixByteCount, prefixByteCount))
    state.count = length
    state.inPort = port.rawValue
    if tag != 0 { insert(tag, into: &state) }
    return admit(state, by: index)
  }
}

extension Engine {
  /// Adds a packet to the batch that the caller writes into the engine's own memory, wherever and in however many pieces
  /// it lies now.
  ///
  /// - Parameters:
  ///   - byteCount: The packet's length.
  ///   - tag: A VLAN tag that the driver took out of the packet, tpid and tci, or zero.
  ///   - write: Writes the whole packet and returns what its sender left undone, or `nil` if it cannot be had.
  @unsafe
  public mutating func receive(
    byteCount: Int, from port: DatapathPortNumber, tag: UInt32,
    write: (UnsafeMutableRawBufferPointer) -> Offload?
  ) -> Reception {
    guard workCount < Engine.batchCapacity else { return .full }
    let index = ports.index(port.rawValue)
    guard !index.isNone else {
      count(.unknownPortIn)
      return .dropped
    }
    let tagByteCount = tag == 0 ? 0 : 4
    guard byteCount >= 14, byteCount &+ tagByteCount <= 65_536 &+ 64 else {
      count(.invalidLength)
      ports.records[index].receivedDropped &+= 1
      return .dropped
    }
    let slot = pool.take(byteCount: byteCount &+ tagByteCount)
    guard !slot.isNone else { return .full }
    var state = PacketState()
    state.slot = slot
    state.start = pool.address(of: slot) &+ PacketPool.headroomByteCount
    state.count = byteCount
    state.inPort = port.rawValue
    // SAFETY: the slot is this packet's alone until it is released.
    let memory = unsafe UnsafeMutableRawBufferPointer(mutating: pool.pointer(state.start, byteCount))
    guard let offload = unsafe write(memory) else { return refuse(slot, by: index, .invalidOffload) }
    state.offload = offload
    if tag != 0 { insert(tag, into: &state) }
    return admit(state, by: index)
  }

  /// Puts a tag back into a packet that has room before it.
  @inline(__always)
  private mutating func insert(_ tag: UInt32, into state: inout PacketState) {
    pool.move(from: state.start, to: state.start &- 4, count: 12)
    state.start &-= 4
    state.count &+= 4
    pool.store32(tag, state.start &+ 12)
    state.offload.checksumStart &+= 4
  }
}
