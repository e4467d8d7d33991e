// The fields of a flow key that translation reads and writes at every step, by name and width. They say where a field
// lies as `FlowKey`'s table does; `Field` would find the same place by number.

import Datapath
import OpenFlow
import PacketWire

extension FlowKey {
  /// The port that the packet came in by, in the numbers of the bridge.
  var inPort: OpenFlowPortNumber {
    get { OpenFlowPortNumber(UInt32(truncatingIfNeeded: words[0] >> 32)) }
    set { self[word: 0, shift: 32, bitCount: 32] = UInt64(newValue.rawValue) }
  }
  var ethernetDestination: MACAddress {
    get { MACAddress(words[1] >> 16) }
    set { self[word: 1, shift: 16, bitCount: 48] = newValue.rawValue }
  }
  var ethernetSource: MACAddress {
    get { MACAddress(words[2] >> 16) }
    set { self[word: 2, shift: 16, bitCount: 48] = newValue.rawValue }
  }
  var etherType: UInt16 {
    get { UInt16(truncatingIfNeeded: words[1]) }
    set { self[word: 1, shift: 0, bitCount: 16] = UInt64(newValue) }
  }
  /// The outer VLAN tag, with bit 0x1000 set, or 0 if there is none.
  var vlanTCI: UInt16 {
    get { UInt16(truncatingIfNeeded: words[2]) }
    set { self[word: 2, shift: 0, bitCount: 16] = UInt64(newValue) }
  }
  var vlanTPID: UInt16 {
    get { UInt16(truncatingIfNeeded: words[5] >> 32) }
    set { self[word: 5, shift: 32, bitCount: 16] = UInt64(newValue) }
  }
  var innerVLANTCI: UInt16 {
    get { UInt16(truncatingIfNeeded: words[5] >> 16) }
    set { self[word: 5, shift: 16, bitCount: 16] = UInt64(newValue) }
  }
  var innerVLANTPID: UInt16 {
    get { UInt16(truncatingIfNeeded: words[5]) }
    set { self[word: 5, shift: 0, bitCount: 16] = UInt64(newValue) }
  }
  var ipProtocol: UInt8 {
    get { UInt8(truncatingIfNeeded: words[4] >> 56) }
    set { self[word: 4, shift: 56, bitCount: 8] = UInt64(newValue) }
  }
  var typeOfService: UInt8 {
    get { UInt8(truncatingIfNeeded: words[4] >> 48) }
    set { self[word: 4, shift: 48, bitCount: 8] = UInt64(newValue) }
  }
  var timeToLive: UInt8 {
    get { UInt8(truncatingIfNeeded: words[4] >> 40) }
    set { self[word: 4, shift: 40, bitCount: 8] = UInt64(newValue) }
  }
  var fragment: UInt8 {
    get { UInt8(truncatingIfNeeded: words[4] >> 32) }
    set { self[word: 4, shift: 32, bitCount: 8] = UInt64(newValue) }
  }
  var transportSource: UInt16 {
    get { UInt16(truncatingIfNeeded: words[4] >> 16) }
    set { self[word: 4, shift: 16, bitCount: 16] = UInt64(newValue) }
  }
  var transportDestination: UInt16 {
    get { UInt16(truncatingIfNeeded: words[4]) }
    set { self[word: 4, shift: 0, bitCount: 16] = UInt64(newValue) }
  }
  var ipv4Source: IPv4Address {
    get { IPv4Address(UInt32(truncatingIfNeeded: words[3] >> 32)) }
    set { self[word: 3, shift: 32, bitCount: 32] = UInt64(newValue.rawValue) }
  }
  var ipv4Destination: IPv4Address {
    get { IPv4Address(UInt32(truncatingIfNeeded: words[3])) }
    set { self[word: 3, shift: 0, bitCount: 32] = UInt64(newValue.rawValue) }
  }
  var ipv6Source: IPv6Address {
    get { IPv6Address(high: words[10], low: words[11]) }
    set { (words[10], words[11]) = (newValue.high, newValue.low) }
  }
  var ipv6Destination: IPv6Address {
    get { IPv6Address(high: words[12], low: words[13]) }
    set { (words[12], words[13]) = (newValue.high, newValue.low) }
  }
  var neighborTarget: IPv6Address { IPv6Address(high: words[15], low: words[16]) }
  var arpSourceHardware: MACAddress { MACAddress(words[17] >> 16) }
  var arpTargetHardware: MACAddress { MACAddress(words[18] >> 16) }

