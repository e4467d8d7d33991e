// What: connections that are tracked, in the format of Linux's ctnetlink (nfnetlink's subsystem 1), with the header that the
// OVS driver for Windows reads: that of nfnetlink, then the datapath's number. The header is as long as those of the other
// families, and stands in the same place.
//
// A request to delete names a connection by its zone and the tuple of its original direction. It may also say less, or more (the
// reply's tuple, a mark, labels); then all connections go that have what it says. Other datapaths know the former only.

public import PacketWire

/// Commands of ctnetlink (`IPCTNL_MSG_CT_*`).
public enum ConnectionCommand: UInt8, Sendable {
  /// A connection as it is: what answers.
  case new = 0
  /// Asks for one, or with the dump flag for all.
  case get = 1
  /// Deletes one or several.
  case delete = 2
}

/// What has happened to a connection (`IPS_*`).
public struct ConnectionStatus: OptionSet, Sendable, Hashable {
  /// The bits.
  public var rawValue: UInt32

  /// Makes a set from its bits.
  @inlinable
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// It was expected.
  public static var expected: ConnectionStatus { ConnectionStatus(rawValue: 0x1) }
  /// Packets of both directions have been seen.
  public static var seenReply: ConnectionStatus { ConnectionStatus(rawValue: 0x2) }
  /// It should not be given up early.
  public static var assured: ConnectionStatus { ConnectionStatus(rawValue: 0x4) }
  /// It is committed.
  public static var confirmed: ConnectionStatus { ConnectionStatus(rawValue: 0x8) }
  /// Its source is translated.
  public static var sourceTranslated: ConnectionStatus { ConnectionStatus(rawValue: 0x10) }
  /// Its destination is translated.
  public static var destinationTranslated: ConnectionStatus { ConnectionStatus(rawValue: 0x20) }
  /// Its sequence numbers are adjusted.
  public static var sequenceAdjusted: ConnectionStatus { ConnectionStatus(rawValue: 0x40) }
  /// What becomes of its source is decided.
  public static var sourceDecided: ConnectionStatus { ConnectionStatus(rawValue: 0x80) }
  /// What becomes of its destination is decided.
  public static var destinationDecided: ConnectionStatus { ConnectionStatus(rawValue: 0x100) }
}

/// How many packets of a direction were seen, and their bytes.
public struct ConnectionCounters: Equatable, Sendable {
  /// Packets.
  public var packets: UInt64 = 0
  /// Bytes.
  public var bytes: UInt64 = 0

  /// Makes counters.
  public init(packets: UInt64 = 0, bytes: UInt64 = 0) {
    self.packets = packets
    self.bytes = bytes
  }
}

/// What the protocol above IP knows of a connection (`CTA_PROTOINFO`).
public enum ConnectionProtocolState: Equatable, Sendable {
  /// TCP's states of both directions.
  case tcp(ConnectionTCPState)
  /// SCTP's state, and the tags of both directions.
  case sctp(state: UInt8, originalTag: UInt32, replyTag: UInt32)
}

extension TCPState: CaseIterable {
  /// All of them, as Open vSwitch numbers them.
  public static var allCases: [TCPState] {
    [
      .closed, .listen, .synSent, .synReceived, .established, .closeWait, .finWait1, .closing, .lastAck,
      .finWait2, .timeWait,
    ]
  }

  /// Linux's number of the state (`TCP_CONNTRACK_*`), which knows two fewer.
  var linuxNumber: UInt8 {
    switch self {
    case .closed: 8
    case .listen: 9
    case .synSent: 1
    case .synReceived: 2
    case .established: 3
    case .closeWait: 5
    case .finWait1, .finWait2: 4
    case .closing, .lastAck: 6
    case .timeWait: 7
    }
  }

