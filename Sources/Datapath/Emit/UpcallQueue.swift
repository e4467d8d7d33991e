// What: packets on their way to the daemon. An entry holds the packet's slot, its key and what the userspace action says. Turning it
// into a message allocates, and happens outside of the packet path.
//
// Why by port: what one port sends must not make other ports' packets wait, nor take their room.
//
// How: each port has a list of entries in one bounded store, and ports are taken from in turns. When the store is full, the port that has
// most waiting loses its oldest packet to a port that has less.

/// A packet that waits for the daemon.
struct UpcallEntry: BitwiseCopyable {
  var state = PacketState()
  var isMiss = true
  var processID: UInt32 = 0
  /// User data bytes, or -1 for none.
  var userDataByteCount: Int32 = -1
  /// The place of the port's next entry, or of the next free one.
  var next = UpcallHandle.none
}

/// The packets of one port that wait for the daemon.
struct UpcallLine: BitwiseCopyable {
  var head = UpcallHandle.none
  var tail = UpcallHandle.none
  var count: Int32 = 0
  /// The line whose turn comes after this one's.
  var nextTurn = UpcallLineHandle.none
}

/// The packets that wait for the daemon.
struct UpcallQueue: ~Copyable {
  static var userDataWordCount: Int { 32 }

  var entries: Table<UpcallEntry, UpcallEntry>
  var userData: Slab<UInt64>
  private let firstRow: Int
  /// How many packets wait.
  private(set) var count = 0
  /// Line 0 is for packets of no port, the others for the ports by their records.
  private var lines: Table<UpcallLine, UpcallLine>
  private var free = UpcallHandle(0)
  private var firstTurn = UpcallLineHandle.none
  private var lastTurn = UpcallLineHandle.none

  init(capacity: Int, firstRow: Int) {
    let capacity = max(1, capacity)
    entries = Table(repeating: UpcallEntry(), count: capacity)
    for place in 0..<capacity - 1 { entries[UpcallHandle(place)].next = UpcallHandle(place + 1) }
    userData = Slab(repeating: 0, count: capacity * UpcallQueue.userDataWordCount)
    lines = Table(repeating: UpcallLine(), count: 1)
    self.firstRow = firstRow
  }

  /// Sees to it that as many records of ports have lines.
  mutating func makeLines(forRecordCount count: Int) {
    lines.grow(to: count + 1, repeating: UpcallLine())
  }

  /// How many bytes `makeLines` takes.
  func growthByteCount(forRecordCount count: Int) -> Int {
    count + 1 > lines.count ? Slab<UpcallLine>.byteCount(of: count + 1) : 0
  }

  /// The line of a port's packets, or of those of no port.
  static func line(of port: PortHandle) -> UpcallLineHandle {
    UpcallLineHandle(port.isNone ? 0 : port.index &+ 1)
  }

  /// The port whose packets a line has, if it is one's.
  static func port(of line: UpcallLineHandle) -> PortHandle { PortHandle(line.index &- 1) }

  /// The row of the key bank that has an entry's key.
  func row(of place: UpcallHandle) -> KeyRow { KeyRow(firstRow &+ place.index) }

  /// Whether there is no room for another packet.
  var isFull: Bool { free.isNone }

  /// The line that has most waiting, and more than a line would have with one more packet.
  func longest(than line: UpcallLineHandle) -> UpcallLineHandle {
    var longest = UpcallLineHandle.none
    var most = lines[line].count &+ 1
    var next = firstTurn
    while !next.isNone {
      if lines[next].count > most {
        longest = next
        most = lines[longest].count
      }
      next = lines[next].nextTurn
    }
    return longest
  }

  /// The place that the next entry gets; there has to be room.
  var nextPlace: UpcallHandle { free }

  /// Adds an entry to a line, at `nextPlace`.
  mutating func append(_ entry: UpcallEntry, to line: UpcallLineHandle) {
    let place = free
    free = entries[place].next
    entries[place] = entry
    entries[place].next = .none
    if lines[line].count == 0 {
      lines[line].head = place
      takeTurn(line)
    } else {
      entries[lines[line].tail].next = place
    }
    lines[line].tail = place
    lines[line].count &+= 1
    count &+= 1
  }

  /// Takes the oldest entry of a line off it; the place stays taken until `release`.
  mutating func removeFirst(of line: UpcallLineHandle) -> UpcallHandle {
    let place = lines[line].head
    lines[line].head = entries[place].next
    lines[line].count &-= 1
    count &-= 1
    return place
  }

  /// Takes the oldest entry of the line whose turn it is, or none; the place stays taken until `release`.
  mutating func takeFirst() -> UpcallHandle {
    while !firstTurn.isNone {
      let line = firstTurn
      firstTurn = lines[line].nextTurn
      if firstTurn.isNone { lastTurn = .none }
      let place = lines[line].count > 0 ? removeFirst(of: line) : .none
      if lines[line].count > 0 { takeTurn(line) }
      if !place.isNone { return place }
    }
    return .none
  }

