// What: a flow's actions as a flat row of words that the executor runs without following a pointer.
//
// How: Instruction.swift says how an instruction lies in words. Nested actions follow in place, and their length in words
// lets them be skipped. A program ends with `end`. Programs lie in one store, in runs of a power of two of words, so that
// changing flows leaves no gaps that cannot be used again.

/// Why actions cannot be run.
public enum ActionError: Error, Equatable, Sendable {
  /// The engine does not know the action.
  case unsupported
  /// The action's arguments make no sense.
  case invalid
  /// The actions nest too deep or are too many.
  case tooLong
}

/// Turns actions into words.
struct ProgramCompiler {
  /// How deep actions may nest.
  static var maximumDepth: Int { 16 }
  /// How many words a program may have.
  static var maximumWordCount: Int { 32_768 }
  /// How much user data a userspace action may carry.
  static var maximumUserDataByteCount: Int { 256 }

  private(set) var words: [UInt64] = []
  private var depth = 0
  /// Whether one of the actions takes the packet somewhere, or says why not.
  private var hasFate = false
  /// Whether one of them changes more than the packet.
  private var hasEffect = false
  private let depthLimit: Int

  private init(depthLimit: Int) { self.depthLimit = depthLimit }

  /// The program of actions; an empty one if they only change the packet, so that it counts as a drop.
  static func compile(
    _ actions: [DatapathAction], maximumDepth: Int = ProgramCompiler.maximumDepth
  ) throws(ActionError) -> [UInt64] {
    var compiler = ProgramCompiler(depthLimit: min(maximumDepth, ProgramCompiler.maximumDepth))
    try compiler.append(actions)
    if !compiler.hasFate {
      if compiler.hasEffect {
        compiler.emit(.drop, (.dropReason, UInt64(Operand.noFate)))
      } else {
        compiler.words = []
      }
    }
    compiler.emit(.end)
    guard compiler.words.count <= maximumWordCount else { throw .tooLong }
    return compiler.words
  }

  private mutating func emit(_ operation: Operation, _ operands: (Operand, UInt64)...) {
    if operation.isFate { hasFate = true }
    words.append(operands.reduce(UInt64(operation.rawValue)) { $0 | $1.0.word($1.1) })
  }

  private mutating func append(_ actions: [DatapathAction]) throws(ActionError) {
    guard depth < depthLimit else { throw .tooLong }
    depth += 1
    for action in actions { try append(action) }
    depth -= 1
  }

  private mutating func append(_ action: DatapathAction) throws(ActionError) {
    switch action {
    case .output(let port): emit(.output, (.outputPort, UInt64(port.rawValue)))
    case .userspace(let userspace): try append(userspace)
    case .set(let set): try append(set)
    case .pushVLAN(let tpid, let tci):
      guard tpid == 0x8100 || tpid == 0x88a8, tci & 0x1000 != 0 else { throw .invalid }
      emit(.pushVLAN, (.tag, UInt64(tpid) << 16 | UInt64(tci & 0xefff)))
    case .popVLAN: emit(.popVLAN)
    case .pushMPLS(let entry, let etherType):
      guard etherType == 0x8847 || etherType == 0x8848 else { throw .invalid }
      emit(.pushMPLS, (.labelEtherType, UInt64(etherType)), (.labelEntry, UInt64(entry)))
    case .popMPLS(let etherType): emit(.popMPLS, (.labelEtherType, UInt64(etherType)))
    case .truncate(let count): emit(.truncate, (.maximumByteCount, UInt64(count)))
    case .recirculate(let id): emit(.recirculate, (.recirculationID, UInt64(id)))
    case .hash(let algorithm, let basis):
      emit(.hash, (.hashAlgorithm, UInt64(algorithm & 0xff)), (.hashBasis, UInt64(basis)))
    case .clone(let actions):
      emit(.clone)
      try appendBody(actions)
    case .sample(let probability, let actions):
      emit(.sample, (.sampleProbability, UInt64(probability)))
      try appendBody(actions)
    case .decrementTTL(let exhausted):
      emit(.decrementTTL)
      try appendBody(exhausted)
    case .checkPacketLength(let threshold, let greater, let lessOrEqual):
      emit(.checkLength, (.lengthThreshold, UInt64(threshold)))
      let place = words.count
      words.append(0)
      words[place] |= Operand.greaterWordCount.word(UInt64(try appendProgram(greater)))
      words[place] |= Operand.lessOrEqualWordCount.word(UInt64(try appendProgram(lessOrEqual)))
    case .tunnelPush(let push): try append(push)
    case .tunnelPop(let port): emit(.tunnelPop, (.poppedPort, UInt64(port.rawValue)))
    case .drop(let reason): emit(.drop, (.dropReason, UInt64(reason)))
    case .connectionTrack(let track):
      hasEffect = true
      let (flags, data) = try ProgramCompiler.words(track)
      emit(.track, (.trackOptions, flags), (.trackZone, UInt64(track.zone)))
      words += data
    case .connectionTrackClear: emit(.clearTrack)
    case .meter(let id):
      hasEffect = true
      emit(.meter, (.meterID, UInt64(id)))
    case .addMPLS, .pushEthernet, .popEthernet, .pushNSH, .popNSH: throw .unsupported
    }
  }

