// What leaves: a queue for each port, all in one bounded store of entries. An entry owns a share of a packet's
// slot and remembers which of its bytes are to be sent, so that one packet can leave by many ports without
// being copied.

/// A packet in a port's queue.
struct OutputEntry: BitwiseCopyable {
  var slot = PacketSlot.none
  var next = OutputHandle.none
  var start = 0
  var count: Int32 = 0
  var inPort: UInt16 = 0
  /// Which packet of the batch it was, or is a copy or part of.
  var row: UInt8 = 0
  var traits = PacketTraits.none
  var offload = Offload()
}

/// The output queues of all ports.
struct OutputQueues: ~Copyable {
  private(set) var entries: Table<OutputEntry, OutputEntry>
  private var free: OutputHandle
  /// Ports that have something to send, and so no more than there are entries.
  var active: Slab<PortHandle>
  var activeCount = 0

  init(maximumEntryCount: Int) {
    entries = Table(repeating: OutputEntry(), count: maximumEntryCount)
    for index in 0..<maximumEntryCount {
      entries[OutputHandle(index)].next = index + 1 < maximumEntryCount ? OutputHandle(index + 1) : .none
    }
    free = maximumEntryCount > 0 ? OutputHandle(0) : .none
    active = Slab(repeating: .none, count: maximumEntryCount)
  }

  /// Appends to a port's queue; `false` if the store is full.
  @inline(__always)
  mutating func append(_ entry: OutputEntry, port index: PortHandle, _ ports: inout PortTable) -> Bool {
    let place = free
    guard !place.isNone else { return false }
    free = entries[place].next
    entries[place] = entry
    let tail = ports.records[index].tail
    if !tail.isNone {
      entries[tail].next = place
    } else {
      ports.records[index].head = place
      active[activeCount] = index
      activeCount &+= 1
    }
    ports.records[index].tail = place
    ports.records[index].queued &+= 1
    return true
  }

  /// Empties the queue of a port, giving up its packets, of which the first `sent` count as sent.
  ///
  /// The port has to be taken off `active` by the caller.
  mutating func clear(_ index: PortHandle, sent: Int, _ ports: inout PortTable, _ pool: inout PacketPool) {
    var place = ports.records[index].head
    var bytes: UInt64 = 0
    var position = 0
    while !place.isNone {
      let entry = entries[place]
      pool.release(entry.slot)
      if position < sent { bytes &+= UInt64(truncatingIfNeeded: entry.count) }
      position &+= 1
      entries[place].next = free
      free = place
      place = entry.next
    }
    let done = position < sent ? position : sent
    ports.records[index].sentPackets &+= UInt64(truncatingIfNeeded: done)
    ports.records[index].sentBytes &+= bytes
    ports.records[index].sentDropped &+= UInt64(truncatingIfNeeded: position &- done)
    ports.records[index].head = .none
    ports.records[index].tail = .none
    ports.records[index].queued = 0
  }
}
