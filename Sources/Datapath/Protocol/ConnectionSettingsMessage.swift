// What: settings and counters of a datapath's connection tracking that Linux keeps outside of netlink: how many connections there
// may be, whether TCP's sequence numbers are checked, how fragments are put together. The family's number is ours; a datapath that
// does not know it refuses, and the command that asked says so.

/// Commands about settings.
public enum ConnectionSettingsCommand: UInt8, Sendable {
  /// Asks for all.
  case get = 1
  /// Changes those that are said.
  case set = 2
}

/// What was counted of the fragments of one IP version.
public struct FragmentCounters: Equatable, Sendable {
  /// Taken in to be put together.
  public var accepted: UInt64 = 0
  /// Sent on as parts of a packet that was whole.
  public var completed: UInt64 = 0
  /// Given up since the others did not come in time.
  public var expired: UInt64 = 0
  /// Refused as too small.
  public var tooSmall: UInt64 = 0
  /// Refused as they overlap others.
  public var overlapped: UInt64 = 0
  /// Given up since reassembly was switched off.
  public var purged: UInt64 = 0

  /// Makes counters of zero.
  public init() {}
}

/// Settings and counters of the fragments of one IP version.
public struct FragmentSettings: Equatable, Sendable {
  /// Whether fragments are put together.
  public var isEnabled: Bool?
  /// The smallest fragment that is taken, but for the last one, in bytes of the IP packet.
  public var minimumByteCount: UInt32?
  /// What was counted, in answers.
  public var counters: FragmentCounters?

  /// Makes settings that say nothing.
  public init() {}
}

/// A message about settings of connection tracking.
public struct ConnectionSettingsMessage: Equatable, Sendable {
  /// How many connections there may be.
  public var maximumConnectionCount: UInt32?
  /// How many connections there are, in answers.
  public var connectionCount: UInt32?
  /// Whether TCP's sequence numbers are checked.
  public var checksSequence: Bool?
  /// How often connections are looked over, in milliseconds.
  public var sweepIntervalMilliseconds: UInt32?
  /// How many fragments may wait.
  public var maximumFragmentCount: UInt32?
  /// How many fragments wait, in answers.
  public var fragmentCount: UInt32?
  /// Fragments of IPv4.
  public var ipv4 = FragmentSettings()
  /// Fragments of IPv6.
  public var ipv6 = FragmentSettings()

  /// Makes a message that says nothing.
  public init() {}

  func encode(into writer: inout AttributeWriter) {
    if let maximumConnectionCount { writer.put(1, uint32: maximumConnectionCount) }
    if let connectionCount { writer.put(2, uint32: connectionCount) }
    if let checksSequence { writer.put(3, uint8: checksSequence ? 1 : 0) }
    if let sweepIntervalMilliseconds { writer.put(4, uint32: sweepIntervalMilliseconds) }
    if let maximumFragmentCount { writer.put(5, uint32: maximumFragmentCount) }
    if let fragmentCount { writer.put(6, uint32: fragmentCount) }
    ipv4.encode(7, into: &writer)
    ipv6.encode(8, into: &writer)
  }

  init(decoding reader: inout AttributeReader) throws(MessageError) {
    while let attribute = try reader.next() {
      switch attribute.type {
      case 1: maximumConnectionCount = try attribute.uint32()
      case 2: connectionCount = try attribute.uint32()
      case 3: checksSequence = try attribute.flag()
      case 4: sweepIntervalMilliseconds = try attribute.uint32()
      case 5: maximumFragmentCount = try attribute.uint32()
      case 6: fragmentCount = try attribute.uint32()
      case 7: ipv4 = try FragmentSettings(decoding: attribute)
      case 8: ipv6 = try FragmentSettings(decoding: attribute)
      default: break
      }
    }
  }
}

extension FragmentSettings {
  fileprivate func encode(_ type: UInt16, into writer: inout AttributeWriter) {
    guard self != FragmentSettings() else { return }
    let start = writer.begin(type)
    if let isEnabled { writer.put(1, uint8: isEnabled ? 1 : 0) }
    if let minimumByteCount { writer.put(2, uint32: minimumByteCount) }
    if let counters {
      let values = writer.begin(3)
      for value in [
        counters.accepted, counters.completed, counters.expired, counters.tooSmall, counters.overlapped,
        counters.purged,
      ] {
        writer.append(littleEndian: value, byteCount: 8)
      }
      writer.finish(values)
    }
    writer.finish(start)
  }

  fileprivate init(decoding attribute: Attribute) throws(MessageError) {
    var reader = try attribute.nested()
    while let part = try reader.next() {
      switch part.type {
      case 1: isEnabled = try part.flag()
      case 2: minimumByteCount = try part.uint32()
      case 3:
        try part.require(byteCount: 48)
        var found = FragmentCounters()
        found.accepted = part.littleEndian(at: 0, byteCount: 8)
        found.completed = part.littleEndian(at: 8, byteCount: 8)
        found.expired = part.littleEndian(at: 16, byteCount: 8)
        found.tooSmall = part.littleEndian(at: 24, byteCount: 8)
        found.overlapped = part.littleEndian(at: 32, byteCount: 8)
        found.purged = part.littleEndian(at: 40, byteCount: 8)
        counters = found
      default: break
      }
    }
  }
}

extension Attribute {
  /// The value as one byte that is 0 or 1.
  fileprivate func flag() throws(MessageError) -> Bool {
    try require(byteCount: 1)
    guard byte(at: 0) <= 1 else { throw .invalidValue(attribute: type) }
    return byte(at: 0) == 1
  }
}
