// What is remembered of a connection: two cache lines, the first of which is all that a packet of UDP, ICMP or another
// protocol over IPv4 needs. IPv6 addresses lie apart, so that connections over IPv4 need no room for them.

/// A connection, or a place for one.
struct Connection: BitwiseCopyable {
  /// Both IPv4 addresses of the first direction's packets, and of those that answer.
  var addresses: (original: UInt64, reply: UInt64) = (0, 0)
  /// Both ports, likewise.
  var ports: (original: UInt32, reply: UInt32) = (0, 0)
  /// When it ends unless a packet comes, in milliseconds.
  var expiration: UInt64 = 0
  /// `ConnectionTuple.kind`.
  var kind: UInt32 = 0
  /// `ct_mark`.
  var mark: UInt32 = 0
  /// The nodes behind its two nodes in their chains, or -1; of a free place the first is the next free place.
  var next: (original: Int32, reply: Int32) = (-1, -1)
  /// The connection that it belongs to, as a place in the table of parents, or -1.
  var parent: Int32 = -1
  /// The place of its timeout policy.
  var policy: UInt16 = 0
  /// What became of it so far, but for TCP.
  var progress = Progress.first
  var traits = Traits.none
  /// The shard by whose lock it is protected.
  var shard: UInt16 = 0
  /// The helper that looks into its packets.
  var helper = TrackHelper.none
  /// Whether the sequence numbers of the answers are moved, and not those of the first direction.
  var skewsReply = false
  /// How far sequence numbers are moved, since a helper has made payload longer or shorter.
  var skew: Int32 = 0

  // The second cache line.

  /// `ct_label`.
  var label: (high: UInt64, low: UInt64) = (0, 0)
  /// The ends of a TCP connection: who began, and who answers.
  var peers = (TCPPeer(), TCPPeer())
  /// Fills two cache lines.
  private var padding: (UInt64, UInt64) = (0, 0)

  /// How far a connection without states of its own has come.
  enum Progress: UInt8, BitwiseCopyable {
    /// One packet was seen.
    case first
    /// Several packets of one direction were seen.
    case several
    /// Packets of both directions were seen.
    case both
  }

  /// What does not change while it lives.
  struct Traits: OptionSet, BitwiseCopyable {
    var rawValue: UInt8

    // No literals of arrays: they would allocate on the packet path.
    /// Nothing.
    static var none: Traits { Traits(rawValue: 0) }
    /// The place holds a connection.
    static var isAlive: Traits { Traits(rawValue: 1) }
    /// It has a node for each direction, since a translation makes their hashes differ.
    static var hasReplyNode: Traits { Traits(rawValue: 2) }
    /// The source of the first direction's packets is translated.
    static var translatesSource: Traits { Traits(rawValue: 4) }
    /// The destination of the first direction's packets is translated.
    static var translatesDestination: Traits { Traits(rawValue: 8) }
    /// It was expected by a helper.
    static var isRelated: Traits { Traits(rawValue: 16) }

    static var translates: Traits { Traits(rawValue: 12) }
  }

  var isIPv6: Bool {
    @inline(__always) get { kind & 1 != 0 }
  }
  var zone: UInt16 {
    @inline(__always) get { UInt16(truncatingIfNeeded: kind >> 16) }
  }
  var protocolNumber: UInt8 {
    @inline(__always) get { UInt8(truncatingIfNeeded: kind >> 8) }
  }
}

/// The IPv6 addresses of a connection: those of the first direction, then those of the answers.
struct WideAddresses: BitwiseCopyable {
  var original: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
  var reply: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
}

/// Which application's control packets are looked into.
public enum TrackHelper: UInt8, BitwiseCopyable, Sendable {
  /// None.
  case none
  /// FTP (RFC 959).
  case ftp
  /// TFTP (RFC 1350).
  case tftp

  /// The helper with a name (`alg=`).
  public init?(name: [UInt8]) {
    if name == Array("ftp".utf8) {
      self = .ftp
    } else if name == Array("tftp".utf8) {
      self = .tftp
    } else {
      return nil
    }
  }

  /// The name, as dumps have it; `nil` for none.
  public var name: StaticString? {
    switch self {
    case .none: nil
    case .ftp: "ftp"
    case .tftp: "tftp"
    }
  }
}

/// Bits of `ct_state`, numbered as OpenFlow's field is.
public enum TrackState {
  /// The packet begins a connection, or belongs to one that has no answer yet.
  public static var isNew: UInt32 { 1 }
  /// It belongs to a connection that has been answered.
  public static var isEstablished: UInt32 { 2 }
  /// It has to do with a connection: an error, or what a helper expected.
  public static var isRelated: UInt32 { 4 }
  /// It answers.
  public static var isReply: UInt32 { 8 }
  /// It does not fit its connection, or is malformed.
  public static var isInvalid: UInt32 { 16 }
  /// It was looked up.
  public static var isTracked: UInt32 { 32 }
  /// Its source was translated.
  public static var isSourceTranslated: UInt32 { 64 }
  /// Its destination was translated.
  public static var isDestinationTranslated: UInt32 { 128 }

  static var isTranslated: UInt32 { 192 }
}
