public import Datapath

/// A run of bits of a field, as in `reg0[0..15]`.
public struct Subfield: Hashable, Sendable {
  /// The field.
  public var field: Field
  /// The lowest bit.
  public var offset: UInt16
  /// How many bits.
  public var bitCount: UInt16

  /// Some bits of a field.
  public init(_ field: Field, offset: Int, bitCount: Int) {
    self.field = field
    self.offset = UInt16(truncatingIfNeeded: offset)
    self.bitCount = UInt16(truncatingIfNeeded: bitCount)
  }

  /// A whole field.
  public init(_ field: Field) { self.init(field, offset: 0, bitCount: field.bitCount) }

  /// Whether these are all the bits of the field.
  public var isWholeField: Bool { offset == 0 && Int(bitCount) == field.bitCount }

  /// Whether there are any bits, all of them the field's.
  var isWithinField: Bool { bitCount > 0 && Int(offset) &+ Int(bitCount) <= field.bitCount }

  /// Ones in the place of the bits.
  public var mask: FieldValue {
    let ones: FieldValue = bitCount >= 128 ? ~0 : (1 << FieldValue(bitCount)) &- 1
    return ones << FieldValue(offset)
  }

  /// The value of the bits in a key.
  public func value(in key: borrowing FlowKey) -> FieldValue {
    (field.value(in: key) & mask) >> FieldValue(offset)
  }

  /// Writes the bits, as actions do.
  public func set(_ value: FieldValue, in key: inout FlowKey) {
    field.set(value << FieldValue(offset), mask: mask, in: &key)
  }

  /// Makes a mask see the bits.
  public func unwildcard(in mask: inout FlowKey) { field.unwildcard(self.mask, in: &mask) }
}
