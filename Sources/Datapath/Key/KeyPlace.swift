/// Where something lies in a flow key: a run of bits within a word, or of whole words.
///
/// The places themselves are named in KeyLayout.swift.
public struct KeyPlace: Equatable, Sendable {
  /// The word, or the first of several.
  public let word: Int
  /// How far the lowest bit is above the word's lowest; zero for whole words.
  public let shift: Int
  /// How many bits there are; a multiple of 64 if there are more than that.
  public let bitCount: Int

  /// Makes a place from numbers.
  @inlinable @inline(__always)
  init(_ word: Int, _ shift: Int, _ bitCount: Int) {
    self.word = word
    self.shift = shift
    self.bitCount = bitCount
  }

  /// A word.
  @inlinable
  public static func whole(word: Int) -> KeyPlace { KeyPlace(word, 0, 64) }

  /// The higher half (0) or the lower half of a word.
  @inlinable
  public static func half(_ index: Int, ofWord word: Int) -> KeyPlace { whole(word: word).half(index) }

  /// The words of which the place has bits.
  @inlinable @inline(__always)
  public var words: Range<Int> { word..<(word &+ max(1, bitCount &>> 6)) }

  /// The bits of the word, or of each word, that belong to the place.
  @inlinable @inline(__always)
  public var mask: UInt64 { FlowKey.lowBits(bitCount) &<< UInt64(shift) }

  /// The value whose bits are all one; of places of more than 64 bits, that of a word.
  @inlinable @inline(__always)
  public var ones: UInt64 { FlowKey.lowBits(bitCount) }

  /// The value that a word has here.
  @inlinable @inline(__always)
  public func value(inWord word: UInt64) -> UInt64 { word &>> UInt64(shift) & FlowKey.lowBits(bitCount) }

  /// A word with a value here, which must fit, and with zeros elsewhere.
  @inlinable @inline(__always)
  public func bits(_ value: UInt64) -> UInt64 { value &<< UInt64(shift) }

  /// The lowest bits.
  @inlinable @inline(__always)
  public func low(_ bitCount: Int) -> KeyPlace { KeyPlace(word, shift, bitCount) }

  /// Some bits, from `shift` bits above the lowest on.
  @inlinable @inline(__always)
  public func part(shift: Int, bitCount: Int) -> KeyPlace { KeyPlace(word, self.shift &+ shift, bitCount) }

  /// The bits from here down to those of another place of the same word.
  @inlinable @inline(__always)
  public func through(_ lower: KeyPlace) -> KeyPlace {
    KeyPlace(word, lower.shift, shift &+ bitCount &- lower.shift)
  }

  /// The 32-bit half with a number, counted from the higher half of the first word.
  @inlinable @inline(__always)
  public func half(_ index: Int) -> KeyPlace { KeyPlace(word &+ index / 2, index & 1 == 0 ? 32 : 0, 32) }

  /// The word with a number, counted from the first.
  @inlinable @inline(__always)
  public func wholeWord(_ index: Int) -> KeyPlace { KeyPlace(word &+ index, 0, 64) }

  /// The words from here up to those of another place, that one left out.
  @inlinable @inline(__always)
  public func words(upTo next: KeyPlace) -> Range<Int> { word..<next.word }

  /// The pair of words with a number, counted from the first pair.
  @inlinable @inline(__always)
  public func wholePair(_ index: Int) -> KeyPlace { KeyPlace(word &+ 2 &* index, 0, 128) }
}

// Places that are made of rows of the layout.
extension KeyPlace {
  /// Both addresses of IPv4 or ARP.
  @inlinable public static var ipAddresses: KeyPlace { .ipSource.through(.ipDestination) }
  /// Protocol, type of service, time to live and fragment.
  @inlinable public static var ipHeader: KeyPlace { .ipProtocol.through(.ipFragment) }
  /// The bit that marks a fragment that is not the first.
  @inlinable public static var laterFragment: KeyPlace { .ipFragment.part(shift: 1, bitCount: 1) }
  /// The type of an ICMP message.
  @inlinable public static var icmpType: KeyPlace { .transportSource.low(8) }
  /// The code of an ICMP message.
  @inlinable public static var icmpCode: KeyPlace { .transportDestination.low(8) }
  /// Both ports, or the type and the code of an ICMP message.
  @inlinable public static var transportPorts: KeyPlace { .transportSource.through(.transportDestination) }
  /// The control information of the outer tag (0) or of the inner one.
  @inlinable public static func tagControl(_ index: Int) -> KeyPlace { index == 0 ? .vlanTCI : .innerVLANTCI }
  /// The EtherType that announces the outer tag (0) or the inner one.
  @inlinable public static func tagType(_ index: Int) -> KeyPlace { index == 0 ? .vlanTPID : .innerVLANTPID }
  /// Both tags, but for the outer one's control information.
  @inlinable public static var furtherTags: KeyPlace { .vlanTPID.through(.innerVLANTPID) }
  /// How many entries of the label stack the key holds.
  @inlinable public static var mplsEntryCount: Int { 3 }
  /// An entry of the label stack, 0 to 2, counted from the outermost.
  @inlinable @inline(__always)
  public static func mplsEntry(_ index: Int) -> KeyPlace { .mplsEntry0.half(index) }
  /// The addresses of the connection's first packet.
  @inlinable public static var ctAddresses: KeyPlace { .ctSource.through(.ctDestination) }
  /// The ports of the connection's first packet.
  @inlinable public static var ctTransportPorts: KeyPlace {
    .ctTransportSource.through(.ctTransportDestination)
  }
  /// Both addresses of a tunnel over IPv4.
  @inlinable public static var tunnelAddresses: KeyPlace { .tunnelSource.through(.tunnelDestination) }
  /// Both ports of the outer UDP header.
  @inlinable public static var tunnelTransportPorts: KeyPlace {
    .tunnelTransportSource.through(.tunnelTransportDestination)
  }
  /// VXLAN's group policy: identifier and flags.
  @inlinable public static var tunnelPolicy: KeyPlace { .tunnelGBPID.through(.tunnelGBPFlags) }
  /// NSH's path identifier and service index.
  @inlinable public static var nshPath: KeyPlace { .nshPathID.through(.nshServiceIndex) }
}

extension FlowKey {
  /// The value of a place of at most 64 bits.
  @inlinable @inline(__always)
  public subscript(place: KeyPlace) -> UInt64 {
    get { place.value(inWord: words[place.word]) }
    set { words[place.word] = (words[place.word] & ~place.mask) | (place.bits(newValue) & place.mask) }
  }

  /// The value of a place of 128 bits.
  @inlinable
  public subscript(wide place: KeyPlace) -> UInt128 {
    get { UInt128(words[place.word]) << 64 | UInt128(words[place.word &+ 1]) }
    set {
      words[place.word] = UInt64(truncatingIfNeeded: newValue >> 64)
      words[place.word &+ 1] = UInt64(truncatingIfNeeded: newValue)
    }
  }

  /// Sets all bits of a place, as a mask that looks at it.
  @inlinable
  public mutating func fill(_ place: KeyPlace) { for word in place.words { words[word] |= place.mask } }

  /// Clears all bits of a place.
  @inlinable
  public mutating func clear(_ place: KeyPlace) { for word in place.words { words[word] &= ~place.mask } }
}
