// Packets on their way to the daemon: a bounded ring that holds the packet's slot, its key and what the
// userspace action says. Turning them into messages allocates, and happens outside the packet path.

/// A packet that waits for the daemon.
struct UpcallEntry: BitwiseCopyable {
  var state = PacketState()
  var isMiss = true
  var processID: UInt32 = 0
  /// User data bytes, or -1 for none.
  var userDataByteCount: Int32 = -1
}

/// The packets that wait for the daemon.
struct UpcallQueue: ~Copyable {
  static var userDataWordCount: Int { 32 }

  var entries: Slab<UpcallEntry>
  var userData: Slab<UInt64>
  let firstRow: Int
  var head = 0
  var count = 0

  init(capacity: Int, firstRow: Int) {
    entries = Slab(repeating: UpcallEntry(), count: max(1, capacity))
    userData = Slab(repeating: 0, count: max(1, capacity) * UpcallQueue.userDataWordCount)
    self.firstRow = firstRow
  }
}

extension Engine {
  /// Puts a packet in the queue to the daemon, sharing its slot; `false` if the queue was full.
  mutating func enqueueUpcall(
    _ state: PacketState, kind: PacketMessage.Command, processID: UInt32, dataPlace: Int = 0,
    dataHeader: UInt64 = 0
  ) -> Bool {
    guard upcalls.count < upcalls.entries.count else {
      count(.upcallQueueFull)
      return false
    }
    let place = (upcalls.head &+ upcalls.count) % upcalls.entries.count
    upcalls.count &+= 1
    let row = upcalls.firstRow &+ place
    bank.copy(from: Int(state.key), to: row)
    var entry = UpcallEntry()
    entry.state = state
    entry.state.key = Int32(truncatingIfNeeded: row)
    entry.isMiss = kind == .miss
    entry.processID = processID
    if Operand.hasUserData.value(in: dataHeader) != 0 {
      let bytes = Operand.userDataByteCount.count(in: dataHeader)
      entry.userDataByteCount = Int32(truncatingIfNeeded: bytes)
      for index in 0..<min(UpcallQueue.userDataWordCount, (bytes &+ 7) >> 3) {
        upcalls.userData[place &* UpcallQueue.userDataWordCount &+ index] = programs.words[dataPlace &+ index]
      }
    }
    // The packet may have been changed since it was parsed.
    if !entry.isMiss {
      if entry.state.cut != 0xffff_ffff && Int(entry.state.cut) < state.count {
        entry.state.count = max(14, Int(entry.state.cut))
        entry.state.offload = Offload()
      }
      parseAgain(&entry.state)
    }
    upcalls.entries[place] = entry
    pool.retain(state.slot)
    deliveredPackets |= 1 &<< UInt32(state.origin)
    return true
  }

  /// Whether anything waits for the daemon.
  public var hasUpcalls: Bool { upcalls.count > 0 }

  /// The messages for the daemon that have gathered: `OVS_PACKET_CMD_MISS` and `ACTION`.
  ///
  /// A segment is cut first, since a message cannot hold it, and the daemon will send what it holds.
  public mutating func drainUpcalls(maximumCount: Int = .max) -> [[UInt8]] {
    var messages: [[UInt8]] = []
    let remaining = max(0, upcalls.count - maximumCount)
    while upcalls.count > remaining {
      let place = upcalls.head
      let entry = upcalls.entries[place]
      upcalls.head = (upcalls.head + 1) % upcalls.entries.count
      upcalls.count -= 1
      var state = entry.state
      if state.offload.segmentation != .none {
        let parts = segments(of: state)
        for part in parts {
          messages.append(upcallMessage(part, entry, place))
          pool.release(part.slot)
        }
      } else {
        if !state.offload.needsChecksum || completeForDaemon(&state) {
          messages.append(upcallMessage(state, entry, place))
        }
      }
      pool.release(state.slot)
    }
    return messages
  }

  /// Gives up the oldest packets for the daemon, and counts them as lost.
  public mutating func discardUpcalls(maximumCount: Int) {
    for _ in 0..<min(maximumCount, upcalls.count) {
      pool.release(upcalls.entries[upcalls.head].state.slot)
      upcalls.head = (upcalls.head + 1) % upcalls.entries.count
      upcalls.count -= 1
      counters.lost &+= 1
    }
  }

  private mutating func completeForDaemon(_ state: inout PacketState) -> Bool {
    guard makeWritable(&state) else { return false }
    guard pool.completeChecksum(state.start, state.count, state.offload) else { return false }
    state.offload = Offload()
    return true
  }

  private func upcallMessage(_ state: PacketState, _ entry: UpcallEntry, _ place: Int) -> [UInt8] {
    var message = PacketMessage()
    message.packet = pool.array(state.start, state.count)
    var key = FlowKey()
    bank.load(Int(entry.state.key), into: &key)
    message.key = key
    if entry.userDataByteCount >= 0 {
      var data: [UInt8] = []
      for index in 0..<Int(entry.userDataByteCount) {
        let word = upcalls.userData[place * UpcallQueue.userDataWordCount + index / 8]
        data.append(UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * (index & 7))))
      }
      message.userData = data
    }
    let processID = entry.processID != 0 ? entry.processID : receiver(of: entry)
    let header = MessageHeader(flags: [], processID: processID, datapathIndex: control.datapathIndex)
    return Message(header, .packet(entry.isMiss ? .miss : .action, message)).encode()
  }

  /// Who is told of packets that a port received, where the flow does not say: one of those that the port names, always
  /// the same one for the same kind of packet.
  private func receiver(of entry: UpcallEntry) -> UInt32 {
    guard let ids = control.upcallProcessIDs[entry.state.inPort], !ids.isEmpty else { return 0 }
    if ids.count == 1 { return ids[0] }
    let signature = KeyHash.finish(hash.signature(bank.base[Int(entry.state.key)]))
    return ids[Int(truncatingIfNeeded: (signature >> 32) % UInt64(ids.count))]
  }
}
