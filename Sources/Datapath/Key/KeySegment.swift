/// A part of the flow key that a packet fills or does not fill.
public enum KeySegment: Int, CaseIterable, Sendable {
  /// Ports, Ethernet, VLAN, IPv4 or ARP, transport ports, connection state; always present.
  case base
  /// Hash, priority, packet type.
  case metadata
  /// IPv6 addresses and flow label.
  case ipv6
  /// ARP hardware addresses, or IPv6 neighbour discovery.
  case neighbor
  /// Up to three MPLS label stack entries.
  case mpls
  /// Connection label and original tuple.
  case connection
  /// Tunnel addresses, key, flags.
  case tunnel
  /// Network service header.
  case nsh
  /// OpenFlow pipeline fields; never filled in a datapath.
  case pipeline
  /// Geneve options.
  case tunnelOptions

  /// The segment's bit in a set of segments.
  @inlinable @inline(__always)
  public var bit: UInt16 { 1 &<< UInt16(truncatingIfNeeded: rawValue) }

  /// The segment's words of the key.
  @inlinable
  public var words: Range<Int> {
    switch self {
    case .base: KeyPlace.inPort.word..<KeyPlace.datapathHash.word
    case .metadata: KeyPlace.datapathHash.word..<KeyPlace.ipv6Source.word
    case .ipv6: KeyPlace.ipv6Source.word..<KeyPlace.ndTarget.word
    case .neighbor: KeyPlace.ndTarget.word..<KeyPlace.mplsEntry0.word
    case .mpls: KeyPlace.mplsEntry0.word..<KeyPlace.ctLabel.word
    case .connection: KeyPlace.ctLabel.word..<KeyPlace.tunnelSource.word
    case .tunnel: KeyPlace.tunnelSource.word..<KeyPlace.nshFlags.word
    case .nsh: KeyPlace.nshFlags.word..<KeyPlace.metadata.word
    case .pipeline: KeyPlace.metadata.word..<KeyPlace.tunnelOptions.word
    case .tunnelOptions: KeyPlace.tunnelOptions.word..<FlowKey.wordCount
    }
  }

  /// All bits of the segment.
  @inlinable
  public var place: KeyPlace { KeyPlace(words.lowerBound, 0, 64 &* words.count) }

  /// How many segments there are.
  @inlinable
  public static var count: Int { 10 }

  /// The words of the segment with a number below `count`.
  @inlinable
  public static func words(ofSegment index: Int) -> Range<Int> {
    (KeySegment(rawValue: index) ?? .tunnelOptions).words
  }

  /// The segment that a word belongs to.
  @inlinable
  static func of(word: Int) -> KeySegment {
    var index = 0
    while index &+ 1 < count && word >= words(ofSegment: index).upperBound { index &+= 1 }
    return KeySegment(rawValue: index) ?? .tunnelOptions
  }
}
