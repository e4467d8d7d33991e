// What a tracking action asks, what the tracker needs to know of the packet, and what it says: plain values, so that the tracker
// knows nothing of packets' memory.

/// What the tracker looks at in a packet.
struct TrackedPacket: BitwiseCopyable {
  /// Whose connection it belongs to: its own tuple, or that of the packet that an ICMP error is about, reversed.
  var tuple = ConnectionTuple()
  /// Whether it is an ICMP error about a packet of the connection.
  var isError = false
  /// What it is for TCP.
  var segment = TCPSegment()
}

/// What has happened that is counted.
enum TrackEvent: Int, CaseIterable, BitwiseCopyable {
  /// The header's checksum was wrong.
  case headerChecksum
  /// The transport protocol's checksum was wrong.
  case transportChecksum
  /// No TCP sends such flags.
  case invalidFlags
  /// A segment lay outside of its connection's window.
  case outOfWindow
  /// It did, and nobody checks.
  case unchecked
  /// The datapath has as many connections as it may have.
  case tableFull
  /// The zone has as many connections as it may have.
  case zoneFull
  /// There was no memory for another connection yet.
  case noPlace
  /// Every address and port of a translation was taken.
  case exhausted
  /// A translated packet's connection was gone when it was looked up again.
  case goneConnection
  /// A packet was malformed, or of a kind that is not tracked.
  case untrackable

  /// The counter's name.
  var name: StaticString {
    switch self {
    case .headerChecksum: "conntrack_l3csum_err"
    case .transportChecksum: "conntrack_l4csum_err"
    case .invalidFlags: "conntrack_invalid_tcp_flags"
    case .outOfWindow: "conntrack_tcp_seq_chk_failed"
    case .unchecked: "conntrack_tcp_seq_chk_bypass"
    case .tableFull: "conntrack_full"
    case .zoneFull: "conntrack_zone_full"
    case .noPlace: "conntrack_no_memory"
    case .exhausted: "conntrack_nat_exhausted"
    case .goneConnection: "conntrack_lookup_natted_miss"
    case .untrackable: "conntrack_untrackable"
    }
  }
}

/// Which end of a connection's packets is translated.
enum TranslatedEnd: UInt8, BitwiseCopyable {
  case none, source, destination

  /// That of the packets that answer.
  @inline(__always)
  var reversed: TranslatedEnd {
    switch self {
    case .none: .none
    case .source: .destination
    case .destination: .source
    }
  }
}

/// Addresses and ports that a connection may be translated to.
struct TranslationRange: BitwiseCopyable {
  var end = TranslatedEnd.none
  var hasPorts = false
  /// Whether one host always gets the same address.
  var isPersistent = false
  /// Whether ports are tried from a random one on.
  var isRandom = false
  var lowestPort: UInt16 = 0
  var highestPort: UInt16 = 0
  /// The first and the last address, high half first; zeros for the packet's own.
  var lowest: (high: UInt64, low: UInt64) = (0, 0)
  var highest: (high: UInt64, low: UInt64) = (0, 0)
}

/// One packet's way through the tracker.
struct TrackPass: BitwiseCopyable {
  // What the action asks.

  var zone: UInt16 = 0
  var commits = false
  var forces = false
  /// Whether translations are applied, and made if the action says how.
  var translates = false
  var helper = TrackHelper.none
  var policy: UInt32 = 0
  var markValue: UInt32 = 0
  var markMask: UInt32 = 0
  var labelValue: (high: UInt64, low: UInt64) = (0, 0)
  var labelMask: (high: UInt64, low: UInt64) = (0, 0)
  var range = TranslationRange()

  // What the packet has, and gets.

  /// `ct_state`, before and after.
  var state: UInt32 = 0
  /// `ct_zone`, before.
  var previousZone: UInt16 = 0
  var mark: UInt32 = 0
  var label: (high: UInt64, low: UInt64) = (0, 0)
  /// The connection's first direction, or that of the connection that it belongs to.
  var original = ConnectionTuple()
  var hasOriginal = false
  /// Which end of the packet is to be rewritten, and what its tuple is then.
  var rewrite = TranslatedEnd.none
  var target = ConnectionTuple()
  /// What is added to the segment's sequence number or to its acknowledgment, after a helper has made payload longer.
  var sequenceSkew: Int32 = 0
  var acknowledgmentSkew: Int32 = 0
  /// The connection, or -1; it may be gone when the lock has been given back.
  var connection = -1
  var isReply = false
  /// The helper that wants to see the packet.
  var interested = TrackHelper.none
  var event: TrackEvent?
}