  var tunnelID: UInt64 {
    get { words[35] }
    set { words[35] = newValue }
  }
  /// The tunnel's outer source; an IPv4 address in its mapped form, `::` for none.
  var tunnelSource: IPv6Address {
    get { tunnelAddress(ipv4: words[30] >> 32, IPv6Address(high: words[31], low: words[32])) }
    set {
      setTunnelAddress(newValue, ipv4Shift: 32, word: 31)
    }
  }
  /// The tunnel's outer destination, as `tunnelSource`.
  var tunnelDestination: IPv6Address {
    get { tunnelAddress(ipv4: words[30] & 0xffff_ffff, IPv6Address(high: words[33], low: words[34])) }
    set {
      setTunnelAddress(newValue, ipv4Shift: 0, word: 33)
    }
  }
  private func tunnelAddress(ipv4: UInt64, _ ipv6: IPv6Address) -> IPv6Address {
    ipv4 != 0 ? IPv6Address(mapped: IPv4Address(UInt32(truncatingIfNeeded: ipv4))) : ipv6
  }
  private mutating func setTunnelAddress(_ address: IPv6Address, ipv4Shift: Int, word: Int) {
    let ipv4 = address.mappedIPv4
    self[word: 30, shift: ipv4Shift, bitCount: 32] = UInt64(ipv4?.rawValue ?? 0)
    words[word] = ipv4 == nil ? address.high : 0
    words[word + 1] = ipv4 == nil ? address.low : 0
  }
  var tunnelFlags: TunnelFlags {
    get { TunnelFlags(rawValue: UInt16(truncatingIfNeeded: words[36] >> 48)) }
    set { self[word: 36, shift: 48, bitCount: 16] = UInt64(newValue.rawValue) }
  }
  var tunnelTypeOfService: UInt8 {
    get { UInt8(truncatingIfNeeded: words[36] >> 40) }
    set { self[word: 36, shift: 40, bitCount: 8] = UInt64(newValue) }
  }
  var tunnelTimeToLive: UInt8 {
    get { UInt8(truncatingIfNeeded: words[36] >> 32) }
    set { self[word: 36, shift: 32, bitCount: 8] = UInt64(newValue) }
  }
  /// Zeroes everything about a tunnel.
  mutating func clearTunnel() {
    for word in KeySegments.words(ofSegment: 6) { words[word] = 0 }
    for word in KeySegments.words(ofSegment: 9) { words[word] = 0 }
  }
  /// Zeroes metadata and registers.
  mutating func clearPipeline() { for word in KeySegments.words(ofSegment: 8) { words[word] = 0 } }

  var packetMark: UInt32 { UInt32(truncatingIfNeeded: words[7]) }
  var isIPv4: Bool { etherType == 0x0800 }
  var isIPv6: Bool { etherType == 0x86dd }
  var isMPLS: Bool { etherType == 0x8847 || etherType == 0x8848 }
  /// The VLAN of the outer tag, 0 if there is none.
  var vlanID: UInt16 { vlanTCI & 0x0fff }
  var hasVLAN: Bool { vlanTCI & 0x1000 != 0 }

  /// Adds a tag outside of those that are there, dropping the third.
  mutating func pushVLAN(tpid: UInt16, tci: UInt16) {
    words[5] =
      words[5] & 0xffff_0000_0000_0000 | UInt64(tpid) << 32 | UInt64(vlanTCI) << 16 | UInt64(vlanTPID)
    vlanTCI = tci
  }
  /// Removes the outer tag.
  mutating func popVLAN() {
    let (tci, tpid) = (innerVLANTCI, innerVLANTPID)
    words[5] = words[5] & 0xffff_0000_0000_0000 | UInt64(tpid) << 32
    vlanTCI = tci
  }
}
