// The fields of a flow key that translation reads and writes at every step, by name and width. They say where a field
// lies as `FlowKey`'s table does; `Field` would find the same place by number.

import Datapath
import OpenFlow
import PacketWire

extension FlowKey {
  /// The port that the packet came in by, in the numbers of the bridge.
  var inPort: OpenFlowPortNumber {
    get { OpenFlowPortNumber(UInt32(truncatingIfNeeded: self[.inPort])) }
    set { self[.inPort] = UInt64(newValue.rawValue) }
  }
  var ethernetDestination: MACAddress {
    get { MACAddress(self[.ethDestination]) }
    set { self[.ethDestination] = newValue.rawValue }
  }
  var ethernetSource: MACAddress {
    get { MACAddress(self[.ethSource]) }
    set { self[.ethSource] = newValue.rawValue }
  }
  var etherType: UInt16 {
    get { UInt16(truncatingIfNeeded: self[.ethType]) }
    set { self[.ethType] = UInt64(newValue) }
  }
  /// The outer VLAN tag, with bit 0x1000 set, or 0 if there is none.
  var vlanTCI: UInt16 {
    get { UInt16(truncatingIfNeeded: self[.vlanTCI]) }
    set { self[.vlanTCI] = UInt64(newValue) }
  }
  var vlanTPID: UInt16 {
    get { UInt16(truncatingIfNeeded: self[.vlanTPID]) }
    set { self[.vlanTPID] = UInt64(newValue) }
  }
  var innerVLANTCI: UInt16 {
    get { UInt16(truncatingIfNeeded: self[.innerVLANTCI]) }
    set { self[.innerVLANTCI] = UInt64(newValue) }
  }
  var innerVLANTPID: UInt16 {
    get { UInt16(truncatingIfNeeded: self[.innerVLANTPID]) }
    set { self[.innerVLANTPID] = UInt64(newValue) }
  }
  var ipProtocol: UInt8 {
    get { UInt8(truncatingIfNeeded: self[.ipProtocol]) }
    set { self[.ipProtocol] = UInt64(newValue) }
  }
  var typeOfService: UInt8 {
    get { UInt8(truncatingIfNeeded: self[.ipTOS]) }
    set { self[.ipTOS] = UInt64(newValue) }
  }
  var timeToLive: UInt8 {
    get { UInt8(truncatingIfNeeded: self[.ipTTL]) }
    set { self[.ipTTL] = UInt64(newValue) }
  }
  var fragment: UInt8 {
    get { UInt8(truncatingIfNeeded: self[.ipFragment]) }
    set { self[.ipFragment] = UInt64(newValue) }
  }
  var transportSource: UInt16 {
    get { UInt16(truncatingIfNeeded: self[.transportSource]) }
    set { self[.transportSource] = UInt64(newValue) }
  }
  var transportDestination: UInt16 {
    get { UInt16(truncatingIfNeeded: self[.transportDestination]) }
    set { self[.transportDestination] = UInt64(newValue) }
  }
  var ipv4Source: IPv4Address {
    get { IPv4Address(UInt32(truncatingIfNeeded: self[.ipSource])) }
    set { self[.ipSource] = UInt64(newValue.rawValue) }
  }
  var ipv4Destination: IPv4Address {
    get { IPv4Address(UInt32(truncatingIfNeeded: self[.ipDestination])) }
    set { self[.ipDestination] = UInt64(newValue.rawValue) }
  }
  var ipv6Source: IPv6Address {
    get { address(at: .ipv6Source) }
    set { set(newValue, at: .ipv6Source) }
  }
  var ipv6Destination: IPv6Address {
    get { address(at: .ipv6Destination) }
    set { set(newValue, at: .ipv6Destination) }
  }
  var neighborTarget: IPv6Address { address(at: .ndTarget) }
  var arpSourceHardware: MACAddress { MACAddress(self[.sourceLink]) }
  var arpTargetHardware: MACAddress { MACAddress(self[.targetLink]) }

