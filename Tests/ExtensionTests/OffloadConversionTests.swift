import Datapath
import PacketWire
import Testing

@testable import Extension

/// A TCP or UDP packet with right checksums.
private struct Sample {
  var bytes: [UInt8]
  var network: Int
  var transport: Int
  var isIPv6: Bool
  var isTCP: Bool

  /// - Parameter tag: A tag's control information to stand in the packet.
  init(isIPv6: Bool, isTCP: Bool, tag: UInt16? = nil, payload: [UInt8]) {
    self.isIPv6 = isIPv6
    self.isTCP = isTCP
    bytes = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2]
    if let tag { bytes += [0x81, 0, UInt8(tag >> 8), UInt8(tag & 0xff)] }
    bytes += isIPv6 ? [0x86, 0xdd] : [8, 0]
    network = bytes.count
    let length = (isTCP ? 20 : 8) + payload.count
    if isIPv6 {
      bytes += [0x60, 0, 0, 0, UInt8(length >> 8), UInt8(length & 0xff), isTCP ? 6 : 17, 64]
      bytes += (0..<32).map { UInt8($0) }
    } else {
      let total = length + 20
      bytes += [0x45, 0, UInt8(total >> 8), UInt8(total & 0xff), 0, 1, 0, 0, 64, isTCP ? 6 : 17, 0, 0]
      bytes += [10, 0, 0, 1, 10, 0, 0, 2]
    }
    transport = bytes.count
    bytes += [0x10, 0, 0, 80]
    if isTCP {
      bytes += [0, 0, 1, 0, 0, 0, 0, 1, 0x50, 0x18, 2, 0, 0, 0, 0, 0]
    } else {
      bytes += [UInt8(length >> 8), UInt8(length & 0xff), 0, 0]
    }
    bytes += payload
    bytes = Sample.finished(bytes)
  }

  var checksumPlace: Int { transport + (isTCP ? 16 : 6) }

  /// With every checksum computed anew.
  static func finished(_ packet: [UInt8]) -> [UInt8] {
    var packet = packet
    guard let places = HeaderPlaces(packet.rawBytes) else { return packet }
    if !places.isIPv6 {
      set(&packet, places.network + 10, 0)
      let sum = InternetChecksum.of(packet.rawBytes.extracting(places.network..<places.network + 20))
      set(&packet, places.network + 10, sum)
    }
    let field = places.transport + places.checksumOffset
    let count = packet.count - places.transport
    set(&packet, field, places.pseudoHeaderSum(packet.rawBytes, byteCount: count))
    var value = InternetChecksum.of(packet.rawBytes.from(places.transport))
    if value == 0 && places.proto == 17 { value = 0xffff }
    set(&packet, field, value)
    return packet
  }

  static func set(_ packet: inout [UInt8], _ place: Int, _ value: UInt16) {
    packet[place] = UInt8(value >> 8)
    packet[place + 1] = UInt8(value & 0xff)
  }
}

private func admit(_ packet: inout [UInt8], _ information: OutOfBand, _ kind: OutOfBandKind) -> Offload? {
  var bytes = packet.mutableRawBytes
  return Admission.admit(&bytes, information, kind)
}

/// What leaves, as whoever copies it writes it.
private func leaving(_ packet: [UInt8], _ departure: Departure) -> [UInt8] {
  var result = packet
  if departure.omitsTag { result.removeSubrange(12..<16) }
  if departure.patchOffset != 0 { Sample.set(&result, Int(departure.patchOffset), departure.patchValue) }
  return result
}

@Suite struct OffloadConversionTests {
  private func each(_ body: (Sample, String) throws -> Void) rethrows {
    for isIPv6 in [false, true] {
      for isTCP in [false, true] {
        for tag in [UInt16?.none, 0x6005] {
          for count in [0, 1, 7, 100, 1_399] {
            let payload = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            let sample = Sample(isIPv6: isIPv6, isTCP: isTCP, tag: tag, payload: payload)
            try body(sample, "IPv6 \(isIPv6), TCP \(isTCP), tag \(tag ?? 0), \(count) bytes")
          }
        }
      }
    }
  }

  private func sendInformation(_ sample: Sample) -> OutOfBand {
    var slot = sample.isIPv6 ? SendChecksum.isIPv6 : SendChecksum.isIPv4 | SendChecksum.header
    slot |= sample.isTCP ? SendChecksum.tcp : SendChecksum.udp
    return OutOfBand(checksum: slot | UInt32(sample.transport) << 16)
  }

  @Test func `a checksum left to the sender is completed by whoever sends the packet`() {
    each { sample, text in
      var packet = sample.bytes
      // What a machine left undone, with nonsense in the fields.
      Sample.set(&packet, sample.checksumPlace, 0xbeef)
      if !sample.isIPv6 { Sample.set(&packet, sample.network + 10, 0) }
      guard let offload = admit(&packet, sendInformation(sample), .send) else {
        Issue.record("\(text): refused")
        return
      }
      #expect(offload.needsChecksum && offload.segmentation == .none, "\(text)")
      // Out of the send kind it is still left to the port.
      let departure = Departure(packet.rawBytes, offload, .send)
      #expect(departure?.information.checksum != 0, "\(text)")
      if let departure {
        #expect(Sample.finished(leaving(packet, departure)) == leaving(sample.bytes, departure), "\(text)")
        let place = SendChecksum.transport(departure.information.checksum)
        #expect(place == sample.transport - (departure.omitsTag ? 4 : 0), "\(text)")
      }
      // The receive kind cannot say that: it is done.
      if let departure = Departure(packet.rawBytes, offload, .receive) {
        #expect(leaving(packet, departure) == leaving(sample.bytes, departure), "\(text)")
        #expect(departure.information.checksum == 0, "\(text)")
      }
    }
  }