  /// Reads Linux's number.
  init?(linuxNumber: UInt8) {
    switch linuxNumber {
    case 0, 8: self = .closed
    case 1: self = .synSent
    case 2: self = .synReceived
    case 3: self = .established
    case 4: self = .finWait1
    case 5: self = .closeWait
    case 6: self = .lastAck
    case 7: self = .timeWait
    case 9: self = .listen
    default: return nil
    }
  }
}

/// What is known of a TCP connection.
public struct ConnectionTCPState: Equatable, Sendable {
  /// The state of whoever began.
  public var original: TCPState
  /// The state of the other side.
  public var reply: TCPState
  /// The window scale of whoever began.
  public var originalWindowScale: UInt8 = 0
  /// The window scale of the other side.
  public var replyWindowScale: UInt8 = 0
  /// Flags of whoever began (`IP_CT_TCP_FLAG_*`).
  public var originalFlags: UInt8 = 0
  /// Flags of the other side.
  public var replyFlags: UInt8 = 0

  /// Makes a state.
  public init(_ original: TCPState, _ reply: TCPState) {
    self.original = original
    self.reply = reply
  }

  /// Names of the flags, from the lowest bit up.
  public static let flagNames = [
    "WINDOW_SCALE", "SACK_PERM", "CLOSE_INIT", "BE_LIBERAL", "DATA_UNACKNOWLEDGED", "MAXACK_SET",
  ]
}

/// States of an SCTP association, by Linux's numbers less one; names as Open vSwitch has them.
public enum ConnectionSCTPPhase {
  /// Names by number.
  public static let names = [
    "CLOSED", "COOKIE_WAIT", "COOKIE_ECHOED", "ESTABLISHED", "SHUTDOWN_SENT", "SHUTDOWN_RECD",
    "SHUTDOWN_ACK_SENT", "HEARTBEAT_SENT", "HEARTBEAT_ACKED",
  ]
}

/// A message about a connection, or about all that have what it says (`CTA_*`).
public struct ConnectionMessage: Equatable, Sendable {
  /// The direction of whoever began.
  public var original: TupleMessage?
  /// The other direction.
  public var reply: TupleMessage?
  /// The connection that this one belongs to.
  public var parent: TupleMessage?
  /// The zone; absent in answers if it is zero.
  public var zone: UInt16?
  /// What has happened to it.
  public var status: ConnectionStatus?
  /// Seconds until it is forgotten.
  public var timeoutSeconds: UInt32?
  /// The mark.
  public var mark: UInt32?
  /// Which bits of the mark are meant, in a filter.
  public var markMask: UInt32?
  /// The labels.
  public var labels: IPv6Address?
  /// Which bits of the labels are meant, in a filter.
  public var labelsMask: IPv6Address?
  /// Packets of whoever began.
  public var originalCounters: ConnectionCounters?
  /// Packets of the other direction.
  public var replyCounters: ConnectionCounters?
  /// When it began, in nanoseconds since 1970.
  public var startNanoseconds: UInt64?
  /// A number of its own.
  public var identifier: UInt32?
  /// What the protocol above IP knows.
  public var protocolState: ConnectionProtocolState?
  /// The name of its helper.
  public var helper: [UInt8]?

  /// Makes a message that says nothing, or a zone.
  public init(zone: UInt16? = nil) { self.zone = zone }

  /// `AF_INET6`, which has another number on each system.
  private static var ipv6Family: UInt8 {
    #if os(Windows)
      23
    #else
      10
    #endif
  }

  /// The address family in the header of a message.
  var addressFamily: UInt8 {
    switch (original ?? reply)?.isIPv4 {
    case true?: 2
    case false?: Self.ipv6Family
    case nil: 0
    }
  }

  /// Whether a connection has all that this message says.
  public func matches(_ connection: ConnectionMessage) -> Bool {
    if let zone, zone != connection.zone ?? 0 { return false }
    if let original, !original.matches(connection.original ?? TupleMessage()) { return false }
    if let reply, !reply.matches(connection.reply ?? TupleMessage()) { return false }
    if let mark {
      let mask = markMask ?? .max
      if mark & mask != (connection.mark ?? 0) & mask { return false }
    }
    if let labels {
      let mask = labelsMask ?? .allOnes
      let found = connection.labels ?? .zero
      if labels.high & mask.high != found.high & mask.high || labels.low & mask.low != found.low & mask.low {
        return false
      }
    }
    return true
  }

