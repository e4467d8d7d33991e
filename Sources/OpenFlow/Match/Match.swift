public import Datapath

/// What a rule matches: the bits of `key` where `mask` is one.
///
/// The key is zero wherever the mask is, so that equal rules have equal keys.
public struct Match: Equatable, Sendable {
  /// The values, zero where the mask is.
  public private(set) var key: FlowKey
  /// Which bits count.
  public private(set) var mask: FlowKey
  /// Matches on tunnel options by index, in the order of the indices.
  public private(set) var tunnelMetadata: [TunnelMetadataMatch] = []

  /// Matches every packet.
  public init() {
    key = FlowKey()
    mask = FlowKey()
  }

  /// Matches the bits of a key where a mask is one.
  public init(key: FlowKey, mask: FlowKey) {
    self.key = key
    self.mask = mask
    for index in 0..<FlowKey.wordCount { self.key.words[index] &= mask.words[index] }
  }

  /// Matches bits of some words of the key; a word may come more than once.
  ///
  /// The three lists are equally long, and the values are zero where the bits are.
  public init(places: [UInt8], bits: [UInt64], values: [UInt64]) {
    self.init()
    for index in 0..<places.count {
      mask.words[Int(places[index])] |= bits[index]
      key.words[Int(places[index])] |= values[index] & bits[index]
    }
  }

  /// Whether every packet matches.
  public var isCatchall: Bool {
    for index in 0..<FlowKey.wordCount where mask.words[index] != 0 { return false }
    return tunnelMetadata.isEmpty
  }

  /// The bits of a field that count.
  public func mask(of field: Field) -> FieldValue {
    let word = field.firstWord
    let words = mask.words.span
    return field.value(inWord: words[word], next: words[min(word &+ 1, FlowKey.wordCount &- 1)])
  }

  /// The value of a field, zero where its mask is.
  public func value(of field: Field) -> FieldValue {
    let word = field.firstWord
    let words = key.words.span
    return field.value(inWord: words[word], next: words[min(word &+ 1, FlowKey.wordCount &- 1)])
  }

  /// Matches a field exactly.
  public mutating func set(_ field: Field, _ value: FieldValue) { set(field, value, mask: field.validBits) }

  /// Matches those bits of a field that are one in `fieldMask`; with none, matches any value.
  ///
  /// A match on part of a VLAN tag is also a match on there being a tag, and the OpenFlow 1.0 VLAN 0xffff matches
  /// packets without one, as in OVS.
  public mutating func set(_ field: Field, _ value: FieldValue, mask fieldMask: FieldValue) {
    switch field.row.place {
    case .vlanID where fieldMask == 0, .vlanPriority where fieldMask == 0:
      unsetVLAN(field)
    case .vlanID where field == .dlVLAN && value & 0xffff == 0xffff:
      store(.vlanTCI, 0, mask: 0xffff)
    case .vlanID:
      let bits = fieldMask & 0xfff
      store(.vlanTCI, (value & bits) | 0x1000, mask: bits | 0x1000, keeping: 0xe000)
    case .vlanTag:
      store(.vlanTCI, value & fieldMask, mask: fieldMask & 0x1fff, keeping: 0xe000)
    case .vlanPriority:
      store(.vlanTCI, (value & 7) << 13 | 0x1000, mask: 0xf000, keeping: 0x0fff)
    case .legacyPort:
      let port = Field.port(legacy: UInt16(truncatingIfNeeded: value))
      store(.inPortOXM, FieldValue(port), mask: fieldMask == 0 ? 0 : 0xffff_ffff)
    case .arpOperation:
      store(.ipProtocol, value, mask: fieldMask == 0 ? 0 : 0xff)
    default:
      store(field, value, mask: fieldMask & field.validBits)
    }
  }

  /// Matches any value of part of a tag, and, with no other part left, whether there is a tag or not.
  private mutating func unsetVLAN(_ field: Field) {
    let part = field.row.place == .vlanPriority ? VLANBits.priority : VLANBits.id
    mask[.vlanTCI] &= ~part
    if mask[.vlanTCI] & ~VLANBits.present == 0 { mask[.vlanTCI] = 0 }
    key[.vlanTCI] &= mask[.vlanTCI]
  }

  /// Replaces the match on a plain field; the bits in `kept` stay as they were.
  private mutating func store(
    _ field: Field, _ value: FieldValue, mask fieldMask: FieldValue, keeping kept: FieldValue = 0
  ) {
    // The old value is read only where it is needed: to hand on the key would copy it.
    let oldMask = kept == 0 ? 0 : field.value(in: mask) & kept
    let oldValue = kept == 0 ? 0 : field.value(in: key) & kept
    field.set((fieldMask & ~kept) | oldMask, in: &mask)
    field.set((value & fieldMask & ~kept) | oldValue, in: &key)
  }

  /// Matches any value of a place of the key.
  mutating func clear(_ place: KeyPlace) {
    mask.clear(place)
    key.clear(place)
  }

  /// Matches a tunnel option, or any value of it if every byte of the mask is zero.
  public mutating func set(_ option: TunnelMetadataMatch) {
    tunnelMetadata.removeAll { $0.index == option.index }
    guard option.mask.contains(where: { $0 != 0 }) else { return }
    let place = tunnelMetadata.firstIndex { $0.index > option.index } ?? tunnelMetadata.count
    tunnelMetadata.insert(option, at: place)
  }

  /// Whether a packet with this key matches, tunnel options by index apart.
  public func matches(_ packet: borrowing FlowKey) -> Bool {
    for index in 0..<FlowKey.wordCount where packet.words[index] & mask.words[index] != key.words[index] {
      return false
    }
    return true
  }

  /// Whether every packet that this matches, `other` matches too.
  public func isWithin(_ other: Match) -> Bool {
    for index in 0..<FlowKey.wordCount {
      if other.mask.words[index] & ~mask.words[index] != 0 { return false }
      if key.words[index] & other.mask.words[index] != other.key.words[index] { return false }
    }
    return other.tunnelMetadata.allSatisfy { wanted in
      tunnelMetadata.contains { $0.isWithin(wanted) }
    }
  }

  /// Whether some packet could match both.
  public func overlaps(_ other: Match) -> Bool {
    for index in 0..<FlowKey.wordCount {
      let shared = mask.words[index] & other.mask.words[index]
      if (key.words[index] ^ other.key.words[index]) & shared != 0 { return false }
    }
    return true
  }
}

/// A match on a tunnel option by the index that a switch gave it.
public struct TunnelMetadataMatch: Equatable, Hashable, Sendable {
  /// The number in `tun_metadata0` to `tun_metadata63`.
  public var index: UInt8
  /// The value, as long as the mask, zero where the mask is.
  public var value: [UInt8]
  /// Which bits count.
  public var mask: [UInt8]

  /// Matches the bits of a value where a mask is one; the longer of the two is cut.
  public init(index: UInt8, value: [UInt8], mask: [UInt8]) {
    self.index = index
    self.mask = Array(mask.prefix(value.count))
    self.value = zip(value, mask).map { $0 & $1 }
  }

  func isWithin(_ other: TunnelMetadataMatch) -> Bool {
    guard index == other.index, mask.count == other.mask.count else { return false }
    for place in 0..<mask.count {
      if other.mask[place] & ~mask[place] != 0 { return false }
      if value[place] & other.mask[place] != other.value[place] { return false }
    }
    return true
  }
}
