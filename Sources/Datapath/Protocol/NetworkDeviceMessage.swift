// What the Windows driver says of the devices behind ports: the family `ovs_win_netdev`, whose only command asks for
// one by name, or with the dump flag for all.

/// A message about a network device (`OVS_WIN_NETDEV_ATTR_*`).
public struct NetworkDeviceMessage: Equatable, Sendable {
  /// Flags of a device (`OVS_WIN_NETDEV_IFF_*`).
  public struct Flags: OptionSet, Sendable, Hashable {
    /// The bits.
    public var rawValue: UInt32

    /// Makes a set of flags from its bits.
    @inlinable
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// An administrator has it up.
    public static var up: Flags { Flags(rawValue: 1) }
    /// It receives what is not for its address.
    public static var promiscuous: Flags { Flags(rawValue: 2) }
    /// It is connected; other drivers do not say.
    public static var running: Flags { Flags(rawValue: 0x40) }
  }

  /// The port's number in its datapath, if it is a port of one.
  public var number: DatapathPortNumber?
  /// The kind of port.
  public var type: VportType?
  /// The device's name.
  public var name: [UInt8]?
  /// The Ethernet address.
  public var ethernetAddress: UInt64?
  /// The largest payload of a frame, in bytes.
  public var maximumTransmissionUnit: UInt32?
  /// Whether it is up.
  public var flags: Flags?
  /// Its speed in bits a second; other drivers do not say.
  public var bitsPerSecond: UInt64?

  /// Makes a message that says nothing.
  public init() {}

  /// Makes a message that names a device.
  public init(name: [UInt8]) { self.name = name }

  /// The only command, `OVS_WIN_NETDEV_CMD_GET`.
  static var getCommand: UInt8 { 1 }

  func encode(into writer: inout AttributeWriter) {
    if let number { writer.put(1, uint32: number.rawValue) }
    if let type { writer.put(2, uint32: type.rawValue) }
    if let name { writer.put(3, text: name) }
    if let ethernetAddress { writer.put(4, bigEndian: ethernetAddress, byteCount: 6) }
    if let maximumTransmissionUnit { writer.put(5, uint32: maximumTransmissionUnit) }
    if let flags { writer.put(6, uint32: flags.rawValue) }
    if let bitsPerSecond { writer.put(16, uint64: bitsPerSecond) }
  }

  init(decoding reader: inout AttributeReader) throws(MessageError) {
    while let attribute = try reader.next() {
      switch attribute.type {
      case 1: number = DatapathPortNumber(try attribute.uint32())
      case 2: type = VportType(rawValue: try attribute.uint32())
      case 3: name = attribute.text()
      case 4:
        try attribute.require(byteCount: 6)
        ethernetAddress = attribute.bigEndian(at: 0, byteCount: 6)
      case 5: maximumTransmissionUnit = try attribute.uint32()
      case 6: flags = Flags(rawValue: try attribute.uint32())
      case 16: bitsPerSecond = try attribute.uint64()
      default: break
      }
    }
  }
}