  @Test func `a packet without anything left to do is not changed`() {
    each { sample, text in
      for kind in [OutOfBandKind.send, .receive] {
        var packet = sample.bytes
        let found = admit(&packet, OutOfBand(checksum: kind == .receive ? 0x2a : 0), kind)
        #expect(found == Offload() && packet == sample.bytes, "\(text)")
        let departure = Departure(packet.rawBytes, Offload(), kind)
        #expect(departure?.patchOffset == 0, "\(text)")
      }
    }
  }

  @Test func `a large send keeps its segments and gets the lengths that it left out`() {
    for isIPv6 in [false, true] {
      for tag in [UInt16?.none, 0x6005] {
        let payload = (0..<9_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let sample = Sample(isIPv6: isIPv6, isTCP: true, tag: tag, payload: payload)
        var packet = sample.bytes
        Sample.set(&packet, sample.network + (isIPv6 ? 4 : 2), 0)
        Sample.set(&packet, sample.checksumPlace, 0)
        let version: UInt32 = LargeSend.isSecondVersion | (isIPv6 ? LargeSend.isIPv6 : 0)
        let information = OutOfBand(largeSend: 1_400 | UInt32(sample.transport) << 20 | version)
        guard let offload = admit(&packet, information, .send) else {
          Issue.record("refused")
          continue
        }
        #expect(offload.segmentation == (isIPv6 ? .tcp6 : .tcp4))
        #expect(offload.segmentByteCount == 1_400)
        #expect(Int(offload.headerByteCount) == sample.transport + 20)
        #expect(Sample.finished(packet) == sample.bytes)
        let sent = Departure(packet.rawBytes, offload, .send)
        #expect(sent.map { LargeSend.segmentByteCount($0.information.largeSend) } == 1_400)
        #expect(sent?.information.largeSend == information.largeSend &- (tag == nil ? 0 : 4 << 20))
        let received = Departure(packet.rawBytes, offload, .receive)
        #expect(received?.information.coalesced == 7)
        // The checksums of the parts were right; what stands in the header of the whole is none.
        let succeeded: UInt32 = isIPv6 ? 0x88 : 0xa8
        #expect(received?.information.checksum == succeeded)
      }
    }
  }

  @Test func `a large datagram is cut by the engine and gets the lengths that it left out`() {
    for isIPv6 in [false, true] {
      let payload = (0..<9_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
      let sample = Sample(isIPv6: isIPv6, isTCP: false, payload: payload)
      var packet = sample.bytes
      Sample.set(&packet, sample.network + (isIPv6 ? 4 : 2), 0)
      Sample.set(&packet, sample.transport + 4, 0)
      Sample.set(&packet, sample.checksumPlace, 0)
      let large = 1_400 | UInt32(sample.transport) << 20 | (isIPv6 ? LargeSend.isIPv6 : 0)
      guard let offload = admit(&packet, OutOfBand(largeDatagram: large), .send) else {
        Issue.record("refused")
        continue
      }
      #expect(offload.segmentation == .udp && offload.segmentByteCount == 1_400)
      #expect(Sample.finished(packet) == sample.bytes)
      #expect(!ForwardingExtension.capabilities.contains(.udp))
      // What fits into one needs no cutting; TCP is no datagram; and nothing is both.
      var small = sample.bytes
      let whole = admit(&small, OutOfBand(largeDatagram: 9_000), .send)
      #expect(whole?.segmentation == Offload.Segmentation.none && whole?.needsChecksum == true)
      var other = Sample(isIPv6: isIPv6, isTCP: true, payload: payload).bytes
      #expect(admit(&other, OutOfBand(largeDatagram: large), .send) == nil)
      var both = sample.bytes
      #expect(admit(&both, OutOfBand(largeSend: large, largeDatagram: large), .send) == nil)
    }
  }

  @Test func `packets that were coalesced on receipt are cut again where they go`() {
    let sample = Sample(isIPv6: false, isTCP: true, payload: [UInt8](repeating: 5, count: 4_200))
    var packet = sample.bytes
    let offload = admit(&packet, OutOfBand(checksum: 0x28, coalesced: 3), .receive)
    #expect(offload?.segmentByteCount == 1_400 && offload?.segmentation == .tcp4)
  }

  @Test func `a tag beside the bytes is the same tag in them`() {
    for control in [UInt16(1), 0x0fff, 0x6005, 0xf123, 0x1001] {
      let slot = OutOfBand.tag(control: control)
      #expect(OutOfBand(tag: slot).tagInPacket == 0x8100_0000 | UInt32(control))
    }
    #expect(OutOfBand(tag: 0).tagInPacket == 0)
  }

  @Test func `information that does not fit is refused or without effect, at every length`() {
    each { sample, _ in
      for count in stride(from: 14, to: min(sample.bytes.count, 80), by: 1) {
        var packet = Array(sample.bytes[..<count])
        for information in [sendInformation(sample), OutOfBand(largeSend: 100 | LargeSend.isSecondVersion)] {
          if let offload = admit(&packet, information, .send), offload.needsChecksum {
            #expect(Int(offload.checksumStart) + Int(offload.checksumOffset) + 2 <= count)
          }
          _ = admit(&packet, OutOfBand(checksum: 0x1ff, coalesced: 2), .receive)
        }
      }
    }
  }
}
