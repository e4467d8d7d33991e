/// A 48-bit Ethernet address, held in the low bits of a word in host order.
public struct MACAddress: Hashable, Sendable, BitwiseCopyable {
  /// The address as an integer: the first byte on the wire is bits 47 to 40.
  public let rawValue: UInt64

  /// Makes an address from the low 48 bits of an integer.
  @inlinable
  public init(_ rawValue: UInt64) { self.rawValue = rawValue & 0xffff_ffff_ffff }

  /// The address of every station, `ff:ff:ff:ff:ff:ff`.
  @inlinable
  public static var broadcast: MACAddress { MACAddress(0xffff_ffff_ffff) }

  /// The address `00:00:00:00:00:00`.
  @inlinable
  public static var zero: MACAddress { MACAddress(0) }

  /// Whether the address names every station.
  @inlinable
  public var isBroadcast: Bool { rawValue == 0xffff_ffff_ffff }

  /// Whether the address names a group of stations, as the broadcast address does too.
  @inlinable
  public var isMulticast: Bool { rawValue & 0x0100_0000_0000 != 0 }

  /// Whether every bit is zero.
  @inlinable
  public var isZero: Bool { rawValue == 0 }

  /// Whether the address is one that a bridge consumes and does not forward (IEEE 802.1D, table 7-10).
  @inlinable
  public var isBridgeGroup: Bool { rawValue & 0xffff_ffff_fff0 == 0x0180_c200_0000 }

  /// The group address that carries an IPv6 multicast destination (RFC 2464, section 7).
  @inlinable
  public static func multicast(for address: IPv6Address) -> MACAddress {
    MACAddress(0x3333_0000_0000 | (address.low & 0xffff_ffff))
  }

  /// The group address that carries an IPv4 multicast destination (RFC 1112, section 6.4).
  @inlinable
  public static func multicast(for address: IPv4Address) -> MACAddress {
    MACAddress(0x0100_5e00_0000 | UInt64(address.rawValue & 0x7f_ffff))
  }
}

extension MACAddress: Comparable {
  /// Orders addresses as integers.
  @inlinable
  public static func < (left: MACAddress, right: MACAddress) -> Bool { left.rawValue < right.rawValue }
}

extension MACAddress: CustomStringConvertible {
  /// Reads six groups of one or two hexadecimal digits separated by colons.
  public init?(utf8: Span<UInt8>) {
    var reader = TextReader(utf8)
    var value: UInt64 = 0
    for group in 0..<6 {
      if group > 0, !reader.take(UInt8(ascii: ":")) { return nil }
      guard let byte = reader.hexadecimal(maximumDigitCount: 2) else { return nil }
      value = value << 8 | UInt64(byte)
    }
    guard reader.isAtEnd else { return nil }
    self.init(value)
  }

  /// Reads six groups of one or two hexadecimal digits separated by colons.
  public init?(utf8: some Sequence<UInt8>) {
    let bytes = Array(utf8)
    self.init(utf8: bytes.span)
  }

  /// Reads six groups of one or two hexadecimal digits separated by colons.
  public init?(_ text: String) { self.init(utf8: text.utf8) }

  /// Appends the text, as `00:23:20:ab:cd:ef`, to a row of UTF-8 bytes.
  public func write(to text: inout [UInt8]) {
    for group in 0..<6 {
      if group > 0 { text.append(UInt8(ascii: ":")) }
      let byte = UInt8(truncatingIfNeeded: rawValue >> UInt64(40 &- 8 &* group))
      text.append(lowercaseHexadecimalDigit(byte >> 4))
      text.append(lowercaseHexadecimalDigit(byte & 15))
    }
  }

  /// The text, as `00:23:20:ab:cd:ef`.
  public var description: String {
    var text: [UInt8] = []
    write(to: &text)
    return String(decoding: text, as: UTF8.self)
  }
}
