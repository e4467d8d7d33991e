// Where a packet is, and what the actions know about it.

/// What a sender left undone and a port out may do: a checksum to complete, a segment to cut.
///
/// The meaning of the fields is that of virtio's network header (VIRTIO 1.2, section 5.1.6).
///
/// The fields share two words, so that the information moves in two registers.
public struct Offload: Sendable, Equatable, BitwiseCopyable {
  private var first: UInt64 = 0
  private var second: UInt64 = 0

  /// Whether the checksum at `checksumStart + checksumOffset` covers only the pseudo-header yet.
  @inline(__always)
  public var needsChecksum: Bool {
    get { first & 1 != 0 }
    set { first = (first & ~1) | (newValue ? 1 : 0) }
  }
  /// How the packet has to be cut.
  @inline(__always)
  public var segmentation: Segmentation {
    get { Segmentation(rawValue: UInt8(truncatingIfNeeded: first >> 8)) }
    set { first = (first & ~0xff00) | UInt64(newValue.rawValue) << 8 }
  }
  /// The length of the headers that each segment repeats.
  @inline(__always)
  public var headerByteCount: UInt16 {
    get { UInt16(truncatingIfNeeded: first >> 16) }
    set { first = (first & ~0xffff_0000) | UInt64(newValue) << 16 }
  }
  /// The payload bytes of each segment.
  @inline(__always)
  public var segmentByteCount: UInt16 {
    get { UInt16(truncatingIfNeeded: first >> 32) }
    set { first = (first & ~0xffff_0000_0000) | UInt64(newValue) << 32 }
  }
  /// Where the checksummed range begins, from the first byte of the packet.
  @inline(__always)
  public var checksumStart: UInt16 {
    get { UInt16(truncatingIfNeeded: second) }
    set { second = (second & ~0xffff) | UInt64(newValue) }
  }
  /// Where the checksum stands, from `checksumStart`.
  @inline(__always)
  public var checksumOffset: UInt16 {
    get { UInt16(truncatingIfNeeded: second >> 16) }
    set { second = (second & ~0xffff_0000) | UInt64(newValue) << 16 }
  }
  /// Length of tunnel headers that stand before the packet that has to be cut, or zero.
  @inline(__always)
  public var tunnelByteCount: UInt16 {
    get { UInt16(truncatingIfNeeded: second >> 32) }
    set { second = (second & ~0xffff_0000_0000) | UInt64(newValue) << 32 }
  }
  /// The length of the Ethernet header with its tags that stands before the tunnel's IP header.
  @inline(__always)
  public var tunnelEthernetByteCount: UInt16 {
    get { UInt16(truncatingIfNeeded: second >> 48) }
    set { second = (second & ~0xffff_0000_0000_0000) | UInt64(newValue) << 48 }
  }

  /// Whether nothing is left to do.
  @inline(__always)
  public var isNone: Bool { first & 0xffff == 0 }

  /// Nothing is left to do.
  public init() {}

  /// How a packet has to be cut into segments.
  public struct Segmentation: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
    /// The number in virtio's header, without the congestion bit.
    public var rawValue: UInt8

    /// Makes a kind from its number.
    @inlinable
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Not at all.
    @inlinable public static var none: Segmentation { Segmentation(rawValue: 0) }
    /// As TCP over IPv4.
    @inlinable public static var tcp4: Segmentation { Segmentation(rawValue: 1) }
    /// As TCP over IPv6.
    @inlinable public static var tcp6: Segmentation { Segmentation(rawValue: 4) }
    /// As UDP datagrams.
    @inlinable public static var udp: Segmentation { Segmentation(rawValue: 5) }
  }

  /// The flags, kind, lengths and places from the ten bytes of a virtio header in little-endian order.
  public init(
    virtioFlags: UInt8, type: UInt8, headerLength: UInt16, size: UInt16, start: UInt16, offset: UInt16
  ) {
    needsChecksum = virtioFlags & 1 != 0
    segmentation = Segmentation(rawValue: type & 0x7f)
    headerByteCount = headerLength
    segmentByteCount = size
    checksumStart = start
    checksumOffset = offset
  }
}

/// What a port out can do by itself.
public struct OffloadCapabilities: OptionSet, Sendable, Hashable, BitwiseCopyable {
  /// The bits.
  public var rawValue: UInt8

  /// Makes a set from its bits.
  @inlinable
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// It completes checksums.
  public static var checksum: OffloadCapabilities { OffloadCapabilities(rawValue: 1) }
  /// It cuts TCP over IPv4.
  public static var tcp4: OffloadCapabilities { OffloadCapabilities(rawValue: 2) }
  /// It cuts TCP over IPv6.
  public static var tcp6: OffloadCapabilities { OffloadCapabilities(rawValue: 4) }
  /// It cuts UDP.
  public static var udp: OffloadCapabilities { OffloadCapabilities(rawValue: 8) }
  /// It carries a segment whole that stands behind tunnel headers.
  public static var tunnel: OffloadCapabilities { OffloadCapabilities(rawValue: 16) }
  /// What a Linux device reached with virtio headers does.
  public static var all: OffloadCapabilities { OffloadCapabilities(rawValue: 15) }
}

/// What became of a packet so far.
struct PacketTraits: OptionSet, BitwiseCopyable {
  var rawValue: UInt8

  // No literals of arrays: they would allocate on the packet path.
  /// Nothing.
  static var none: PacketTraits { PacketTraits(rawValue: 0) }
  /// It has just come in by a port.
  static var fresh: PacketTraits { PacketTraits(rawValue: 3) }
  /// It came in by a port, and was not given by the daemon.
  static var received: PacketTraits { PacketTraits(rawValue: 1) }
  /// Its bytes and their length are still those that came in.
  static var untouched: PacketTraits { PacketTraits(rawValue: 2) }
  /// The switch put tunnel headers before it.
  static var encapsulated: PacketTraits { PacketTraits(rawValue: 4) }
}

/// A packet on its way through the engine: one cache line.
struct PacketState: BitwiseCopyable {
  /// The address of its first byte.
  var start = 0
  /// How many bytes it has.
  var count = 0
  /// What its sender left undone.
  var offload = Offload()
  /// The slot that holds its bytes.
  var slot = PacketSlot.none
  /// The offset of its network header, or -1.
  var network: Int32 = -1
  /// The offset of its transport header, or -1.
  var transport: Int32 = -1
  /// The length that the next outputs cut it to.
  var cut: UInt32 = 0xffff_ffff
  /// Which key of the bank belongs to it.
  var key = KeyRow(0)
  /// The port that it came in by, for counters.
  var inPort: UInt32 = 0
  /// The Ethernet type of the network header.
  var etherType: UInt16 = 0
  /// The transport protocol, or zero where it is a later fragment.
  var transportProtocol: UInt8 = 0
  /// How often it was looked up again.
  var depth: UInt8 = 0
  /// Which packet of the batch it was, or is a copy or part of.
  var origin: UInt8 = 0
  /// What became of it so far.
  var traits = PacketTraits.none
}