  // MARK: Attributes

  func encode(into writer: inout AttributeWriter) {
    original?.encode(1, into: &writer)
    reply?.encode(2, into: &writer)
    if let status { writer.put(3, bigEndian: UInt64(status.rawValue), byteCount: 4) }
    if let protocolState { Self.put(protocolState, into: &writer) }
    if let helper {
      let start = writer.begin(5)
      writer.put(1, text: helper)
      writer.finish(start)
    }
    if let timeoutSeconds { writer.put(7, bigEndian: UInt64(timeoutSeconds), byteCount: 4) }
    if let mark { writer.put(8, bigEndian: UInt64(mark), byteCount: 4) }
    if let originalCounters { Self.put(originalCounters, 9, into: &writer) }
    if let replyCounters { Self.put(replyCounters, 10, into: &writer) }
    if let identifier { writer.put(12, bigEndian: UInt64(identifier), byteCount: 4) }
    parent?.encode(14, into: &writer)
    if let zone { writer.put(18, bigEndian: UInt64(zone), byteCount: 2) }
    if let startNanoseconds {
      let start = writer.begin(20)
      writer.put(1, bigEndian: startNanoseconds, byteCount: 8)
      writer.finish(start)
    }
    if let markMask { writer.put(21, bigEndian: UInt64(markMask), byteCount: 4) }
    if let labels { Self.put(labels, 22, into: &writer) }
    if let labelsMask { Self.put(labelsMask, 23, into: &writer) }
  }

  private static func put(
    _ counters: ConnectionCounters, _ type: UInt16, into writer: inout AttributeWriter
  ) {
    let start = writer.begin(type)
    writer.put(1, bigEndian: counters.packets, byteCount: 8)
    writer.put(2, bigEndian: counters.bytes, byteCount: 8)
    writer.finish(start)
  }

  /// Labels are 128 bits in the host's byte order.
  private static func put(_ labels: IPv6Address, _ type: UInt16, into writer: inout AttributeWriter) {
    let start = writer.begin(type)
    writer.append(littleEndian: labels.low, byteCount: 8)
    writer.append(littleEndian: labels.high, byteCount: 8)
    writer.finish(start)
  }

  private static func put(_ state: ConnectionProtocolState, into writer: inout AttributeWriter) {
    let start = writer.begin(4)
    switch state {
    case .tcp(let tcp):
      let inner = writer.begin(1)
      writer.put(1, uint8: max(tcp.original, tcp.reply).linuxNumber)
      writer.put(2, uint8: tcp.originalWindowScale)
      writer.put(3, uint8: tcp.replyWindowScale)
      writer.put(4, bytes: [tcp.originalFlags, 0])
      writer.put(5, bytes: [tcp.replyFlags, 0])
      // Linux has one state for both sides. That of each side is an attribute of ours.
      writer.put(Self.bothStates, bytes: [tcp.original.rawValue, tcp.reply.rawValue])
      writer.finish(inner)
    case .sctp(let state, let originalTag, let replyTag):
      let inner = writer.begin(3)
      writer.put(1, uint8: state &+ 1)
      writer.put(2, bigEndian: UInt64(originalTag), byteCount: 4)
      writer.put(3, bigEndian: UInt64(replyTag), byteCount: 4)
      writer.finish(inner)
    }
    writer.finish(start)
  }

  /// The states of both sides; not one of Linux's numbers.
  private static var bothStates: UInt16 { 64 }

