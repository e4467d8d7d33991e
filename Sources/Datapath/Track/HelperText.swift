// The address and port that a control message announces, written anew after a translation.

import PacketWire

/// A few bytes of text.
struct HelperText: BitwiseCopyable {
  /// The longest text: an IPv6 address, a delimiter and a port.
  static var maximumByteCount: Int { 48 }

  private(set) var bytes = InlineArray<48, UInt8>(repeating: 0)
  private(set) var count = 0

  init() {}

  /// What stands in place of an announcement's address and port if they are others.
  init(_ finding: HelperFinding, addressHigh: UInt64, addressLow: UInt64, port: UInt16) {
    switch finding.form {
    case .none: break
    case .numbers:
      for index in 0..<4 {
        append(decimal: UInt32(truncatingIfNeeded: addressLow >> UInt64(24 &- 8 &* index) & 0xff))
        append(UInt8(ascii: ","))
      }
      append(decimal: UInt32(port >> 8))
      append(UInt8(ascii: ","))
      append(decimal: UInt32(port & 0xff))
    case .extended:
      if finding.isIPv6 {
        append(IPv6Address(high: addressHigh, low: addressLow))
      } else {
        append(quad: addressLow)
      }
      append(finding.delimiter)
      append(decimal: UInt32(port))
    case .port: append(decimal: UInt32(port))
    }
  }

  private mutating func append(_ byte: UInt8) {
    guard count < bytes.count else { return }
    bytes[count] = byte
    count &+= 1
  }

  private mutating func append(quad address: UInt64) {
    for index in 0..<4 {
      if index > 0 { append(UInt8(ascii: ".")) }
      append(decimal: UInt32(truncatingIfNeeded: address >> UInt64(24 &- 8 &* index) & 0xff))
    }
  }

  private mutating func append(decimal value: UInt32) {
    var divisor: UInt32 = 10_000
    var hasBegun = false
    while divisor > 0 {
      let digit = value / divisor % 10
      if digit != 0 || hasBegun || divisor == 1 {
        append(UInt8(truncatingIfNeeded: 0x30 &+ digit))
        hasBegun = true
      }
      divisor /= 10
    }
  }

  private mutating func append(hexadecimal value: UInt16) {
    var hasBegun = false
    for index in 0..<4 {
      let digit = UInt8(truncatingIfNeeded: value >> UInt16(12 &- 4 &* index) & 0xf)
      if digit != 0 || hasBegun || index == 3 {
        append(digit < 10 ? 0x30 &+ digit : 0x57 &+ digit)
        hasBegun = true
      }
    }
  }

  /// RFC 5952, section 4, but that embedded IPv4 addresses are not told apart.
  private mutating func append(_ address: IPv6Address) {
    func group(_ index: Int) -> UInt16 {
      let half = index < 4 ? address.high : address.low
      return UInt16(truncatingIfNeeded: half >> UInt64(48 &- 16 &* (index & 3)))
    }
    var longest = (start: 8, count: 1)
    var start = 0
    while start < 8 {
      var end = start
      while end < 8, group(end) == 0 { end &+= 1 }
      if end &- start > longest.count { longest = (start, end &- start) }
      start = max(end, start &+ 1)
    }
    var index = 0
    while index < 8 {
      if index == longest.start {
        append(UInt8(ascii: ":"))
        if index == 0 { append(UInt8(ascii: ":")) }
        index &+= longest.count
        continue
      }
      append(hexadecimal: group(index))
      index &+= 1
      if index < 8 { append(UInt8(ascii: ":")) }
    }
  }
}
