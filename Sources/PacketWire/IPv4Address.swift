/// An IPv4 address, or a mask over one, in host order.
public struct IPv4Address: Hashable, Sendable, BitwiseCopyable {
  /// The address as an integer: `10.0.0.1` is `0x0a000001`.
  public let rawValue: UInt32

  /// Makes an address from an integer.
  @inlinable
  public init(_ rawValue: UInt32) { self.rawValue = rawValue }

  /// Makes an address from its four bytes as written.
  @inlinable
  public init(_ first: UInt8, _ second: UInt8, _ third: UInt8, _ fourth: UInt8) {
    rawValue = UInt32(first) << 24 | UInt32(second) << 16 | UInt32(third) << 8 | UInt32(fourth)
  }

  /// Makes the network mask of a prefix of 0 to 32 bits; a longer prefix counts as 32.
  @inlinable
  public init(prefixLength: Int) {
    rawValue = prefixLength <= 0 ? 0 : prefixLength >= 32 ? ~0 : ~0 << UInt32(32 &- prefixLength)
  }

  /// The address `0.0.0.0`.
  @inlinable
  public static var zero: IPv4Address { IPv4Address(0) }

  /// The address `255.255.255.255`: all stations of the link, or the mask of one address.
  @inlinable
  public static var broadcast: IPv4Address { IPv4Address(~0) }

  /// The length in bits of the prefix that this mask selects, or nil if it is no network mask.
  @inlinable
  public var prefixLength: Int? {
    let count = (~rawValue).leadingZeroBitCount
    return IPv4Address(prefixLength: count) == self ? count : nil
  }

  /// Whether every bit is zero.
  @inlinable
  public var isZero: Bool { rawValue == 0 }

  /// Whether the address is in `224.0.0.0/4`.
  @inlinable
  public var isMulticast: Bool { rawValue >> 28 == 0xe }

  /// The bits of an address that a mask selects.
  @inlinable
  public static func & (left: IPv4Address, right: IPv4Address) -> IPv4Address {
    IPv4Address(left.rawValue & right.rawValue)
  }
}

extension IPv4Address: Comparable {
  /// Orders addresses as integers.
  @inlinable
  public static func < (left: IPv4Address, right: IPv4Address) -> Bool { left.rawValue < right.rawValue }
}

extension IPv4Address: CustomStringConvertible {
  /// Reads four decimal numbers without leading zeros separated by dots.
  public init?(utf8: Span<UInt8>) {
    var reader = TextReader(utf8)
    guard let address = IPv4Address(reading: &reader), reader.isAtEnd else { return nil }
    self = address
  }

  /// Reads four decimal numbers without leading zeros separated by dots.
  public init?(utf8: some Sequence<UInt8>) {
    let bytes = Array(utf8)
    self.init(utf8: bytes.span)
  }

  /// Reads four decimal numbers without leading zeros separated by dots.
  public init?(_ text: String) { self.init(utf8: text.utf8) }

  init?(reading reader: inout TextReader) {
    var value: UInt32 = 0
    for group in 0..<4 {
      if group > 0, !reader.take(UInt8(ascii: ".")) { return nil }
      guard let byte = reader.decimal(maximum: 255) else { return nil }
      value = value << 8 | byte
    }
    self.init(value)
  }

  /// Appends the text, as `10.0.0.1`, to a row of UTF-8 bytes.
  public func write(to text: inout [UInt8]) {
    for group in 0..<4 {
      if group > 0 { text.append(UInt8(ascii: ".")) }
      appendDecimal(rawValue >> UInt32(24 &- 8 &* group) & 0xff, to: &text)
    }
  }

  /// The text, as `10.0.0.1`.
  public var description: String {
    var text: [UInt8] = []
    write(to: &text)
    return String(decoding: text, as: UTF8.self)
  }
}

/// An IPv4 address and the mask that says which of its bits count.
public struct MaskedIPv4Address: Hashable, Sendable, BitwiseCopyable {
  /// The address; bits outside of the mask may be set.
  public var address: IPv4Address
  /// The bits that count.
  public var mask: IPv4Address

  /// Makes an address with a mask.
  @inlinable
  public init(_ address: IPv4Address, mask: IPv4Address) {
    self.address = address
    self.mask = mask
  }
}

extension MaskedIPv4Address: CustomStringConvertible {
  /// Reads an address, optionally followed by `/` and a prefix length or a dotted mask.
  public init?(utf8: Span<UInt8>) {
    var reader = TextReader(utf8)
    guard let address = IPv4Address(reading: &reader) else { return nil }
    var mask = IPv4Address.broadcast
    if reader.take(UInt8(ascii: "/")) {
      let start = reader.position
      if let length = reader.decimal(maximum: 32), reader.isAtEnd {
        mask = IPv4Address(prefixLength: Int(length))
      } else {
        reader.rewind(to: start)
        guard let dotted = IPv4Address(reading: &reader) else { return nil }
        mask = dotted
      }
    }
    guard reader.isAtEnd else { return nil }
    self.init(address, mask: mask)
  }

  /// Reads an address, optionally followed by `/` and a prefix length or a dotted mask.
  public init?(_ text: String) {
    let bytes = Array(text.utf8)
    self.init(utf8: bytes.span)
  }

  /// The text: `10.0.0.1`, `10.0.0.0/8`, or `10.0.0.1/255.0.0.255` if the mask is no prefix.
  public var description: String {
    var text: [UInt8] = []
    write(to: &text)
    return String(decoding: text, as: UTF8.self)
  }

  /// Appends the text to a row of UTF-8 bytes; a mask of all ones is left out.
  public func write(to text: inout [UInt8]) {
    address.write(to: &text)
    if mask == .broadcast { return }
    text.append(UInt8(ascii: "/"))
    if let length = mask.prefixLength {
      appendDecimal(UInt32(length), to: &text)
    } else {
      mask.write(to: &text)
    }
  }
}
