import Datapath
import PacketWire

/// Builds text as bytes.
struct TextWriter {
  var bytes: [UInt8] = []

  mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

  mutating func append(_ byte: UInt8) { bytes.append(byte) }

  /// Takes back a blank at the end.
  mutating func removeBlank() { if bytes.last == 0x20 { bytes.removeLast() } }

  mutating func decimal(_ value: some UnsignedInteger & FixedWidthInteger) { digits(UInt64(value), 10, 1) }

  /// A number in decimal, however wide.
  mutating func decimal(wide value: FieldValue) {
    if value >> 64 == 0 {
      digits(UInt64(truncatingIfNeeded: value), 10, 1)
    } else {
      append(value.description)
    }
  }

  /// Hexadecimal digits without `0x`, at least `digitCount` of them.
  mutating func hexDigits(_ value: some UnsignedInteger & FixedWidthInteger, _ digitCount: Int = 1) {
    digits(UInt64(value), 16, digitCount)
  }

  /// `0x` and hexadecimal digits.
  mutating func hex(_ value: some UnsignedInteger & FixedWidthInteger, _ digitCount: Int = 1) {
    append("0x")
    digits(UInt64(value), 16, digitCount)
  }

  /// `0x` and hexadecimal digits, of a number that may have 128 bits.
  mutating func hex(wide value: FieldValue) {
    append("0x")
    if value >> 64 != 0 {
      digits(UInt64(truncatingIfNeeded: value >> 64), 16, 1)
      digits(UInt64(truncatingIfNeeded: value), 16, 16)
    } else {
      digits(UInt64(truncatingIfNeeded: value), 16, 1)
    }
  }

  /// As C's `%#x`: zero has no `0x`.
  mutating func alternateHex(_ value: UInt64) {
    if value == 0 { append(UInt8(ascii: "0")) } else { hex(value) }
  }

  /// As C's `%#x`, of a number that may have 128 bits.
  mutating func alternateHex(wide value: FieldValue) {
    if value == 0 { append(UInt8(ascii: "0")) } else { hex(wide: value) }
  }

  mutating func ethernet(_ address: UInt64) { MACAddress(address).write(to: &bytes) }

  mutating func ipv4(_ address: UInt32) { IPv4Address(address).write(to: &bytes) }

  mutating func ipv6(_ address: FieldValue) {
    let high = UInt64(truncatingIfNeeded: address >> 64)
    IPv6Address(high: high, low: UInt64(truncatingIfNeeded: address)).write(to: &bytes)
  }

  /// Removes a comma from the end.
  mutating func dropComma() { if bytes.last == UInt8(ascii: ",") { bytes.removeLast() } }

  private mutating func digits(_ value: UInt64, _ radix: UInt64, _ minimumCount: Int) {
    let start = bytes.count
    var rest = value
    var count = 0
    while rest != 0 || count < max(minimumCount, 1) {
      let digit = UInt8(truncatingIfNeeded: rest % radix)
      bytes.append(digit < 10 ? 0x30 &+ digit : 0x57 &+ digit)
      rest /= radix
      count &+= 1
    }
    bytes[start...].reverse()
  }
}
