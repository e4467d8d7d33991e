// What: how an instruction lies in a program. The compiler (Program.swift) writes instructions and the executor (Executor.swift,
// Rewrite.swift) reads them, both by the names below, so that neither knows a bit's place by itself.
//
// How: an instruction is a head and words of data. The head has the operation in its low 8 bits, a number in the next 24
// and another in the high 32. Some operations are followed by words of data, whose number the head or the first of them
// tells (`Operation.dataWordCount`); the programs that an operation runs on a copy are among them.
//
// Why places and not structures: read with a literal place, an operand is a load, a shift and a mask.

/// What an instruction does.
enum Operation: UInt8, CaseIterable {
  /// Ends a program.
  case end = 0
  case output
  case userspace
  case setEthernet
  case setIPv4
  case setIPv6
  /// Ports, or type and code, of one transport protocol.
  case setPorts
  case setARP
  case setNeighbor
  case setMPLS
  case setMetadata
  case pushVLAN
  case popVLAN
  case pushMPLS
  case popMPLS
  case truncate
  case recirculate
  case hash
  case clone
  case sample
  case checkLength
  case decrementTTL
  case tunnelPush
  case tunnelPop
  case drop
  /// Takes the packet through connection tracking.
  case track
  case clearTrack
  /// Takes the packet through a meter.
  case meter

  /// The operation of an instruction's head; `nil` if it is none.
  @inline(__always)
  init?(head: UInt64) { self.init(rawValue: UInt8(truncatingIfNeeded: head)) }

  /// Whether an instruction's head has this operation.
  @inline(__always)
  func isIn(_ head: UInt64) -> Bool { UInt8(truncatingIfNeeded: head) == rawValue }

  /// Whether it takes the packet somewhere, or says why not; a program of others alone is a drop.
  var isFate: Bool {
    switch self {
    case .output, .userspace, .recirculate, .tunnelPop, .drop: true
    case .end, .setEthernet, .setIPv4, .setIPv6, .setPorts, .setARP, .setNeighbor, .setMPLS, .setMetadata,
      .pushVLAN, .popVLAN, .pushMPLS, .popMPLS, .truncate, .hash, .clone, .sample, .checkLength,
      .decrementTTL, .tunnelPush, .track, .clearTrack, .meter:
      false
    }
  }

  /// How many words of data follow the head.
  ///
  /// - Parameter first: The first word of data, if there is one.
  @inline(__always)
  func dataWordCount(head: UInt64, first: UInt64) -> Int {
    switch self {
    case .end, .output, .pushVLAN, .popVLAN, .pushMPLS, .popMPLS, .truncate, .recirculate, .hash, .tunnelPop,
      .drop, .clearTrack, .meter:
      0
    case .userspace: 1 &+ Operand.userDataWordCount.count(in: head)
    case .setEthernet: SetPair.ethernetSource.end
    case .setIPv4: SetPair.ipv4Header.end
    case .setIPv6: SetPair.ipv6Header.end
    case .setPorts: SetPair.transportPorts.end
    case .setARP: SetPair.arpTarget.end
    case .setNeighbor: SetPair.neighborTargetLink.end
    case .setMPLS: SetPair.labelEntry.end
    case .setMetadata: Operation.metadataWordCount &* Operand.metadataCount.count(in: head)
    case .clone, .sample, .decrementTTL: Operand.bodyWordCount.count(in: head)
    case .checkLength:
      1 &+ Operand.greaterWordCount.count(in: first) &+ Operand.lessOrEqualWordCount.count(in: first)
    case .track: ProgramCompiler.trackWordCount
    case .tunnelPush: 1 &+ (Operand.tunnelHeaderByteCount.count(in: head) &+ 7) >> 3
    }
  }

  /// Words of data for each word of metadata that is set: its index in the key, its value, its mask.
  static let metadataWordCount = 3
}

/// Where an operand lies in a word of an instruction.
struct Operand {
  let shift: UInt64
  let mask: UInt64

  @inline(__always)
  private init(shift: UInt64, bitCount: UInt64) {
    self.shift = shift
    mask = bitCount == 64 ? ~0 : 1 &<< bitCount &- 1
  }

  /// The operand's value in a word.
  @inline(__always)
  func value(in word: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: (word &>> shift) & mask) }

  /// The operand's value in a word, if it counts something.
  @inline(__always)
  func count(in word: UInt64) -> Int { Int(truncatingIfNeeded: (word &>> shift) & mask) }

  /// A word with this operand alone.
  func word(_ value: UInt64) -> UInt64 { (value & mask) &<< shift }

  // A head has room for two numbers, a word of data for two of 32 bits.

  private static var middle: Operand { Operand(shift: 8, bitCount: 24) }
  private static var high: Operand { Operand(shift: 32, bitCount: 32) }
  private static var low: Operand { Operand(shift: 0, bitCount: 32) }

  // MARK: In the head

  static var outputPort: Operand { high }
  static var userDataWordCount: Operand { middle }
  static var upcallProcessID: Operand { high }
  /// The transport protocol whose ports are set.
  static var portsProtocol: Operand { middle }
  /// How many words of metadata are set.
  static var metadataCount: Operand { middle }
  /// TPID and TCI of a tag.
  static var tag: Operand { high }
  static var labelEtherType: Operand { middle }
  static var labelEntry: Operand { high }
  static var maximumByteCount: Operand { high }
  static var recirculationID: Operand { high }
  static var hashAlgorithm: Operand { middle }
  static var hashBasis: Operand { high }
  /// How many words the program has that follows.
  static var bodyWordCount: Operand { middle }
  static var sampleProbability: Operand { high }
  static var lengthThreshold: Operand { high }
  static var tunnelHeaderByteCount: Operand { middle }
  static var tunnelPort: Operand { high }
  static var poppedPort: Operand { high }
  static var dropReason: Operand { high }
  /// The reason of a drop at the end of a program that takes the packet nowhere, but has to be run.
  static var noFate: UInt32 { 0xffff_ffff }
  /// `TrackOptions`.
  static var trackOptions: Operand { middle }
  static var trackZone: Operand { high }
  static var meterID: Operand { high }

  // MARK: In the first word of data

  /// How many bytes of user data there are; they follow, the first one highest in its word.
  static var userDataByteCount: Operand { low }
  static var hasUserData: Operand { high }
  /// How many words the program for longer packets has, which follows.
  static var greaterWordCount: Operand { low }
  /// How many words the program for other packets has, which follows that.
  static var lessOrEqualWordCount: Operand { high }
  // That of a push is a `TunnelLayout`; the bytes of the header follow, as user data does.
}
