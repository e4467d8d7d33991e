// Connection tracking and translation of addresses.

import Datapath
import PacketWire

extension ActionParser {
  mutating func connectionTrack(_ text: TextBytes) throws(FlowTextError) -> Action {
    var action = ConnectionTrackAction()
    var reader = KeyValueReader(text)
    while let pair = reader.next() {
      if pair.key.equals("commit") {
        action.commits = true
      } else if pair.key.equals("force") {
        action.forces = true
      } else if pair.key.equals("table") {
        guard let table = names.table(pair.value) else {
          throw FlowTextError("unknown table \(pair.value.string)")
        }
        guard table != 0xff else { throw FlowTextError("invalid table 0xff") }
        action.table = table
      } else if pair.key.equals("zone") {
        if let zone = wholeNumber(pair.value), zone <= 0xffff {
          action.zone = UInt16(zone)
          action.zoneSource = nil
        } else {
          action.zoneSource = try Subfield.parse(pair.value)
        }
      } else if pair.key.equals("alg") {
        action.helperPort = try helper(pair.value)
      } else if pair.key.equals("nat") {
        action.actions.append(.nat(try nat(pair.value)))
      } else if pair.key.equals("exec") {
        action.actions += try nested(pair.value, inside: .connectionTrack)
      } else {
        throw FlowTextError("invalid argument to \"ct\" action: `\(pair.key.string)'")
      }
    }
    if action.forces && !action.commits {
      throw FlowTextError("\"force\" flag requires \"commit\" flag.")
    }
    return .connectionTrack(action)
  }

  private func helper(_ text: TextBytes) throws(FlowTextError) -> UInt16 {
    if text.equals("ftp") { return 21 }
    if text.equals("tftp") { return 69 }
    throw FlowTextError("invalid conntrack helper \"\(text.string)\"")
  }

  func nat(_ text: TextBytes) throws(FlowTextError) -> NATAction {
    var action = NATAction()
    var hasHash = false
    var hasRandom = false
    var reader = KeyValueReader(text)
    while let pair = reader.next() {
      if pair.key.equals("src") || pair.key.equals("dst") {
        guard action.direction == .existing else {
          throw FlowTextError("May only specify one of \"src\" or \"dst\".")
        }
        action.direction = pair.key.equals("src") ? .source : .destination
        if !pair.value.isEmpty {
          guard NATRange.read(pair.value, into: &action) else {
            throw FlowTextError("invalid nat range \"\(pair.value.string)\"")
          }
        }
      } else if pair.key.equals("persistent") {
        action.isPersistent = true
      } else if pair.key.equals("hash") {
        hasHash = true
      } else if pair.key.equals("random") {
        hasRandom = true
      } else {
        throw FlowTextError("invalid key \"\(pair.key.string)\" in \"nat\" argument")
      }
    }
    let hasFlags = action.isPersistent || hasHash || hasRandom
    if hasFlags && action.direction == .existing {
      throw FlowTextError("Flags allowed only with \"src\" or \"dst\".")
    }
    if hasHash && hasRandom { throw FlowTextError("Both \"hash\" and \"random\" are not allowed.") }
    if hasHash { action.selection = .hash }
    if hasRandom { action.selection = .random }
    if action.addresses == .none {
      // Without a range the flags say nothing.
      action.selection = .unspecified
      action.isPersistent = false
    }
    return action
  }
}

/// `1.2.3.4-1.2.3.9:5-10`, or `[::1]-[::5]:5-10`.
private enum NATRange {
  static func read(_ text: TextBytes, into action: inout NATAction) -> Bool {
    let colons = text.reduce(0) { $0 + ($1 == UInt8(ascii: ":") ? 1 : 0) }
    let isIPv6 = text.first == UInt8(ascii: "[") || colons > 1
    var rest = text
    guard let first = takeAddress(&rest, isIPv6) else { return false }
    var last = first
    if rest.first == UInt8(ascii: "-") {
      rest = rest.dropFirst()
      guard let end = takeAddress(&rest, isIPv6) else { return false }
      last = end
    }
    guard first <= last else { return false }
    if rest.first == UInt8(ascii: ":") {
      guard readPorts(rest.dropFirst(), into: &action) else { return false }
      rest = rest[rest.endIndex...]
    }
    guard rest.isEmpty else { return false }
    action.addresses =
      isIPv6
      ? .ipv6(first, last)
      : .ipv4(UInt32(truncatingIfNeeded: first), UInt32(truncatingIfNeeded: last))
    return true
  }

  private static func takeAddress(_ rest: inout TextBytes, _ isIPv6: Bool) -> FieldValue? {
    var address: TextBytes
    if rest.first == UInt8(ascii: "[") {
      guard isIPv6, let close = rest.firstIndex(of: UInt8(ascii: "]")) else { return nil }
      address = rest[(rest.startIndex &+ 1)..<close]
      rest = rest[(close &+ 1)...]
    } else {
      let end = rest.firstIndex {
        $0 == UInt8(ascii: "-") || (!isIPv6 && $0 == UInt8(ascii: ":"))
      }
      address = rest[rest.startIndex..<(end ?? rest.endIndex)]
      rest = rest[(end ?? rest.endIndex)...]
    }
    if isIPv6 { return IPv6Address(utf8: address).map { FieldValue($0) } }
    return IPv4Address(utf8: address).map { FieldValue($0.rawValue) }
  }

  private static func readPorts(_ text: TextBytes, into action: inout NATAction) -> Bool {
    let parts = text.optionalSplit(at: UInt8(ascii: "-"))
    guard let first = wholeNumber(parts.before, base: 10), first <= 0xffff, first > 0 else { return false }
    action.minimumPort = UInt16(first)
    guard let lastText = parts.after else { return true }
    guard let last = wholeNumber(lastText, base: 10), last <= 0xffff, last >= first else { return false }
    action.maximumPort = UInt16(last)
    return true
  }
}