  /// Gives back the place of an entry that was taken.
  mutating func release(_ place: UpcallHandle) {
    entries[place].next = free
    free = place
  }

  private mutating func takeTurn(_ line: UpcallLineHandle) {
    lines[line].nextTurn = .none
    if lastTurn.isNone {
      firstTurn = line
    } else {
      lines[lastTurn].nextTurn = line
    }
    lastTurn = line
  }
}

extension Engine {
  /// Puts a packet in its port's line to the daemon, sharing its slot; `false` if there is no room.
  mutating func enqueueUpcall(
    _ state: PacketState, kind: PacketMessage.Command, processID: UInt32, dataPlace: Int = 0,
    dataHeader: UInt64 = 0
  ) -> Bool {
    let line = UpcallQueue.line(of: ports.index(state.inPort))
    if upcalls.isFull {
      let longest = upcalls.longest(than: line)
      guard !longest.isNone else {
        countLostUpcall(of: line)
        return false
      }
      let place = upcalls.removeFirst(of: longest)
      pool.release(upcalls.entries[place].state.slot)
      if upcalls.entries[place].isMiss { counters.lost &+= 1 }
      upcalls.release(place)
      countLostUpcall(of: longest)
    }
    let place = upcalls.nextPlace
    let row = upcalls.row(of: place)
    bank.copy(from: state.key, to: row)
    var entry = UpcallEntry()
    entry.state = state
    entry.state.key = row
    entry.isMiss = kind == .miss
    entry.processID = processID
    if Operand.hasUserData.value(in: dataHeader) != 0 {
      let bytes = Operand.userDataByteCount.count(in: dataHeader)
      entry.userDataByteCount = Int32(truncatingIfNeeded: bytes)
      for index in 0..<min(UpcallQueue.userDataWordCount, (bytes &+ 7) >> 3) {
        upcalls.userData[place.index &* UpcallQueue.userDataWordCount &+ index] =
          programs.words[dataPlace &+ index]
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
    upcalls.append(entry, to: line)
    pool.retain(state.slot)
    deliveredPackets |= 1 &<< UInt32(state.origin)
    return true
  }

  /// Counts a packet for which its port's line had no room.
  private mutating func countLostUpcall(of line: UpcallLineHandle) {
    count(.upcallQueueFull)
    let port = UpcallQueue.port(of: line)
    if !port.isNone { ports.records[port].receivedDropped &+= 1 }
  }

  /// Whether anything waits for the daemon.
  public var hasUpcalls: Bool { upcalls.count > 0 }

  /// The messages for the daemon that have gathered: `OVS_PACKET_CMD_MISS` and `ACTION`.
  ///
  /// A segment is cut first, since a message cannot hold it, and the daemon will send what it holds.
  public mutating func drainUpcalls(maximumCount: Int = .max) -> [[UInt8]] {
    var messages: [[UInt8]] = []
    for _ in 0..<min(maximumCount, upcalls.count) {
      let place = upcalls.takeFirst()
      let entry = upcalls.entries[place]
      defer { upcalls.release(place) }
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
      let place = upcalls.takeFirst()
      pool.release(upcalls.entries[place].state.slot)
      upcalls.release(place)
      counters.lost &+= 1
    }
  }

  private mutating func completeForDaemon(_ state: inout PacketState) -> Bool {
    guard makeWritable(&state) else { return false }
    guard pool.completeChecksum(state.start, state.count, state.offload) else { return false }
    state.offload = Offload()
    return true
  }

  private func upcallMessage(_ state: PacketState, _ entry: UpcallEntry, _ place: UpcallHandle) -> [UInt8] {
    var message = PacketMessage()
    message.packet = pool.array(state.start, state.count)
    var key = FlowKey()
    bank.load(entry.state.key, into: &key)
    message.key = key
    if entry.userDataByteCount >= 0 {
      var data: [UInt8] = []
      for index in 0..<Int(entry.userDataByteCount) {
        let word = upcalls.userData[place.index * UpcallQueue.userDataWordCount + index / 8]
        data.append(UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * (index & 7))))
      }
      message.userData = data
    }
    let processID = entry.processID != 0 ? entry.processID : receiver(of: entry)
    let header = NetlinkHeader(flags: [], processID: processID, datapathIndex: control.datapathIndex)
    return NetlinkMessage(header, .packet(entry.isMiss ? .miss : .action, message)).encode()
  }

  /// Who is told of packets that a port received, where the flow does not say: one of those that the port names, always
  /// the same one for the same kind of packet.
  private func receiver(of entry: UpcallEntry) -> UInt32 {
    guard let ids = control.upcallProcessIDs[entry.state.inPort], !ids.isEmpty else { return 0 }
    if ids.count == 1 { return ids[0] }
    let signature = KeyHash.finish(hash.signature(bank.base[entry.state.key]))
    return ids[Int(truncatingIfNeeded: (signature >> 32) % UInt64(ids.count))]
  }
}