  init(decoding reader: inout AttributeReader) throws(MessageError) {
    while let attribute = try reader.next() {
      switch attribute.type {
      case 1: original = try TupleMessage(decoding: attribute)
      case 2: reply = try TupleMessage(decoding: attribute)
      case 3: status = ConnectionStatus(rawValue: try attribute.network32())
      case 4: protocolState = try ConnectionProtocolState(decoding: attribute)
      case 5:
        var parts = try attribute.nested()
        while let part = try parts.next() { if part.type == 1 { helper = part.text() } }
      case 7: timeoutSeconds = try attribute.network32()
      case 8: mark = try attribute.network32()
      case 9: originalCounters = try ConnectionCounters(decoding: attribute)
      case 10: replyCounters = try ConnectionCounters(decoding: attribute)
      case 12: identifier = try attribute.network32()
      case 14: parent = try TupleMessage(decoding: attribute)
      case 18: zone = try attribute.network16()
      case 20:
        var parts = try attribute.nested()
        while let part = try parts.next() { if part.type == 1 { startNanoseconds = try part.network64() } }
      case 21: markMask = try attribute.network32()
      case 22: labels = try attribute.labels()
      case 23: labelsMask = try attribute.labels()
      default: break
      }
    }
  }
}

extension ConnectionCounters {
  init(decoding attribute: Attribute) throws(MessageError) {
    var reader = try attribute.nested()
    while let part = try reader.next() {
      switch part.type {
      case 1: packets = try part.network64()
      case 2: bytes = try part.network64()
      default: break
      }
    }
  }
}

extension ConnectionProtocolState {
  /// Reads what is known of TCP or SCTP; nil if it is of another protocol.
  init?(decoding attribute: Attribute) throws(MessageError) {
    var reader = try attribute.nested()
    while let part = try reader.next() {
      switch part.type {
      case 1:
        self = .tcp(try ConnectionTCPState(decoding: part))
        return
      case 3:
        var fields = try part.nested()
        var state: UInt8 = 0
        var tags: (UInt32, UInt32) = (0, 0)
        while let field = try fields.next() {
          switch field.type {
          case 1:
            try field.require(byteCount: 1)
            state = max(1, field.byte(at: 0)) - 1
          case 2: tags.0 = try field.network32()
          case 3: tags.1 = try field.network32()
          default: break
          }
        }
        self = .sctp(state: state, originalTag: tags.0, replyTag: tags.1)
        return
      default: break
      }
    }
    return nil
  }
}

extension ConnectionTCPState {
  init(decoding attribute: Attribute) throws(MessageError) {
    self.init(.closed, .closed)
    var both: (TCPState, TCPState)?
    var reader = try attribute.nested()
    while let part = try reader.next() {
      let value = part.byte(at: 0)
      switch part.type {
      case 1:
        guard let phase = TCPState(linuxNumber: value) else { throw .invalidValue(attribute: 1) }
        (original, reply) = (phase, phase)
      case 2: originalWindowScale = value
      case 3: replyWindowScale = value
      case 4: originalFlags = value
      case 5: replyFlags = value
      case 64:
        try part.require(byteCount: 2)
        guard let first = TCPState(rawValue: value),
          let second = TCPState(rawValue: part.byte(at: 1))
        else { throw .invalidValue(attribute: 64) }
        both = (first, second)
      default: break
      }
    }
    if let both { (original, reply) = both }
  }
}

extension Attribute {
  /// The value as a big-endian 32-bit integer.
  func network32() throws(MessageError) -> UInt32 {
    try require(byteCount: 4)
    return UInt32(truncatingIfNeeded: bigEndian(at: 0, byteCount: 4))
  }

  /// The value as a big-endian 64-bit integer.
  func network64() throws(MessageError) -> UInt64 {
    try require(byteCount: 8)
    return bigEndian(at: 0, byteCount: 8)
  }

  /// The value as 128 bits in the host's byte order.
  fileprivate func labels() throws(MessageError) -> IPv6Address {
    try require(byteCount: 16)
    return IPv6Address(high: littleEndian(at: 8, byteCount: 8), low: littleEndian(at: 0, byteCount: 8))
  }
}
