// What: runs a flow's program on a packet.
//
// How: the packet's state is a local value; its bytes are changed in place if the executor is their only owner,
// and in a copy otherwise, so that an output that was queued earlier keeps the bytes it was given. A nested
// program works on a copy of the state that shares the bytes.

extension Engine {
  /// Runs a program on the packet in a row of the bank, and gives the packet up.
  @inline(__always)
  mutating func run(_ program: Int, _ row: Int) {
    var state = states[row]
    let first = programs.words[program]
    // Most programs are one output.
    if first & 0xff == UInt64(Operation.output.rawValue) && programs.words[program &+ 1] & 0xff == 0 {
      output(state, to: UInt32(truncatingIfNeeded: first >> 32))
      return
    }
    runAll(program, &state, level: 0)
  }

  /// Runs a program to its end and gives the packet up.
  @inline(never)
  mutating func runAll(_ program: Int, _ state: inout PacketState, level: Int) {
    var place = program
    if programs.words[place] & 0xff == 0 && level == 0 { count(.flowAction) }
    while step(&place, &state, level: level) {}
    if state.slot >= 0 { pool.release(state.slot) }
  }

  /// Runs one instruction; `false` after the last.
  @inline(__always)
  private mutating func step(_ place: inout Int, _ state: inout PacketState, level: Int) -> Bool {
    let word = programs.words[place]
    let middle = Int(truncatingIfNeeded: (word >> 8) & 0xff_ffff)
    let high = UInt32(truncatingIfNeeded: word >> 32)
    place &+= 1
    guard let operation = Operation(rawValue: UInt8(truncatingIfNeeded: word)) else { return false }
    switch operation {
    case .end: return false
    case .output:
      pool.retain(state.slot)
      output(state, to: high)
      return true
    case .userspace:
      let data = programs.words[place]
      _ = enqueueUpcall(state, kind: .action, processID: high, dataPlace: place &+ 1, dataHeader: data)
      place &+= 1 &+ middle
      return true
    case .truncate:
      state.cut = high
      return true
    case .setMetadata:
      setMetadata(place, middle, state)
      place &+= middle &* 3
      return true
    case .hash:
      computeHash(state, basis: high)
      return true
    case .drop:
      count(.explicitDrop)
      return false
    case .recirculate:
      recirculate(state, id: high)
      return true
    case .tunnelPop:
      let isPopped = popTunnel(&state, port: high)
      return isPopped
    case .clone, .sample, .decrementTTL, .checkLength:
      return nest(operation, &place, &state, middle, high, level)
    default: return rewrite(operation, &place, &state, middle, high)
    }
  }

  /// Instructions that contain others.
  @inline(never)
  private mutating func nest(
    _ operation: Operation, _ place: inout Int, _ state: inout PacketState, _ middle: Int, _ high: UInt32,
    _ level: Int
  ) -> Bool {
    switch operation {
    case .clone:
      runCopy(place, state, level)
      place &+= middle
      return true
    case .sample:
      if high == 0xffff_ffff || random() < high { runCopy(place, state, level) }
      place &+= middle
      return true
    case .decrementTTL:
      switch decrementTTL(&state) {
      case .done:
        place &+= middle
        return true
      case .exhausted:
        runCopy(place, state, level)
        count(.ttlExhausted)
        return false
      case .impossible: return false
      }
    default:
      let lengths = programs.words[place]
      let greater = place &+ 1
      let lessOrEqual = greater &+ Int(truncatingIfNeeded: lengths & 0xffff_ffff)
      // The whole frame counts, its Ethernet header too, as in Open vSwitch.
      runCopy(state.count > Int(high) ? greater : lessOrEqual, state, level)
      place = lessOrEqual &+ Int(truncatingIfNeeded: lengths >> 32)
      return true
    }
  }

  /// Runs a nested program on a copy of the packet's state and key.
  private mutating func runCopy(_ program: Int, _ state: PacketState, _ level: Int) {
    guard level < ProgramCompiler.maximumDepth else {
      count(.actionsTooDeep)
      return
    }
    if programs.words[program] & 0xff == 0 { return }
    let row = Engine.workRowCount &+ level
    bank.copy(from: Int(state.key), to: row)
    var copy = state
    copy.key = Int32(truncatingIfNeeded: row)
    pool.retain(copy.slot)
    runAll(program, &copy, level: level &+ 1)
  }

