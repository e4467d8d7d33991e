/// A cursor over the UTF-8 bytes of an address in text.
struct TextReader: ~Escapable {
  private let bytes: Span<UInt8>
  private(set) var position = 0

  @_lifetime(copy bytes)
  init(_ bytes: Span<UInt8>) { self.bytes = bytes }

  var isAtEnd: Bool { position >= bytes.count }

  /// The byte `distance` places ahead, if there is one.
  func peek(_ distance: Int = 0) -> UInt8? {
    position + distance < bytes.count ? bytes[position + distance] : nil
  }

  /// Takes the byte if it comes next.
  mutating func take(_ byte: UInt8) -> Bool {
    guard peek() == byte else { return false }
    position += 1
    return true
  }

  /// Goes back to an earlier position.
  mutating func rewind(to position: Int) { self.position = position }

  /// Takes a hexadecimal number of one to `maximumDigitCount` (at most 8) digits.
  mutating func hexadecimal(maximumDigitCount: Int) -> UInt32? {
    var value: UInt32 = 0
    var digitCount = 0
    while let byte = peek(), let digit = hexadecimalValue(byte) {
      digitCount += 1
      guard digitCount <= maximumDigitCount else { return nil }
      value = value << 4 | UInt32(digit)
      position += 1
    }
    return digitCount > 0 ? value : nil
  }

  /// Takes a decimal number of at most `maximum` without leading zeros.
  mutating func decimal(maximum: UInt32) -> UInt32? {
    guard let first = peek(), isDecimalDigit(first) else { return nil }
    var value: UInt32 = 0
    let start = position
    while let byte = peek(), isDecimalDigit(byte) {
      guard position == start || value != 0 else { return nil }
      value = value &* 10 &+ UInt32(byte &- UInt8(ascii: "0"))
      guard value <= maximum else { return nil }
      position += 1
    }
    return value
  }
}

func isDecimalDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

/// The value of a hexadecimal digit in either case.
func hexadecimalValue(_ byte: UInt8) -> UInt8? {
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "9"): byte &- UInt8(ascii: "0")
  case UInt8(ascii: "a")...UInt8(ascii: "f"): byte &- UInt8(ascii: "a") &+ 10
  case UInt8(ascii: "A")...UInt8(ascii: "F"): byte &- UInt8(ascii: "A") &+ 10
  default: nil
  }
}

/// The digit for the low four bits of a byte.
func lowercaseHexadecimalDigit(_ value: UInt8) -> UInt8 {
  let nibble = value & 15
  return nibble < 10 ? UInt8(ascii: "0") &+ nibble : UInt8(ascii: "a") &+ nibble &- 10
}

/// Appends a number in decimal to a row of UTF-8 bytes.
func appendDecimal(_ number: UInt32, to text: inout [UInt8]) {
  var divisor: UInt32 = 1
  while number / divisor >= 10 { divisor = divisor &* 10 }
  while divisor > 0 {
    text.append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: number / divisor % 10))
    divisor /= 10
  }
}

/// Appends a number in hexadecimal without leading zeros to a row of UTF-8 bytes.
func appendHexadecimal(_ number: UInt16, to text: inout [UInt8]) {
  var shift: UInt16 = 12
  while shift > 0, number >> shift == 0 { shift -= 4 }
  while true {
    text.append(lowercaseHexadecimalDigit(UInt8(truncatingIfNeeded: number >> shift)))
    if shift == 0 { return }
    shift -= 4
  }
}
