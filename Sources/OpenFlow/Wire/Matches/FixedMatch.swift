import Datapath

/// The network and transport fields of the matches of OpenFlow 1.0 and 1.1, which share their places between
/// protocols: addresses of IPv4 and ARP, ports of TCP, UDP and SCTP, type and code of ICMP.
struct FixedMatch {
  var ethType: UInt16 = 0
  var ethTypeMask: UInt16 = 0
  var dscp: UInt8 = 0
  var dscpMask: UInt8 = 0
  var ipProtocol: UInt8 = 0
  var protocolMask: UInt8 = 0
  var source: UInt32 = 0
  var sourceMask: UInt32 = 0
  var destination: UInt32 = 0
  var destinationMask: UInt32 = 0
  var transportSource: UInt16 = 0
  var transportSourceMask: UInt16 = 0
  var transportDestination: UInt16 = 0
  var transportDestinationMask: UInt16 = 0

  init() {}

  /// Takes the fields from a match.
  ///
  /// The key holds them in shared places too.
  init(_ match: Match) {
    ethType = UInt16(truncatingIfNeeded: match.value(of: .ethType))
    ethTypeMask = UInt16(truncatingIfNeeded: match.mask(of: .ethType))
    dscp = UInt8(truncatingIfNeeded: match.value(of: .ipTOS))
    dscpMask = UInt8(truncatingIfNeeded: match.mask(of: .ipTOS))
    ipProtocol = UInt8(truncatingIfNeeded: match.value(of: .ipProtocol))
    protocolMask = UInt8(truncatingIfNeeded: match.mask(of: .ipProtocol))
    source = UInt32(truncatingIfNeeded: match.value(of: .ipSource))
    sourceMask = UInt32(truncatingIfNeeded: match.mask(of: .ipSource))
    destination = UInt32(truncatingIfNeeded: match.value(of: .ipDestination))
    destinationMask = UInt32(truncatingIfNeeded: match.mask(of: .ipDestination))
    transportSource = UInt16(truncatingIfNeeded: match.value(of: .tcpSource))
    transportSourceMask = UInt16(truncatingIfNeeded: match.mask(of: .tcpSource))
    transportDestination = UInt16(truncatingIfNeeded: match.value(of: .tcpDestination))
    transportDestinationMask = UInt16(truncatingIfNeeded: match.mask(of: .tcpDestination))
  }

  /// Puts the fields whose prerequisites hold into a match.
  func apply(to match: inout Match) {
    if ethTypeMask != 0 { match.set(.ethType, FieldValue(ethType)) }
    switch ethTypeMask == 0 ? 0 : ethType {
    case 0x0800:
      match.set(.ipSource, FieldValue(source & sourceMask), mask: FieldValue(sourceMask))
      match.set(.ipDestination, FieldValue(destination & destinationMask), mask: FieldValue(destinationMask))
      applyIP(to: &match)
    case 0x86dd:
      applyIP(to: &match)
    case 0x0806, 0x8035:
      match.set(.arpSenderIP, FieldValue(source & sourceMask), mask: FieldValue(sourceMask))
      match.set(.arpTargetIP, FieldValue(destination & destinationMask), mask: FieldValue(destinationMask))
      if protocolMask != 0 { match.set(.arpOperation, FieldValue(ipProtocol)) }
    default: break
    }
  }

  private func applyIP(to match: inout Match) {
    if dscpMask != 0 { match.set(.ipTOS, FieldValue(dscp)) }
    guard protocolMask != 0 else { return }
    match.set(.ipProtocol, FieldValue(ipProtocol))
    let isICMP = ipProtocol == 1 && ethType == 0x0800 || ipProtocol == 58 && ethType == 0x86dd
    guard isICMP || ipProtocol == 6 || ipProtocol == 17 || ipProtocol == 132 else { return }
    let bits: UInt16 = isICMP ? 0x00ff : 0xffff
    if transportSourceMask != 0 {
      match.set(.tcpSource, FieldValue(transportSource & bits), mask: FieldValue(bits))
    }
    if transportDestinationMask != 0 {
      match.set(.tcpDestination, FieldValue(transportDestination & bits), mask: FieldValue(bits))
    }
  }
}