  var tunnelID: UInt64 {
    get { self[.tunnelID] }
    set { self[.tunnelID] = newValue }
  }
  /// The tunnel's outer source; an IPv4 address in its mapped form, `::` for none.
  var tunnelSource: IPv6Address {
    get { tunnelAddress(.tunnelSource, .tunnelIPv6Source) }
    set { setTunnelAddress(newValue, .tunnelSource, .tunnelIPv6Source) }
  }
  /// The tunnel's outer destination, as `tunnelSource`.
  var tunnelDestination: IPv6Address {
    get { tunnelAddress(.tunnelDestination, .tunnelIPv6Destination) }
    set { setTunnelAddress(newValue, .tunnelDestination, .tunnelIPv6Destination) }
  }
  private func tunnelAddress(_ ipv4: KeyPlace, _ ipv6: KeyPlace) -> IPv6Address {
    self[ipv4] != 0
      ? IPv6Address(mapped: IPv4Address(UInt32(truncatingIfNeeded: self[ipv4]))) : address(at: ipv6)
  }
  private mutating func setTunnelAddress(_ address: IPv6Address, _ ipv4: KeyPlace, _ ipv6: KeyPlace) {
    let mapped = address.mappedIPv4
    self[ipv4] = UInt64(mapped?.rawValue ?? 0)
    set(mapped == nil ? address : IPv6Address(high: 0, low: 0), at: ipv6)
  }
  private func address(at place: KeyPlace) -> IPv6Address {
    IPv6Address(high: words[place.word], low: words[place.word + 1])
  }
  private mutating func set(_ address: IPv6Address, at place: KeyPlace) {
    (words[place.word], words[place.word + 1]) = (address.high, address.low)
  }
  var tunnelFlags: TunnelFlags {
    get { TunnelFlags(rawValue: UInt16(truncatingIfNeeded: self[.tunnelFlags])) }
    set { self[.tunnelFlags] = UInt64(newValue.rawValue) }
  }
  var tunnelTypeOfService: UInt8 {
    get { UInt8(truncatingIfNeeded: self[.tunnelTOS]) }
    set { self[.tunnelTOS] = UInt64(newValue) }
  }
  var tunnelTimeToLive: UInt8 {
    get { UInt8(truncatingIfNeeded: self[.tunnelTTL]) }
    set { self[.tunnelTTL] = UInt64(newValue) }
  }
  /// Zeroes everything about a tunnel.
  mutating func clearTunnel() {
    clear(KeySegment.tunnel.place)
    clear(KeySegment.tunnelOptions.place)
  }
  /// Takes what is not in a packet's headers from another key.
  mutating func takeMetadata(_ other: FlowKey) {
    for place in [KeyPlace.inPort, .recirculationID, .ctState, .ctMark, .ctZone, .ctProtocol, .packetMark] {
      self[place] = other[place]
    }
    for segment in [KeySegment.metadata, .connection, .tunnel, .pipeline, .tunnelOptions] {
      for word in segment.words { words[word] = other.words[word] }
    }
  }
  /// Zeroes what a label hides: all behind the EtherType, and the hash of it.
  mutating func hideHeaders() {
    for place in [
      KeyPlace.ipAddresses, .ipProtocol.through(.transportDestination), .tcpFlags, .datapathHash, .ctProtocol,
      .ctSource, .ctDestination, .ctTransportSource, .ctTransportDestination, .ctIPv6Source,
      .ctIPv6Destination,
      KeySegment.ipv6.place, KeySegment.neighbor.place, KeySegment.nsh.place,
    ] { clear(place) }
  }
  /// Lets addresses, protocol and ports change places with those of the connection's first packet.
  mutating func swapTuple(isIPv4: Bool) {
    let addresses: [(KeyPlace, KeyPlace)] =
      isIPv4
      ? [(.ipSource, .ctSource), (.ipDestination, .ctDestination)]
      : [(.ipv6Source, .ctIPv6Source), (.ipv6Destination, .ctIPv6Destination)]
    let others: [(KeyPlace, KeyPlace)] = [
      (.ipProtocol, .ctProtocol), (.transportSource, .ctTransportSource),
      (.transportDestination, .ctTransportDestination),
    ]
    for (place, original) in addresses + others {
      if place.bitCount <= 64 {
        (self[place], self[original]) = (self[original], self[place])
      } else {
        for (word, other) in zip(place.words, original.words) {
          (words[word], words[other]) = (words[other], words[word])
        }
      }
    }
  }
  /// Zeroes everything about a connection.
  mutating func clearConnection() {
    for place in [KeyPlace.ctState, .ctZone, .ctMark, .ctProtocol] { clear(place) }
    clear(KeySegment.connection.place)
  }
  /// Zeroes metadata and registers.
  mutating func clearPipeline() { clear(KeySegment.pipeline.place) }

  var packetMark: UInt32 { UInt32(truncatingIfNeeded: self[.packetMark]) }
  var isIPv4: Bool { etherType == 0x0800 }
  var isIPv6: Bool { etherType == 0x86dd }
  var isMPLS: Bool { etherType == 0x8847 || etherType == 0x8848 }
  /// The VLAN of the outer tag, 0 if there is none.
  var vlanID: UInt16 { vlanTCI & 0x0fff }
  var hasVLAN: Bool { vlanTCI & 0x1000 != 0 }

  /// Adds a tag outside of those that are there, dropping the third.
  mutating func pushVLAN(tpid: UInt16, tci: UInt16) {
    (innerVLANTCI, innerVLANTPID) = (vlanTCI, vlanTPID)
    (vlanTCI, vlanTPID) = (tci, tpid)
  }
  /// Removes the outer tag.
  mutating func popVLAN() {
    (vlanTCI, vlanTPID) = (innerVLANTCI, innerVLANTPID)
    (innerVLANTCI, innerVLANTPID) = (0, 0)
  }
}
