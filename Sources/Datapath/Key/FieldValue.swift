// Reading and writing fields of a flow key.

/// Bits of a tag's control information, as the key has it.
public enum VLANBits {
  /// Whether there is a tag.
  @inlinable public static var present: UInt64 { 0x1000 }
  /// The VLAN identifier.
  @inlinable public static var id: UInt64 { 0x0fff }
  /// The priority.
  @inlinable public static var priority: UInt64 { 0xe000 }
}

/// The part of a field's row that reading and writing needs, without anything to retain.
struct FieldLayout: Sendable {
  enum Kind: Sendable { case narrow, wide, legacyPort, vlanID, vlanTag, vlanPriority, arpOperation, none }

  let kind: Kind
  let place: KeyPlace
  let validBits: FieldValue

  /// The layouts of all fields, indexed by their numbers.
  static let all: [FieldLayout] = FieldTable.rows.map { FieldLayout($0) }

  private init(_ row: FieldRow) {
    var place = KeyPlace.inPort
    var bits: FieldValue = row.bitCount >= 128 ? ~0 : (1 << FieldValue(row.bitCount)) &- 1
    switch row.place {
    case .at(let plain):
      kind = plain.bitCount > 64 ? .wide : .narrow
      place = plain
    case .trafficClass:
      kind = .narrow
      place = .ipTOS
      bits = 0xfc
    case .legacyPort: kind = .legacyPort
    case .vlanID:
      kind = .vlanID
      place = .vlanTCI
    case .vlanTag:
      kind = .vlanTag
      place = .vlanTCI
      bits = 0x1fff
    case .vlanPriority:
      kind = .vlanPriority
      place = .vlanTCI
    case .arpOperation:
      kind = .arpOperation
      place = .ipProtocol
      bits = 0xff
    case .tunnelMetadata: kind = .none
    }
    self.place = place
    validBits = bits
  }
}

extension Field {
  /// The field's value in a key, or its mask if the key is a mask.
  public func value(in key: borrowing FlowKey) -> FieldValue {
    let word = firstWord
    return value(inWord: key.words[word], next: key.words[min(word &+ 1, FlowKey.wordCount &- 1)])
  }

  /// The word of a key that holds the field, or the first of two.
  public var firstWord: Int { layout.place.word }

  /// The field's value, given its first word of a key and the word after it.
  ///
  /// To hand on words where a key is at hand spares the copy that handing on the key can cost.
  public func value(inWord word: UInt64, next: UInt64) -> FieldValue {
    let layout = self.layout
    switch layout.kind {
    case .narrow: return FieldValue(word >> UInt64(layout.place.shift)) & layout.validBits
    case .wide: return FieldValue(word) << 64 | FieldValue(next)
    case .legacyPort:
      return FieldValue(Field.legacyPort(UInt32(truncatingIfNeeded: layout.place.value(inWord: word))))
    case .vlanID: return FieldValue(layout.place.value(inWord: word) & VLANBits.id)
    case .vlanTag: return FieldValue(layout.place.value(inWord: word) & (VLANBits.id | VLANBits.present))
    case .vlanPriority: return FieldValue(layout.place.value(inWord: word) >> 13)
    case .arpOperation: return FieldValue(layout.place.value(inWord: word))
    case .none: return 0
    }
  }

  /// Writes the field, as an action that sets it does: to set part of a VLAN tag is to have the tag.
  public func set(_ value: FieldValue, in key: inout FlowKey) {
    let layout = self.layout
    let low = UInt64(truncatingIfNeeded: value)
    switch layout.kind {
    case .narrow:
      let shift = UInt64(layout.place.shift)
      let bits = UInt64(truncatingIfNeeded: layout.validBits) << shift
      let word = layout.place.word
      key.words[word] = (key.words[word] & ~bits) | (low << shift) & bits
    case .wide: key[wide: layout.place] = value
    case .legacyPort: key[layout.place] = UInt64(Field.port(legacy: UInt16(truncatingIfNeeded: low)))
    case .vlanID: key[.vlanTCI] = key[.vlanTCI] & ~VLANBits.id | (low & VLANBits.id) | VLANBits.present
    case .vlanTag:
      let bits = VLANBits.id | VLANBits.present
      key[.vlanTCI] = key[.vlanTCI] & ~bits | (low & bits)
    case .vlanPriority:
      key[.vlanTCI] = key[.vlanTCI] & ~VLANBits.priority | (low & 7) << 13 | VLANBits.present
    case .arpOperation: key[layout.place] = low
    case .none:
      break
    }
  }

  /// Writes those bits of the field that are one in `mask`.
  public func set(_ value: FieldValue, mask: FieldValue, in key: inout FlowKey) {
    let old = self.value(in: key)
    set((old & ~mask) | (value & mask), in: &key)
  }

  /// Makes a mask see the bits of the field that are one in `bits`, besides what it sees already.
  public func unwildcard(_ bits: FieldValue, in mask: inout FlowKey) {
    guard bits != 0 else { return }
    if self == .inPort {
      mask.fill(.inPort)
    } else {
      set(value(in: mask) | bits, in: &mask)
    }
  }

  /// Makes a mask see the whole field.
  public func unwildcard(in mask: inout FlowKey) { unwildcard(validBits, in: &mask) }

  /// The OpenFlow 1.0 number of a port, whose reserved numbers begin at 0xff00.
  public static func legacyPort(_ port: UInt32) -> UInt16 {
    if port < 0xff00 || port >= 0xffff_ff00 { return UInt16(truncatingIfNeeded: port) }
    return 0xffff
  }

  /// The port with an OpenFlow 1.0 number.
  public static func port(legacy: UInt16) -> UInt32 {
    legacy < 0xff00 ? UInt32(legacy) : 0xffff_0000 | UInt32(legacy)
  }
}
