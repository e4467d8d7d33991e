// A packet goes out: what the engine left to do becomes out-of-band information of the kind that its source implies, or is
// done here where NDIS has no way to say it.
//
// The engine's bytes may leave by other ports too, so that they are not changed: what has to be otherwise is said beside
// them, for whoever copies them into a buffer of NDIS.

public import Datapath
import PacketWire

/// How a packet leaves.
public struct Departure: Equatable, Sendable, BitwiseCopyable {
  /// What NDIS is told beside the bytes.
  public var information = OutOfBand()
  /// Whether the four bytes of a tag, at offset 12, are told beside the bytes and left out of them.
  public var omitsTag = false
  /// Where two bytes have to be otherwise, from the first byte that leaves, or 0 for nowhere.
  public var patchOffset: UInt16 = 0
  /// What those two bytes have to be.
  public var patchValue: UInt16 = 0

  /// Nothing is told, nothing is changed.
  public init() {}

  /// How a packet leaves with information of a kind; `nil` if it cannot.
  public init?(_ packet: RawSpan, _ offload: Offload, _ kind: OutOfBandKind) {
    guard packet.byteCount >= 14 else { return nil }
    if packet.bigEndian16(at: 12) == 0x8100, packet.byteCount >= 18 {
      information.tag = OutOfBand.tag(control: packet.bigEndian16(at: 14))
      omitsTag = true
    }
    guard offload.needsChecksum else { return }
    guard let places = HeaderPlaces(packet), Int(offload.checksumStart) == places.transport,
      Int(offload.checksumOffset) == places.checksumOffset
    else {
      complete(packet, offload)
      return
    }
    let shift = omitsTag ? 4 : 0
    let transport = places.transport &- shift
    if offload.segmentation == .none {
      guard kind == .send, transport <= 0x3ff else {
        complete(packet, offload)
        return
      }
      information.checksum = UInt32(truncatingIfNeeded: transport) << 16
      information.checksum |= places.isIPv6 ? SendChecksum.isIPv6 : SendChecksum.isIPv4
      information.checksum |= places.proto == 6 ? SendChecksum.tcp : SendChecksum.udp
      return
    }
    guard offload.segmentation == .tcp4 || offload.segmentation == .tcp6, offload.tunnelByteCount == 0,
      transport <= 0x3ff, places.proto == 6, let header = places.tcpHeaderByteCount(packet)
    else { return nil }
    switch kind {
    case .send:
      information.largeSend = UInt32(offload.segmentByteCount) | LargeSend.isSecondVersion
      information.largeSend |= UInt32(truncatingIfNeeded: transport) << 20
      if places.isIPv6 { information.largeSend |= LargeSend.isIPv6 }
      // A large send's pseudo-header has no length.
      patch(transport &+ 16, places.pseudoHeaderSum(packet, byteCount: 0))
    case .receive:
      let payload = packet.byteCount &- places.transport &- header
      let size = max(1, Int(offload.segmentByteCount))
      information.coalesced = UInt32(truncatingIfNeeded: min(0xffff, (payload &+ size &- 1) / size))
      // The checksum in the header is that of no packet: it was found right in those that were put together.
      information.checksum = ReceiveChecksum.tcpSucceeded | ReceiveChecksum.tcpValueInvalid
      if !places.isIPv6 { information.checksum |= ReceiveChecksum.headerSucceeded }
    }
  }

  private mutating func patch(_ offset: Int, _ value: UInt16) {
    patchOffset = UInt16(truncatingIfNeeded: offset)
    patchValue = value
  }

  /// Does what is left of a checksum.
  private mutating func complete(_ packet: RawSpan, _ offload: Offload) {
    let start = Int(offload.checksumStart)
    let field = start &+ Int(offload.checksumOffset)
    guard start >= 14, field &+ 2 <= packet.byteCount else { return }
    var value = InternetChecksum.of(packet.from(start))
    if value == 0 && offload.checksumOffset == 6 { value = 0xffff }
    patch(field &- (omitsTag ? 4 : 0), value)
  }

  /// How many bytes leave of a packet.
  public func byteCount(of packet: RawSpan) -> Int { packet.byteCount &- (omitsTag ? 4 : 0) }
}
