// What: runs a flow's program on a packet.
//
// How: the packet's state is a local value; its bytes are changed in place if the executor is their only owner,
// and in a copy otherwise, so that an output that was queued earlier keeps the bytes it was given. A nested
// program works on a copy of the state that shares the bytes.

extension Engine {
  /// Runs a program on the packet in a row of the bank, and gives the packet up.
  @inline(__always)
  mutating func run(_ program: Int, _ row: KeyRow) {
    var state = states[row]
    let head = programs.words[program]
    // Most programs are one output.
    if Operation.output.isIn(head), Operation.end.isIn(programs.words[program &+ 1]) {
      output(state, to: Operand.outputPort.value(in: head))
      return
    }
    runAll(program, &state, level: 0)
  }

  /// Runs a program to its end and gives the packet up.
  @inline(never)
  mutating func runAll(_ program: Int, _ state: inout PacketState, level: Int) {
    var place = program
    if level == 0, Operation.end.isIn(programs.words[place]) { count(.flowAction) }
    while step(&place, &state, level: level) {}
    if !state.slot.isNone { pool.release(state.slot) }
  }

  /// Runs one instruction; `false` after the last.
  @inline(__always)
  private mutating func step(_ place: inout Int, _ state: inout PacketState, level: Int) -> Bool {
    let head = programs.words[place]
    let data = place &+ 1
    place = data
    guard let operation = Operation(head: head) else { return false }
    switch operation {
    case .end: return false
    case .output:
      pool.retain(state.slot)
      output(state, to: Operand.outputPort.value(in: head))
      return true
    case .userspace:
      let first = programs.words[data]
      _ = enqueueUpcall(
        state, kind: .action, processID: Operand.upcallProcessID.value(in: head), dataPlace: data &+ 1,
        dataHeader: first)
      place = data &+ Operation.userspace.dataWordCount(head: head, first: first)
      return true
    case .truncate:
      state.cut = Operand.maximumByteCount.value(in: head)
      return true
    case .setMetadata:
      setMetadata(data, Operand.metadataCount.count(in: head), state)
      place = data &+ Operation.setMetadata.dataWordCount(head: head, first: 0)
      return true
    case .hash:
      computeHash(
        state, algorithm: Operand.hashAlgorithm.value(in: head), basis: Operand.hashBasis.value(in: head))
      return true
    case .drop:
      count(Operand.dropReason.value(in: head) == Operand.noFate ? .flowAction : .explicitDrop)
      return false
    case .track:
      place = data &+ Operation.track.dataWordCount(head: head, first: 0)
      return track(head, data, &state)
    case .clearTrack:
      clearTrack(state)
      return true
    case .meter: return meter(Operand.meterID.value(in: head), &state)
    case .recirculate:
      recirculate(state, id: Operand.recirculationID.value(in: head))
      return true
    case .tunnelPop:
      let isPopped = popTunnel(&state, port: Operand.poppedPort.value(in: head))
      return isPopped
    case .clone, .sample, .decrementTTL, .checkLength:
      let first = programs.words[data]
      place = data &+ operation.dataWordCount(head: head, first: first)
      return nest(operation, head, first, data, &state, level)
    case .setEthernet, .setIPv4, .setIPv6, .setPorts, .setARP, .setNeighbor, .setMPLS, .pushVLAN, .popVLAN,
      .pushMPLS, .popMPLS, .tunnelPush:
      place = data &+ operation.dataWordCount(head: head, first: 0)
      return rewrite(operation, head, data, &state)
    }
  }

  /// Runs an instruction that contains others, whose data begins at `data` with the word `first`.
  @inline(never)
  private mutating func nest(
    _ operation: Operation, _ head: UInt64, _ first: UInt64, _ data: Int, _ state: inout PacketState,
    _ level: Int
  ) -> Bool {
    switch operation {
    case .clone:
      runCopy(data, state, level)
      return true
    case .sample:
      let probability = Operand.sampleProbability.value(in: head)
      if probability == 0xffff_ffff || random() < probability { runCopy(data, state, level) }
      return true
    case .decrementTTL:
      switch decrementTTL(&state) {
      case .done: return true
      case .exhausted:
        runCopy(data, state, level)
        count(.ttlExhausted)
        return false
      case .impossible: return false
      }
    case .checkLength:
      let greater = data &+ 1
      let lessOrEqual = greater &+ Operand.greaterWordCount.count(in: first)
      // The whole frame counts, its Ethernet header too, as in Open vSwitch.
      let isGreater = state.count > Operand.lengthThreshold.count(in: head)
      runCopy(isGreater ? greater : lessOrEqual, state, level)
      return true
    case .end, .output, .userspace, .setEthernet, .setIPv4, .setIPv6, .setPorts, .setARP, .setNeighbor,
      .setMPLS, .setMetadata, .pushVLAN, .popVLAN, .pushMPLS, .popMPLS, .truncate, .recirculate, .hash,
      .tunnelPush, .tunnelPop, .drop, .track, .clearTrack, .meter:
      return false
    }
  }