  /// Makes sure that nobody else sees changes of the packet's bytes; `false` if no buffer was free.
  @inline(__always)
  mutating func makeWritable(_ state: inout PacketState) -> Bool {
    state.traits.remove(.untouched)
    return pool.isUnique(state.slot) || copyPacket(&state)
  }

  @inline(never)
  mutating func copyPacket(_ state: inout PacketState) -> Bool {
    let slot = pool.take(byteCount: state.count)
    guard slot >= 0 else {
      count(.noBuffer)
      return false
    }
    let start = pool.address(of: slot) &+ PacketPool.headroomByteCount
    pool.move(from: state.start, to: start, count: state.count)
    pool.release(state.slot)
    state.slot = slot
    state.start = start
    return true
  }

  // MARK: Metadata

  private mutating func setMetadata(_ place: Int, _ wordCount: Int, _ state: PacketState) {
    let row = Int(state.key)
    for index in 0..<wordCount {
      let word = Int(truncatingIfNeeded: programs.words[place &+ 3 &* index])
      let value = programs.words[place &+ 3 &* index &+ 1]
      let mask = programs.words[place &+ 3 &* index &+ 2]
      if word == 7 {
        bank.base[row].w7 = (bank.base[row].w7 & ~mask) | value
      } else if word >= 8 && word < FlowKey.wordCount {
        var segment = 1
        while !KeySegments.words(ofSegment: segment).contains(word) { segment &+= 1 }
        bank.open(row, segment)
        bank[row, word] = (bank[row, word] & ~mask) | value
      }
    }
  }

  /// The hash of a packet's addresses, protocol and ports, the same in both halves of no packet.
  @inline(__always)
  func connectionHash(_ row: Int) -> UInt32 {
    let key = bank.base[row]
    var sum = hash.part(key.w3, 3) &+ hash.part(key.w4 & 0xff00_0000_ffff_ffff, 4)
    if bank.segments[row] & 1 << 2 != 0 {
      for word in 10...13 { sum &+= hash.part(bank[row, word], word) }
    } else if key.w3 == 0 {
      sum &+= hash.part(key.w1, 1) &+ hash.part(key.w2, 2)
    }
    return UInt32(truncatingIfNeeded: KeyHash.finish(sum) >> 16)
  }

  private mutating func computeHash(_ state: PacketState, basis: UInt32) {
    let row = Int(state.key)
    let value = UInt64(connectionHash(row) ^ (basis &* 0x9e37_79b1))
    bank.open(row, 1)
    // Zero means that no hash was computed.
    bank[row, 8] = (bank[row, 8] & 0xffff_ffff) | max(1, value) << 32
  }

  // MARK: Another lookup

  /// Looks a copy of the packet up again, under another id.
  private mutating func recirculate(_ state: PacketState, id: UInt32) {
    guard let row = takeRow(state) else { return }
    bank.copyMetadata(from: Int(state.key), to: row)
    bank.base[row].w0 = (bank.base[row].w0 & ~0xffff_ffff) | UInt64(id)
    pool.retain(state.slot)
  }

  /// Takes a row of the bank for another lookup of a packet.
  mutating func takeRow(_ state: PacketState) -> Int? {
    guard Int(state.depth) < Engine.maximumDepth else {
      count(.recirculationTooDeep)
      return nil
    }
    guard workCount < Engine.workRowCount else {
      count(.recirculationFull)
      return nil
    }
    let row = workCount
    workCount &+= 1
    states[row] = state
    states[row].key = Int32(truncatingIfNeeded: row)
    states[row].depth = state.depth &+ 1
    return row
  }

  /// Makes the packet's state and key fit its bytes again after something was put before or taken from it.
  mutating func parseAgain(_ state: inout PacketState) {
    guard state.count >= 14 else { return }
    bank.keepMetadata(Int(state.key))
    Parser.parse(&state, pool, &bank, tagLimit: tagLimit)
  }
}
