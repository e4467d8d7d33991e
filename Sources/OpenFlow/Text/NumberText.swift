// Numbers as C's strtoul reads them, base 0: decimal, 0x for hexadecimal, a leading 0 for octal.

import Datapath

/// What came of reading a number.
enum NumberResult: Equatable {
  /// The number, and where the text goes on after it.
  case number(FieldValue, end: Int)
  /// There is no number here.
  case missing
  /// The number has more than `limit` bits.
  case tooLarge
}

/// Reads a number that does not exceed a number of bits, with an optional sign.
func readNumber(_ text: TextBytes, bitCount: Int, base: Int = 0) -> NumberResult {
  var index = text.startIndex
  while index < text.endIndex && isSpace(text[index]) { index &+= 1 }
  var isNegative = false
  if index < text.endIndex && (text[index] == UInt8(ascii: "-") || text[index] == UInt8(ascii: "+")) {
    isNegative = text[index] == UInt8(ascii: "-")
    index &+= 1
  }
  var radix = base == 0 ? 10 : base
  if base == 0 && index < text.endIndex && text[index] == UInt8(ascii: "0") {
    let next = index &+ 1
    let afterNext = index &+ 2
    if afterNext < text.endIndex && text[next] | 0x20 == UInt8(ascii: "x") && hexDigit(text[afterNext]) != nil
    {
      radix = 16
      index = afterNext
    } else {
      radix = 8
    }
  }
  let start = index
  let limit: FieldValue = bitCount >= 128 ? ~0 : (1 << FieldValue(bitCount)) &- 1
  var value: FieldValue = 0
  var isTooLarge = false
  while index < text.endIndex, let digit = hexDigit(text[index]), Int(digit) < radix {
    let (product, productOverflows) = value.multipliedReportingOverflow(by: FieldValue(radix))
    let (sum, sumOverflows) = product.addingReportingOverflow(FieldValue(digit))
    if productOverflows || sumOverflows || sum > limit { isTooLarge = true }
    value = sum
    index &+= 1
  }
  guard index > start else { return .missing }
  guard !isTooLarge else { return .tooLarge }
  return .number(isNegative ? (0 &- value) & limit : value, end: index)
}

/// A number that takes up the whole text, at most 64 bits; nil if it does not.
func wholeNumber(_ text: TextBytes, base: Int = 0) -> UInt64? {
  guard case .number(let value, let end) = readNumber(text, bitCount: 64, base: base), end == text.endIndex
  else {
    return nil
  }
  return UInt64(truncatingIfNeeded: value)
}

/// A number of 8 bits.
func parseUInt8(_ text: TextBytes, _ name: String) throws(FlowTextError) -> UInt8 {
  guard let value = wholeNumber(text), value <= 0xff else {
    throw FlowTextError("invalid \(name) \"\(text.string)\"")
  }
  return UInt8(truncatingIfNeeded: value)
}

/// A number of 16 bits.
func parseUInt16(_ text: TextBytes, _ name: String) throws(FlowTextError) -> UInt16 {
  guard let value = wholeNumber(text), value <= 0xffff else {
    throw FlowTextError("invalid \(name) \"\(text.string)\"")
  }
  return UInt16(truncatingIfNeeded: value)
}

/// A number of 32 bits; of a longer one, the low 32 bits.
func parseUInt32(_ text: TextBytes) throws(FlowTextError) -> UInt32 {
  UInt32(truncatingIfNeeded: try parseUInt64(text))
}

/// A number of 64 bits.
func parseUInt64(_ text: TextBytes) throws(FlowTextError) -> UInt64 {
  guard !text.isEmpty else { throw FlowTextError("missing required numeric argument") }
  guard let value = wholeNumber(text) else { throw FlowTextError("invalid numeric format \(text.string)") }
  return value
}
