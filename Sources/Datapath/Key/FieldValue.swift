// Reading and writing fields of a flow key.

/// Bits of the VLAN TCI word of a key.
enum VLANBits {
  static let present: UInt64 = 0x1000
  static let id: UInt64 = 0x0fff
  static let priority: UInt64 = 0xe000
  static let word = 2
}

extension Field {
  /// The field's value in a key, or its mask if the key is a mask.
  public func value(in key: borrowing FlowKey) -> FieldValue {
    let row = self.row
    switch row.place {
    case .bits(let word, let shift):
      if row.bitCount > 64 {
        return FieldValue(key.words[Int(word)]) << 64 | FieldValue(key.words[Int(word) &+ 1])
      }
      let bits = FieldValue(key[word: Int(word), shift: Int(shift), bitCount: Int(row.bitCount)])
      return bits & validBits
    case .legacyPort:
      return FieldValue(Field.legacyPort(UInt32(truncatingIfNeeded: key.words[0] >> 32)))
    case .vlanID:
      return FieldValue(key.words[VLANBits.word] & VLANBits.id)
    case .vlanTag:
      return FieldValue(key.words[VLANBits.word] & (VLANBits.id | VLANBits.present))
    case .vlanPriority:
      return FieldValue((key.words[VLANBits.word] & VLANBits.priority) >> 13)
    case .arpOperation:
      return FieldValue(key[word: 4, shift: 56, bitCount: 8])
    case .tunnelMetadata:
      return 0
    }
  }

  /// Writes the field, as an action that sets it does: to set part of a VLAN tag is to have the tag.
  public func set(_ value: FieldValue, in key: inout FlowKey) {
    let row = self.row
    let low = UInt64(truncatingIfNeeded: value)
    switch row.place {
    case .bits(let word, let shift):
      if row.bitCount > 64 {
        key.words[Int(word)] = UInt64(truncatingIfNeeded: value >> 64)
        key.words[Int(word) &+ 1] = low
      } else if self == .ipTOS {
        key[word: 4, shift: 50, bitCount: 6] = low >> 2
      } else {
        key[word: Int(word), shift: Int(shift), bitCount: Int(row.bitCount)] = low
      }
    case .legacyPort:
      key[word: 0, shift: 32, bitCount: 32] = UInt64(Field.port(legacy: UInt16(truncatingIfNeeded: low)))
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
      key[word: 4, shift: 56, bitCount: 8] = low
    case .tunnelMetadata:
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