  /// Appends the program that an instruction runs, whose head is the last word.
  private mutating func appendBody(_ actions: [DatapathAction]) throws(ActionError) {
    let head = words.count - 1
    words[head] |= Operand.bodyWordCount.word(UInt64(try appendProgram(actions)))
  }

  /// Appends a program with its end; returns how many words it has.
  private mutating func appendProgram(_ actions: [DatapathAction]) throws(ActionError) -> Int {
    let start = words.count
    try append(actions)
    emit(.end)
    return words.count - start
  }

  private mutating func append(_ userspace: UserspaceAction) throws(ActionError) {
    let data = userspace.userData ?? []
    guard data.count <= ProgramCompiler.maximumUserDataByteCount else { throw .invalid }
    emit(
      .userspace, (.userDataWordCount, UInt64((data.count + 7) / 8)),
      (.upcallProcessID, UInt64(userspace.processID)))
    words.append(
      Operand.userDataByteCount.word(UInt64(data.count))
        | Operand.hasUserData.word(userspace.userData == nil ? 0 : 1))
    append(bytes: data)
  }

  /// Appends bytes, eight a word, the first one highest.
  private mutating func append(bytes: [UInt8]) {
    var position = 0
    while position < bytes.count {
      var word: UInt64 = 0
      for index in 0..<8 {
        word = word << 8 | UInt64(position + index < bytes.count ? bytes[position + index] : 0)
      }
      words.append(word)
      position += 8
    }
  }

  private mutating func append(_ push: TunnelPush) throws(ActionError) {
    guard push.header.count <= TunnelPush.maximumHeaderByteCount, let layout = push.layout else {
      throw .invalid
    }
    emit(
      .tunnelPush, (.tunnelHeaderByteCount, UInt64(push.header.count)),
      (.tunnelPort, UInt64(push.tunnelPort.rawValue)))
    words.append(layout.word)
    append(bytes: push.header)
  }

  private mutating func append(_ set: SetAction) throws(ActionError) {
    switch set.attribute {
    case .ethernet: append(.setEthernet, set)
    case .ipv4: append(.setIPv4, set)
    case .ipv6: append(.setIPv6, set)
    case .tcp: append(.setPorts, set, protocol: 6)
    case .udp: append(.setPorts, set, protocol: 17)
    case .sctp: append(.setPorts, set, protocol: 132)
    case .icmp: append(.setPorts, set, protocol: 1)
    case .icmpv6: append(.setPorts, set, protocol: 58)
    case .arp: append(.setARP, set)
    case .neighborDiscovery: append(.setNeighbor, set)
    case .mpls: append(.setMPLS, set)
    case .priority, .mark, .datapathHash, .tunnel:
      emit(.setMetadata, (.metadataCount, UInt64(set.words.count)))
      for word in set.words {
        guard word.index >= 0, word.index < FlowKey.wordCount else { throw .invalid }
        words.append(UInt64(word.index))
        words.append(word.value)
        words.append(word.mask)
      }
    default: throw .unsupported
    }
  }

  /// Appends an instruction that sets header fields.
  private mutating func append(_ operation: Operation, _ set: SetAction, protocol number: UInt64 = 0) {
    emit(operation, (.portsProtocol, number))
    for pair in operation.setPairs {
      for offset in 0..<pair.place.words.count {
        words.append(pair.data(of: set.value, offset))
        words.append(pair.data(of: set.mask, offset))
      }
    }
  }
}

/// Where the programs of all flows lie.
struct ProgramStore: ~Copyable {
  var words: Slab<UInt64>
  private var used = 0
  /// The first free run of each size, or -1; its second word names the next, so that giving up a program takes no memory.
  private var free: Slab<Int64>

  init() {
    words = Slab(repeating: 0, count: 1024)
    free = Slab(repeating: -1, count: 32)
  }

  /// The size of a program's run: a power of two of words, with the word before it, which says which one.
  private static func size(forWordCount count: Int) -> Int {
    var size = 2
    while 1 << size < count + 1 { size += 1 }
    return size
  }

  /// How many words there have to be for a program; as many as now if there is room for it.
  private func wordCount(forSize size: Int) -> Int {
    guard free[size] < 0, used + 1 << size > words.count else { return words.count }
    return max(words.count * 2, used + 1 << size)
  }

  /// How many bytes it takes to store a program: nothing, or what a larger store needs while the smaller one is still there.
  func growthByteCount(forWordCount count: Int) -> Int {
    let next = wordCount(forSize: ProgramStore.size(forWordCount: count))
    return next > words.count ? Slab<UInt64>.byteCount(of: next) : 0
  }

  /// Stores a program; the word before it says which size of run it has.
  mutating func store(_ program: [UInt64]) -> ProgramHandle {
    let size = ProgramStore.size(forWordCount: program.count)
    words.grow(to: wordCount(forSize: size), repeating: 0)
    let start: Int
    if free[size] >= 0 {
      start = Int(free[size])
      free[size] = Int64(bitPattern: words[start + 1])
    } else {
      start = used
      used += 1 << size
    }
    words[start] = UInt64(size)
    for index in 0..<program.count { words[start + 1 + index] = program[index] }
    return ProgramHandle(start + 1)
  }

  /// Gives a program's run back.
  mutating func remove(_ program: ProgramHandle) {
    guard !program.isNone else { return }
    let start = program.index - 1
    let size = Int(words[start] & 31)
    words[start + 1] = UInt64(bitPattern: free[size])
    free[size] = Int64(start)
  }
}
