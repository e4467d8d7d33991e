/// A message that carries a packet (`OVS_PACKET_ATTR_*`).
public struct PacketMessage: Equatable, Sendable {
  /// The commands of the packet family (`enum ovs_packet_cmd`).
  public enum Command: UInt8, Sendable {
    /// No flow matched (up).
    case miss = 1
    /// A userspace action ran (up).
    case action = 2
    /// Run these actions on this packet (down).
    case execute = 3
  }

  /// The packet, from its Ethernet header on.
  public var packet: [UInt8] = []
  private var packedKey: PackedKey?
  private var packedEgressTunnel: PackedKey?
  /// The packet's flow key.
  public var key: FlowKey? {
    get { packedKey?.key }
    set { packedKey = newValue.map { PackedKey($0) } }
  }
  /// Actions to run, or those of the flow that made the upcall.
  public var actions: [DatapathAction]?
  /// What the userspace action carries.
  public var userData: [UInt8]?
  /// The tunnel key that the packet would leave with.
  public var egressTunnel: FlowKey? {
    get { packedEgressTunnel?.key }
    set { packedEgressTunnel = newValue.map { PackedKey($0) } }
  }
  /// Whether failures are expected and not worth a log line.
  public var probes = false
  /// The largest size of the datagram's fragments, where it was reassembled.
  public var maximumReceiveUnit: UInt16?
  /// The packet's length before the upcall cut it.
  public var originalByteCount: UInt32?
  /// The packet's hash.
  public var hash: UInt64?

  /// Makes a message with an empty packet.
  public init() {}

  /// Makes a message with a packet.
  public init(packet: [UInt8], key: FlowKey? = nil, actions: [DatapathAction]? = nil) {
    self.packet = packet
    self.key = key
    self.actions = actions
  }

  func encode(into writer: inout AttributeWriter) {
    writer.put(1, bytes: packet)
    if let key {
      let start = writer.begin(2)
      KeyEncoder.encode(key: key, into: &writer)
      writer.finish(start)
    }
    if let actions {
      let start = writer.begin(3)
      ActionCodec.encode(actions, into: &writer)
      writer.finish(start)
    }
    if let userData { writer.put(4, bytes: userData) }
    if let egressTunnel {
      let start = writer.begin(5)
      KeyEncoder.encodeTunnel(egressTunnel, into: &writer)
      writer.finish(start)
    }
    if probes { writer.put(flag: 8) }
    if let maximumReceiveUnit { writer.put(9, uint16: maximumReceiveUnit) }
    if let originalByteCount { writer.put(10, uint32: originalByteCount) }
    if let hash { writer.put(11, uint64: hash) }
  }

  init(decoding reader: inout AttributeReader) throws(MessageError) {
    var hasPacket = false
    while let attribute = try reader.next() {
      switch attribute.type {
      case 1:
        packet = attribute.bytes
        hasPacket = true
      case 2: key = try KeyDecoder.decodeKey(attribute.nested())
      case 3: actions = try ActionCodec.decode(attribute.nested())
      case 4: userData = attribute.bytes
      case 5:
        var tunnel = FlowKey()
        try KeyDecoder.decodeTunnel(attribute.nested(), into: &tunnel, isMask: false)
        egressTunnel = tunnel
      case 8: probes = true
      case 9: maximumReceiveUnit = try attribute.uint16()
      case 10: originalByteCount = try attribute.uint32()
      case 11: hash = try attribute.uint64()
      default: break
      }
    }
    guard hasPacket else { throw .missing(attribute: 1) }
  }
}
