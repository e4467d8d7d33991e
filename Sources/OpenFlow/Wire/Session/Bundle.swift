/// What a bundle control message asks for or answers (OpenFlow 1.4, section 7.3.9).
public enum BundleControlType: UInt16, Hashable, Sendable {
  /// Open a bundle.
  case openRequest = 0
  /// The bundle is open.
  case openReply = 1
  /// Close a bundle to further messages.
  case closeRequest = 2
  /// The bundle is closed.
  case closeReply = 3
  /// Carry out what the bundle holds.
  case commitRequest = 4
  /// The bundle was carried out.
  case commitReply = 5
  /// Forget the bundle.
  case discardRequest = 6
  /// The bundle is forgotten.
  case discardReply = 7
}

/// How a bundle is to be carried out.
public struct BundleFlags: OptionSet, Hashable, Sendable {
  /// The bits.
  public var rawValue: UInt16

  /// Makes a set from its bits.
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// All messages or none (OFPBF_ATOMIC).
  public static var atomic: BundleFlags { .init(rawValue: 1) }
  /// In the order given (OFPBF_ORDERED).
  public static var ordered: BundleFlags { .init(rawValue: 2) }
}

/// A bundle control message.
public struct BundleControl: Hashable, Sendable {
  /// Which bundle.
  public var bundleID: UInt32
  /// What to do with it.
  public var type: BundleControlType
  /// How.
  public var flags: BundleFlags

  /// Makes a bundle control message.
  public init(bundleID: UInt32, type: BundleControlType, flags: BundleFlags) {
    self.bundleID = bundleID
    self.type = type
    self.flags = flags
  }

  static func decode(_ reader: inout WireReader) throws(OpenFlowError) -> BundleControl {
    let bundleID = try reader.uint32()
    let number = try reader.uint16()
    let flags = try BundleFlags(rawValue: reader.uint16())
    guard let type = BundleControlType(rawValue: number) else { throw .bundleFailedBadType }
    guard flags.rawValue & ~3 == 0 else { throw .bundleFailedBadFlags }
    return BundleControl(bundleID: bundleID, type: type, flags: flags)
  }

  func encode(to writer: inout WireWriter) {
    writer.uint32(bundleID)
    writer.uint16(type.rawValue)
    writer.uint16(flags.rawValue)
  }
}

/// A message to be put into a bundle.
public struct BundleAdd: Hashable, Sendable {
  /// Which bundle.
  public var bundleID: UInt32
  /// How the bundle is to be carried out.
  public var flags: BundleFlags
  /// The message as it came, header included.
  public var message: [UInt8]

  /// Makes a request.
  public init(bundleID: UInt32, flags: BundleFlags, message: [UInt8]) {
    self.bundleID = bundleID
    self.flags = flags
    self.message = message
  }

  static func decode(
    _ reader: inout WireReader, _ version: OpenFlowVersion, xid: UInt32
  ) throws(OpenFlowError) -> BundleAdd {
    let bundleID = try reader.uint32()
    try reader.skip(2)
    let flags = try BundleFlags(rawValue: reader.uint16())
    guard flags.rawValue & ~3 == 0 else { throw .bundleFailedBadFlags }
    let rest = reader.rest()
    guard let inner = MessageHeader(rest), inner.length >= MessageHeader.byteCount, inner.length <= rest.count
    else { throw .bundleFailedMessageBadLength }
    guard inner.version == version.rawValue else { throw .bundleFailedBadVersion }
    guard inner.xid == xid else { throw .bundleFailedMessageBadXid }
    return BundleAdd(bundleID: bundleID, flags: flags, message: Array(rest.prefix(inner.length)))
  }

  func encode(to writer: inout WireWriter) {
    writer.uint32(bundleID)
    writer.zeros(2)
    writer.uint16(flags.rawValue)
    writer.append(message)
  }
}
