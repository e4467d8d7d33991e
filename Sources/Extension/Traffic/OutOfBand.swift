// The out-of-band information of an NDIS packet, as far as a switch has to understand it.
//
// The same slots mean other things on the way to a network adapter (the send kind: what is left to do) and on the way from
// one (the receive kind: what was found or done). In an extensible switch a packet has the receive kind if its source is the
// external adapter, and the send kind otherwise, wherever it goes.

/// The out-of-band information of a packet: the low halves of four slots.
public struct OutOfBand: Equatable, Sendable, BitwiseCopyable {
  /// `TcpIpChecksumNetBufferListInfo`.
  public var checksum: UInt32
  /// `TcpLargeSendNetBufferListInfo`; of the send kind alone.
  public var largeSend: UInt32
  /// `UdpSegmentationOffloadInfo`; of the send kind alone.
  public var largeDatagram: UInt32
  /// `TcpRecvSegCoalesceInfo`; of the receive kind alone, in the slot that the send kind uses for large datagrams.
  public var coalesced: UInt32
  /// `Ieee8021QNetBufferListInfo`, the same for both kinds.
  public var tag: UInt32

  /// Makes information from the slots' values.
  @inlinable
  public init(
    checksum: UInt32 = 0, largeSend: UInt32 = 0, largeDatagram: UInt32 = 0, coalesced: UInt32 = 0,
    tag: UInt32 = 0
  ) {
    self.checksum = checksum
    self.largeSend = largeSend
    self.largeDatagram = largeDatagram
    self.coalesced = coalesced
    self.tag = tag
  }

  /// Whether it says nothing about checksums and segments.
  @inline(__always)
  var isPlain: Bool { checksum | largeSend | largeDatagram | coalesced == 0 }

  /// The tag as it stands in a packet, tpid and tci, or zero.
  @inline(__always)
  var tagInPacket: UInt32 {
    guard tag & 0xffff != 0 else { return 0 }
    let control = (tag & 7) << 13 | (tag & 8) << 9 | tag >> 4 & 0xfff
    return 0x8100_0000 | control
  }

  /// The slot's value for a tag's control information.
  @inline(__always)
  static func tag(control: UInt16) -> UInt32 {
    let control = UInt32(control)
    return control >> 13 | control >> 9 & 8 | (control & 0xfff) << 4
  }
}

/// Which meaning the slots have.
public enum OutOfBandKind: UInt8, Sendable, BitwiseCopyable {
  /// What is left to do.
  case send
  /// What was found or done.
  case receive
}

/// Bits of the checksum slot of the send kind.
enum SendChecksum {
  static var isIPv4: UInt32 { 1 }
  static var isIPv6: UInt32 { 2 }
  static var tcp: UInt32 { 4 }
  static var udp: UInt32 { 8 }
  static var header: UInt32 { 16 }
  static func transport(_ slot: UInt32) -> Int { Int(slot >> 16 & 0x3ff) }
}

/// Bits of the checksum slot of the receive kind.
enum ReceiveChecksum {
  static var tcpSucceeded: UInt32 { 8 }
  static var udpSucceeded: UInt32 { 16 }
  static var headerSucceeded: UInt32 { 32 }
  static var tcpValueInvalid: UInt32 { 128 }
  static var headerValueInvalid: UInt32 { 256 }
}

/// Bits of the large send slot, and of that for large datagrams.
enum LargeSend {
  static var isSecondVersion: UInt32 { 1 << 30 }
  static var isIPv6: UInt32 { 1 << 31 }
  static func segmentByteCount(_ slot: UInt32) -> Int { Int(slot & 0xf_ffff) }
  static func transport(_ slot: UInt32) -> Int { Int(slot >> 20 & 0x3ff) }
}
