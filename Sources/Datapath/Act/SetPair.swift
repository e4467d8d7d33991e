// What: which words of the key an instruction that sets header fields has, and where in its data they lie. The compiler (Program.swift)
// writes them in this order, and the executor (Rewrite.swift) reads them by these names.
//
// How: each word of the key is a pair in the data: its value, then its mask.

/// A word of the key, or several, in the data of an instruction that sets header fields.
struct SetPair {
  /// How many pairs come before it.
  let index: Int
  /// The place in the key.
  let place: KeyPlace
  /// Whether the data has what lies in the place, moved to the lowest bit, and not the key's whole word.
  let isMoved: Bool

  @inline(__always)
  private init(_ index: Int, _ place: KeyPlace, isMoved: Bool = false) {
    self.index = index
    self.place = place
    self.isMoved = isMoved
  }

  /// Words of data up to the end of this pair.
  @inline(__always)
  var end: Int { 2 &* (index &+ place.words.count) }

  /// What the data has of a key, for the first or a later word of the place.
  func data(of key: FlowKey, _ offset: Int) -> UInt64 {
    isMoved ? key[place] : key.words[place.word + offset]
  }

  static var ethernetDestination: SetPair { SetPair(0, .ethDestination, isMoved: true) }
  static var ethernetSource: SetPair { SetPair(1, .ethSource, isMoved: true) }

  static var ipv4Addresses: SetPair { SetPair(0, .ipAddresses) }
  static var ipv4Header: SetPair { SetPair(1, .ipHeader) }

  static var ipv6Source: SetPair { SetPair(0, .ipv6Source) }
  static var ipv6Destination: SetPair { SetPair(2, .ipv6Destination) }
  static var ipv6Label: SetPair { SetPair(4, .ipv6Label) }
  static var ipv6Header: SetPair { SetPair(5, .ipHeader) }

  static var transportPorts: SetPair { SetPair(0, .transportPorts) }

  static var arpAddresses: SetPair { SetPair(0, .ipAddresses) }
  static var arpOperation: SetPair { SetPair(1, .ipProtocol) }
  static var arpSender: SetPair { SetPair(2, .sourceLink, isMoved: true) }
  static var arpTarget: SetPair { SetPair(3, .targetLink, isMoved: true) }

  static var neighborTarget: SetPair { SetPair(0, .ndTarget) }
  static var neighborSourceLink: SetPair { SetPair(2, .sourceLink, isMoved: true) }
  static var neighborTargetLink: SetPair { SetPair(3, .targetLink, isMoved: true) }

  static var labelEntry: SetPair { SetPair(0, .mplsEntry0, isMoved: true) }
}

extension Operation {
  /// The pairs of an instruction that sets header fields, in the order in which they lie.
  var setPairs: [SetPair] {
    switch self {
    case .setEthernet: [.ethernetDestination, .ethernetSource]
    case .setIPv4: [.ipv4Addresses, .ipv4Header]
    case .setIPv6: [.ipv6Source, .ipv6Destination, .ipv6Label, .ipv6Header]
    case .setPorts: [.transportPorts]
    case .setARP: [.arpAddresses, .arpOperation, .arpSender, .arpTarget]
    case .setNeighbor: [.neighborTarget, .neighborSourceLink, .neighborTargetLink]
    case .setMPLS: [.labelEntry]
    default: []
    }
  }
}

extension Engine {
  /// The value of a pair, or of a later one of the same place, in an instruction's data.
  @inline(__always)
  func value(_ pair: SetPair, at data: Int, _ offset: Int = 0) -> UInt64 {
    programs.words[data &+ 2 &* (pair.index &+ offset)]
  }

  /// The mask of a pair, or of a later one of the same place, in an instruction's data.
  @inline(__always)
  func mask(_ pair: SetPair, at data: Int, _ offset: Int = 0) -> UInt64 {
    programs.words[data &+ 2 &* (pair.index &+ offset) &+ 1]
  }
}
