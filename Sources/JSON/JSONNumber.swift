// Numbers (RFC 8259, section 6).

extension JSONParser {
  /// Reads a number, whose sign or first digit is the next byte.
  ///
  /// The token reaches as far as its bytes could belong to any number, so that `1-2` is one wrong number.
  mutating func number() throws(JSONError) -> JSONValue {
    let first = position
    var index = first
    var isIntegral = true
    var significand: UInt64 = 0
    var isExact = true
    while position < end, bytes[position].isNumberByte { position += 1 }
    let last = position

    let isNegative = bytes[index] == UInt8(ascii: "-")
    if isNegative { index += 1 }
    guard index < last, bytes[index].isDigit else {
      throw error("'-' must be followed by digit", at: last)
    }
    if bytes[index] == UInt8(ascii: "0"), index + 1 < last, bytes[index + 1].isDigit {
      throw error("leading zeros not allowed", at: last)
    }
    let integerPart = digits(from: &index, to: last, into: &significand, isExact: &isExact)
    _ = integerPart
    var exponent = 0
    if index < last, bytes[index] == UInt8(ascii: ".") {
      index += 1
      isIntegral = false
      let count = digits(from: &index, to: last, into: &significand, isExact: &isExact)
      guard count > 0 else { throw error("decimal point must be followed by digit", at: last) }
      exponent -= count
    }
    if index < last, bytes[index] | 0x20 == UInt8(ascii: "e") {
      index += 1
      isIntegral = false
      exponent += try self.exponent(from: &index, to: last)
    }
    guard index == last else { throw error("syntax error in number", at: last) }

    if isExact {
      if isIntegral, let value = signed(significand, isNegative: isNegative) { return .integer(value) }
      if !isIntegral, let value = scaled(significand, exponent: exponent),
        let value = signed(value, isNegative: isNegative)
      {
        return .integer(value)
      }
    }
    return try real(from: first, to: last)
  }

  private func digits(
    from index: inout Int, to last: Int, into significand: inout UInt64, isExact: inout Bool
  ) -> Int {
    let first = index
    while index < last, bytes[index].isDigit {
      let (product, productOverflow) = significand.multipliedReportingOverflow(by: 10)
      let (sum, sumOverflow) = product.addingReportingOverflow(UInt64(bytes[index] - UInt8(ascii: "0")))
      if productOverflow || sumOverflow { isExact = false } else { significand = sum }
      index += 1
    }
    return index - first
  }

  /// Exponents beyond this are refused.
  private static var exponentLimit: Int { 1_000_000 }

  private func exponent(from index: inout Int, to last: Int) throws(JSONError) -> Int {
    var isNegative = false
    if index < last, bytes[index] == UInt8(ascii: "-") || bytes[index] == UInt8(ascii: "+") {
      isNegative = bytes[index] == UInt8(ascii: "-")
      index += 1
    }
    guard index < last, bytes[index].isDigit else {
      throw error("exponent must contain at least one digit", at: last)
    }
    var value = 0
    while index < last, bytes[index].isDigit {
      value = value * 10 + Int(bytes[index] - UInt8(ascii: "0"))
      guard value < Self.exponentLimit else { throw error("exponent outside valid range", at: last) }
      index += 1
    }
    return isNegative ? -value : value
  }

  /// The significand times a power of ten, if that is a whole number of 64 bits.
  private func scaled(_ significand: UInt64, exponent: Int) -> UInt64? {
    var value = significand
    guard value != 0 else { return 0 }
    var exponent = exponent
    while exponent < 0 {
      guard value % 10 == 0 else { return nil }
      value /= 10
      exponent += 1
    }
    while exponent > 0 {
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      guard !overflow else { return nil }
      value = product
      exponent -= 1
    }
    return value
  }

  private func signed(_ magnitude: UInt64, isNegative: Bool) -> Int64? {
    if isNegative {
      return magnitude <= 1 << 63 ? Int64(truncatingIfNeeded: 0 &- magnitude) : nil
    }
    return Int64(exactly: magnitude)
  }

  private func real(from first: Int, to last: Int) throws(JSONError) -> JSONValue {
    let text = String(decoding: bytes[first..<last], as: UTF8.self)
    guard let value = Double(text), value.isFinite else {
      throw error("number outside valid range", at: last)
    }
    // Less than the least number there is: zero, as an integer.
    return value == 0 ? .integer(0) : .real(value)
  }
}

extension UInt8 {
  fileprivate var isNumberByte: Bool {
    switch self {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."),
      UInt8(ascii: "e"), UInt8(ascii: "E"):
      true
    default: false
    }
  }
}