  /// Runs a nested program on a copy of the packet's state and key.
  private mutating func runCopy(_ program: Int, _ state: PacketState, _ level: Int) {
    guard level < ProgramCompiler.maximumDepth else {
      count(.actionsTooDeep)
      return
    }
    if Operation.end.isIn(programs.words[program]) { return }
    let row = KeyRow(Engine.workRowCount &+ level)
    bank.copy(from: state.key, to: row)
    var copy = state
    copy.key = row
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
    guard !slot.isNone else {
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
    let row = state.key
    for index in 0..<wordCount {
      let word = Int(truncatingIfNeeded: programs.words[place &+ 3 &* index])
      let value = programs.words[place &+ 3 &* index &+ 1]
      let mask = programs.words[place &+ 3 &* index &+ 2]
      if word == KeyPlace.packetMark.word {
        bank.base[row][wordOf: .packetMark] = (bank.base[row][wordOf: .packetMark] & ~mask) | value
      } else if word >= BaseKey.wordCount && word < FlowKey.wordCount {
        bank.open(row, .of(word: word))
        bank[row, word] = (bank[row, word] & ~mask) | value
      }
    }
  }

  /// The hash of a packet's addresses, protocol and ports, never equal for the two directions of a connection.
  @inline(__always)
  func connectionHash(_ row: KeyRow) -> UInt32 {
    let key = bank.base[row]
    let transport = KeyPlace.ipProtocol.mask | KeyPlace.transportPorts.mask
    var sum = hash.part(key, wordOf: .ipSource) &+ hash.part(key, wordOf: .ipProtocol, under: transport)
    if bank.has(.ipv6, at: row) {
      for word in KeyPlace.ipv6Source.words(upTo: .ipv6Label) { sum &+= hash.part(bank[row, word], word) }
    } else if key[wordOf: .ipSource] == 0 {
      sum &+= hash.part(key, wordOf: .ethDestination) &+ hash.part(key, wordOf: .ethSource)
    }
    return UInt32(truncatingIfNeeded: KeyHash.finish(sum) >> 16)
  }

  private mutating func computeHash(_ state: PacketState, algorithm: UInt32, basis: UInt32) {
    let value = packetHash(state.key, algorithm: algorithm, basis: basis)
    bank.open(state.key, .metadata)
    bank[state.key, .datapathHash] = value
  }

  // MARK: Another lookup

  /// Looks a copy of the packet up again, under another id.
  private mutating func recirculate(_ state: PacketState, id: UInt32) {
    guard let row = takeRow(state) else { return }
    bank.copyMetadata(from: state.key, to: row)
    bank.base[row][.recirculationID] = UInt64(id)
    pool.retain(state.slot)
  }

  /// Takes a row of the bank for another lookup of a packet.
  mutating func takeRow(_ state: PacketState) -> KeyRow? {
    guard Int(state.depth) < Engine.maximumDepth else {
      count(.recirculationTooDeep)
      return nil
    }
    guard workCount < Engine.workRowCount else {
      count(.recirculationFull)
      return nil
    }
    let row = KeyRow(workCount)
    workCount &+= 1
    states[row] = state
    states[row].key = row
    states[row].depth = state.depth &+ 1
    return row
  }

  /// Makes the packet's state and key fit its bytes again after something was put before or taken from it.
  mutating func parseAgain(_ state: inout PacketState) {
    guard state.count >= 14 else { return }
    bank.keepMetadata(state.key)
    Parser.parse(&state, pool, &bank, tagLimit: tagLimit)
  }
}
