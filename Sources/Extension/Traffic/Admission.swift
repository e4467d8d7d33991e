// A packet comes in: what NDIS says about it beside its bytes becomes the engine's offload information.
//
// The bytes are the engine's own copy already. What the sender left out of the headers (NDIS allows a length of zero and
// no header checksum) is put in, so that nothing behind this point meets a packet that is not well-formed because of an
// offload. What the sender wrote into a checksum field that is still to be completed is not trusted but written anew.

public import Datapath
import PacketWire

/// Turns the out-of-band information of packets that come in into offload information.
public enum Admission {
  /// What is left to do for a packet; `nil` if the information does not fit the packet.
  @_lifetime(packet: copy packet)
  public static func admit(
    _ packet: inout MutableRawSpan, _ information: OutOfBand, _ kind: OutOfBandKind
  ) -> Offload? {
    if information.isPlain { return Offload() }
    switch kind {
    case .send: return admitSend(&packet, information)
    case .receive: return admitReceive(&packet, information)
    }
  }

  @_lifetime(packet: copy packet)
  private static func admitSend(_ packet: inout MutableRawSpan, _ information: OutOfBand) -> Offload? {
    let slot = information.checksum
    let wantsTransport = slot & (SendChecksum.tcp | SendChecksum.udp) != 0
    guard information.largeSend == 0 || information.largeDatagram == 0 else { return nil }
    let size = LargeSend.segmentByteCount(information.largeSend | information.largeDatagram)
    guard size != 0 || wantsTransport || slot & SendChecksum.header != 0 else {
      return Offload()
    }
    guard let places = HeaderPlaces(packet.bytes) else {
      // A header checksum alone can be wanted of a packet of any protocol.
      if size == 0 && !wantsTransport {
        completeHeaderChecksum(&packet)
        return Offload()
      }
      return nil
    }
    if size != 0 {
      guard places.proto == (information.largeSend != 0 ? 6 : 17) else { return nil }
      return segment(&packet, places, byteCount: size)
    }
    if slot & SendChecksum.header != 0 { completeHeaderChecksum(&packet) }
    guard wantsTransport else { return Offload() }
    guard slot & (places.proto == 6 ? SendChecksum.tcp : SendChecksum.udp) != 0 else { return nil }
    return checksum(&packet, places)
  }

  @_lifetime(packet: copy packet)
  private static func admitReceive(_ packet: inout MutableRawSpan, _ information: OutOfBand) -> Offload? {
    let count = Int(information.coalesced & 0xffff)
    let isUnfinished = information.checksum & ReceiveChecksum.tcpValueInvalid != 0
    guard count > 1 || isUnfinished || information.checksum & ReceiveChecksum.headerValueInvalid != 0 else {
      return Offload()
    }
    guard let places = HeaderPlaces(packet.bytes) else { return Offload() }
    if information.checksum & ReceiveChecksum.headerValueInvalid != 0 { completeHeaderChecksum(&packet) }
    if count > 1, places.proto == 6, let header = places.tcpHeaderByteCount(packet.bytes) {
      let payload = packet.byteCount &- places.transport &- header
      guard payload > 0 else { return checksum(&packet, places) }
      return segment(&packet, places, byteCount: (payload &+ count &- 1) / count)
    }
    return isUnfinished ? checksum(&packet, places) : Offload()
  }

  /// Leaves the transport checksum to whoever sends the packet.
  @_lifetime(packet: copy packet)
  private static func checksum(_ packet: inout MutableRawSpan, _ places: HeaderPlaces) -> Offload {
    let field = places.transport &+ places.checksumOffset
    let covered = networkEnd(packet.bytes, places) &- places.transport
    packet.store(bigEndian16: places.pseudoHeaderSum(packet.bytes, byteCount: covered), at: field)
    var offload = Offload()
    offload.needsChecksum = true
    offload.checksumStart = UInt16(truncatingIfNeeded: places.transport)
    offload.checksumOffset = UInt16(truncatingIfNeeded: places.checksumOffset)
    return offload
  }

  /// Where the packet ends by its network header, which padding may follow.
  private static func networkEnd(_ packet: RawSpan, _ places: HeaderPlaces) -> Int {
    let length =
      places.isIPv6
      ? 40 &+ Int(packet.bigEndian16(at: places.network &+ 4))
      : Int(packet.bigEndian16(at: places.network &+ 2))
    let end = places.network &+ length
    return end > packet.byteCount || end < places.transport ? packet.byteCount : end
  }

  /// Leaves it to the port out to cut the packet.
  @_lifetime(packet: copy packet)
  private static func segment(
    _ packet: inout MutableRawSpan, _ places: HeaderPlaces, byteCount: Int
  ) -> Offload? {
    let isTCP = places.proto == 6
    guard byteCount > 0, let header = isTCP ? places.tcpHeaderByteCount(packet.bytes) : 8 else { return nil }
    let length = packet.byteCount &- places.network
    let payload = packet.byteCount &- places.transport &- header
    guard length &- (places.isIPv6 ? 40 : 0) <= 0xffff else { return nil }
    if places.isIPv6 {
      packet.store(bigEndian16: UInt16(truncatingIfNeeded: length &- 40), at: places.network &+ 4)
    } else {
      packet.store(bigEndian16: UInt16(truncatingIfNeeded: length), at: places.network &+ 2)
      completeHeaderChecksum(&packet, places.network)
    }
    if !isTCP {
      let count = packet.byteCount &- places.transport
      guard count <= 0xffff else { return nil }
      packet.store(bigEndian16: UInt16(truncatingIfNeeded: count), at: places.transport &+ 4)
    }
    var offload = checksum(&packet, places)
    guard payload > byteCount else { return offload }
    offload.segmentation = !isTCP ? .udp : places.isIPv6 ? .tcp6 : .tcp4
    // The engine takes no segments that are shorter.
    offload.segmentByteCount = UInt16(truncatingIfNeeded: max(8, min(byteCount, 0xffff)))
    offload.headerByteCount = UInt16(truncatingIfNeeded: places.transport &+ header)
    return offload
  }

  /// Writes the checksum of the packet's IPv4 header, if it has one.
  @_lifetime(packet: copy packet)
  private static func completeHeaderChecksum(_ packet: inout MutableRawSpan) {
    var place = 12
    for _ in 0..<2 where packet.byteCount >= place &+ 6 {
      let type = packet.bytes.bigEndian16(at: place)
      if type == 0x8100 || type == 0x88a8 { place &+= 4 }
    }
    guard packet.byteCount >= place &+ 22, packet.bytes.bigEndian16(at: place) == 0x0800 else { return }
    completeHeaderChecksum(&packet, place &+ 2)
  }

  @_lifetime(packet: copy packet)
  private static func completeHeaderChecksum(_ packet: inout MutableRawSpan, _ network: Int) {
    let length = Int(packet.bytes.byte(at: network) & 15) &* 4
    guard length >= 20, packet.byteCount >= network &+ length else { return }
    packet.store(bigEndian16: 0, at: network &+ 10)
    let sum = InternetChecksum.of(packet.bytes.extracting(network..<network &+ length))
    packet.store(bigEndian16: sum, at: network &+ 10)
  }
}
