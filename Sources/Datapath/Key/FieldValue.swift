// Reading and writing fields of a flow key.

/// Bits of the VLAN TCI word of a key.
enum VLANBits {
  static let present: UInt64 = 0x1000
  static let id: UInt64 = 0x0fff
  static let priority: UInt64 = 0xe000
  static let word = 2
}

/// The part of a field's row that reading and writing needs, without anything to retain.
struct FieldLayout: Sendable {
  enum Kind: Sendable { case narrow, wide, legacyPort, vlanID, vlanTag, vlanPriority, arpOperation, none }

  let kind: Kind
  let word: UInt8
  let shift: UInt8
  let validBits: FieldValue

  /// The layouts of all fields, indexed by their numbers.
  static let all: [FieldLayout] = FieldTable.rows.map { FieldLayout($0) }

  private init(_ row: FieldRow) {
    let ones: FieldValue = row.bitCount >= 128 ? ~0 : (1 << FieldValue(row.bitCount)) &- 1
    var place = (kind: Kind.none, word: UInt8(0), shift: UInt8(0))
    var bits = ones
    switch row.place {
    case .bits(let word, let shift):
      place = (row.bitCount > 64 ? .wide : .narrow, word, shift)
      // The lower two bits of the traffic class byte are another field's.
      if row.name == "nw_tos" { bits = 0xfc }
    case .legacyPort: place.kind = .legacyPort
    case .vlanID: place = (.vlanID, UInt8(VLANBits.word), 0)
    case .vlanTag:
      place = (.vlanTag, UInt8(VLANBits.word), 0)
      bits = 0x1fff
    case .vlanPriority: place = (.vlanPriority, UInt8(VLANBits.word), 0)
    case .arpOperation:
      place = (.arpOperation, 4, 0)
      bits = 0xff
    case .tunnelMetadata: break
    }
    kind = place.kind
    word = place.word
    shift = place.shift
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
  public var firstWord: Int { Int(layout.word) }

  /// The field's value, given its first word of a key and the word after it.
  ///
  /// To hand on words where a key is at hand spares the copy that handing on the key can cost.
  public func value(inWord word: UInt64, next: UInt64) -> FieldValue {
    let layout = self.layout
    switch layout.kind {
    case .narrow: return FieldValue(word >> UInt64(layout.shift)) & layout.validBits
    case .wide: return FieldValue(word) << 64 | FieldValue(next)
    case .legacyPort: return FieldValue(Field.legacyPort(UInt32(truncatingIfNeeded: word >> 32)))
    case .vlanID: return FieldValue(word & VLANBits.id)
    case .vlanTag: return FieldValue(word & (VLANBits.id | VLANBits.present))
    case .vlanPriority: return FieldValue((word & VLANBits.priority) >> 13)
    case .arpOperation: return FieldValue(word >> 56)
    case .none: return 0
    }
  }

  /// Writes the field, as an action that sets it does: to set part of a VLAN tag is to have the tag.
  public func set(_ value: FieldValue, in key: inout FlowKey) {
    let layout = self.layout
    let low = UInt64(truncatingIfNeeded: value)
    switch layout.kind {
    case .narrow:
      let bits = UInt64(truncatingIfNeeded: layout.validBits) << UInt64(layout.shift)
      let word = Int(layout.word)
      key.words[word] = (key.words[word] & ~bits) | (low << UInt64(layout.shift)) & bits
    case .wide:
      key.words[Int(layout.word)] = UInt64(truncatingIfNeeded: value >> 64)
      key.words[Int(layout.word) &+ 1] = low
    case .legacyPort:
      let port = UInt64(Field.port(legacy: UInt16(truncatingIfNeeded: low)))
      key.words[0] = key.words[0] & 0xffff_ffff | port << 32
    case .vlanID:
      let others = key.words[VLANBits.word] & ~(VLANBits.id | VLANBits.present)
      key.words[VLANBits.word] = others | (low & VLANBits.id) | VLANBits.present
    case .vlanTag:
      let bits = VLANBits.id | VLANBits.present
      key.words[VLANBits.word] = (key.words[VLANBits.word] & ~bits) | (low & bits)
    case .vlanPriority:
      let others = key.words[VLANBits.word] & ~(VLANBits.priority | VLANBits.present)
      key.words[VLANBits.word] = others | (low & 7) << 13 | VLANBits.present
    case .arpOperation:
      key.words[4] = key.words[4] & ~(0xff << 56) | low << 56
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
      FlowKey.portMask(&mask)
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

extension FlowKey {
  static func portMask(_ mask: inout FlowKey) { mask.words[0] |= 0xffff_ffff_0000_0000 }
}
