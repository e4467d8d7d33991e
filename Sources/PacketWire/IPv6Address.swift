/// An IPv6 address, or a mask over one, in host order.
public struct IPv6Address: Hashable, Sendable, BitwiseCopyable {
  /// The first 64 bits on the wire.
  public let high: UInt64
  /// The last 64 bits on the wire.
  public let low: UInt64

  /// Makes an address from its two halves.
  @inlinable
  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// Makes the IPv4-mapped address `::ffff:a.b.c.d` (RFC 4291, section 2.5.5.2).
  @inlinable
  public init(mapped address: IPv4Address) {
    self.init(high: 0, low: 0xffff_0000_0000 | UInt64(address.rawValue))
  }

  /// Makes the network mask of a prefix of 0 to 128 bits; a longer prefix counts as 128.
  @inlinable
  public init(prefixLength: Int) {
    if prefixLength <= 64 {
      self.init(high: IPv6Address.highBits(prefixLength), low: 0)
    } else {
      self.init(high: ~0, low: IPv6Address.highBits(prefixLength &- 64))
    }
  }

  @inlinable
  static func highBits(_ count: Int) -> UInt64 {
    count <= 0 ? 0 : count >= 64 ? ~0 : ~0 << UInt64(64 &- count)
  }

  /// The address `::`.
  @inlinable
  public static var zero: IPv6Address { IPv6Address(high: 0, low: 0) }

  /// The mask of one address: all bits are one.
  @inlinable
  public static var allOnes: IPv6Address { IPv6Address(high: ~0, low: ~0) }

  /// All nodes on the link, `ff02::1`.
  @inlinable
  public static var allNodes: IPv6Address { IPv6Address(high: 0xff02_0000_0000_0000, low: 1) }

  /// The length in bits of the prefix that this mask selects, or nil if it is no network mask.
  @inlinable
  public var prefixLength: Int? {
    let highCount = (~high).leadingZeroBitCount
    let count = highCount < 64 ? highCount : 64 &+ (~low).leadingZeroBitCount
    return IPv6Address(prefixLength: count) == self ? count : nil
  }

  /// Whether every bit is zero.
  @inlinable
  public var isZero: Bool { high | low == 0 }

  /// Whether the address is in `ff00::/8`.
  @inlinable
  public var isMulticast: Bool { high >> 56 == 0xff }

  /// The IPv4 address that this address maps (`::ffff:a.b.c.d`), if it maps one.
  @inlinable
  public var mappedIPv4: IPv4Address? {
    high == 0 && low >> 32 == 0xffff ? IPv4Address(UInt32(truncatingIfNeeded: low)) : nil
  }

  /// The group that neighbour solicitations for this address go to (RFC 4291, section 2.7.1).
  @inlinable
  public var solicitedNode: IPv6Address {
    IPv6Address(high: 0xff02_0000_0000_0000, low: 0x1_ff00_0000 | (low & 0xff_ffff))
  }

  /// The link-local address made from a MAC address (RFC 4291, appendix A, modified EUI-64).
  @inlinable
  public static func linkLocal(_ address: MACAddress) -> IPv6Address {
    let upper = (address.rawValue >> 24) ^ 0x02_0000
    return IPv6Address(
      high: 0xfe80_0000_0000_0000, low: upper << 40 | 0xff_fe00_0000 | (address.rawValue & 0xff_ffff))
  }

  /// The 16-bit group `index`, counted 0 to 7 from the left of the text.
  @inlinable
  public func group(_ index: Int) -> UInt16 {
    let half = index & 7 < 4 ? high : low
    return UInt16(truncatingIfNeeded: half >> UInt64(48 &- 16 &* (index & 3)))
  }

  /// The bits of an address that a mask selects.
  @inlinable
  public static func & (left: IPv6Address, right: IPv6Address) -> IPv6Address {
    IPv6Address(high: left.high & right.high, low: left.low & right.low)
  }
}

extension IPv6Address: Comparable {
  /// Orders addresses as integers.
  @inlinable
  public static func < (left: IPv6Address, right: IPv6Address) -> Bool {
    left.high != right.high ? left.high < right.high : left.low < right.low
  }
}

extension IPv6Address: CustomStringConvertible {
  /// Reads the text forms of RFC 4291, section 2.2.
  public init?(utf8: Span<UInt8>) {
    var reader = TextReader(utf8)
    guard let address = IPv6Address(reading: &reader), reader.isAtEnd else { return nil }
    self = address
  }

  /// Reads the text forms of RFC 4291, section 2.2.
  public init?(utf8: some Sequence<UInt8>) {
    let bytes = Array(utf8)
    self.init(utf8: bytes.span)
  }

  /// Reads the text forms of RFC 4291, section 2.2.
  public init?(_ text: String) { self.init(utf8: text.utf8) }

  init?(reading reader: inout TextReader) {
    var groups = GroupReader()
    guard groups.readAll(&reader), let address = groups.address else { return nil }
    self = address
  }

  /// Appends the text in the canonical form of RFC 5952, section 4, to a row of UTF-8 bytes.
  ///
  /// Addresses of `::ffff:0:0/96`, and those of `::/96` that look like one, end in a dotted quad.
  public func write(to text: inout [UInt8]) {
    let colon = UInt8(ascii: ":")
    let zeros = longestZeroRun
    let hasQuad =
      zeros.lowerBound == 0 && (zeros.count == 6 || (zeros.count == 5 && group(5) == 0xffff))
    var index = 0
    while index < 8 {
      if index == zeros.lowerBound, !zeros.isEmpty {
        text.append(colon)
        text.append(colon)
        index = zeros.upperBound
        continue
      }
      if index > 0, index != zeros.upperBound || zeros.isEmpty { text.append(colon) }
      if index == 6, hasQuad {
        IPv4Address(UInt32(truncatingIfNeeded: low)).write(to: &text)
        return
      }
      appendHexadecimal(group(index), to: &text)
      index += 1
    }
  }

  /// The first longest run of two or more zero groups, which `::` stands for.
  private var longestZeroRun: Range<Int> {
    var best = 0..<0
    var start = 0
    for index in 0...8 {
      if index < 8, group(index) == 0 { continue }
      if index - start > best.count, index - start >= 2 { best = start..<index }
      start = index + 1
    }
    return best
  }

  /// The text in the canonical form of RFC 5952.
  public var description: String {
    var text: [UInt8] = []
    write(to: &text)
    return String(decoding: text, as: UTF8.self)
  }
}

/// Collects the groups of an IPv6 address, left and right of its `::`.
private struct GroupReader {
  private var head: UInt128 = 0
  private var headCount = 0
  private var tail: UInt128 = 0
  private var tailCount = 0
  private var hasGap = false

  /// The address, if the groups read make up exactly one.
  var address: IPv6Address? {
    let count = headCount + tailCount
    guard hasGap ? count <= 7 : count == 8 else { return nil }
    let shift = UInt128(128 - 16 * headCount)
    let value = (headCount == 0 ? 0 : head << shift) | tail
    return IPv6Address(
      high: UInt64(truncatingIfNeeded: value >> 64), low: UInt64(truncatingIfNeeded: value))
  }

  /// Reads groups until something follows that is not part of an address; false if they are malformed.
  mutating func readAll(_ reader: inout TextReader) -> Bool {
    let colon = UInt8(ascii: ":")
    if reader.peek() == colon, !takeGap(&reader) { return false }
    while let byte = reader.peek(), hexadecimalValue(byte) != nil {
      guard headCount + tailCount < 8 else { return false }
      let start = reader.position
      guard let group = reader.hexadecimal(maximumDigitCount: 4) else { return false }
      if reader.peek() == UInt8(ascii: ".") {
        reader.rewind(to: start)
        guard let quad = IPv4Address(reading: &reader) else { return false }
        append(UInt16(quad.rawValue >> 16))
        append(UInt16(truncatingIfNeeded: quad.rawValue))
        return true
      }
      append(UInt16(truncatingIfNeeded: group))
      guard reader.peek() == colon else { return true }
      if reader.peek(1) == colon {
        guard takeGap(&reader) else { return false }
      } else {
        _ = reader.take(colon)
        guard let next = reader.peek(), hexadecimalValue(next) != nil else { return false }
      }
    }
    return true
  }

  private mutating func takeGap(_ reader: inout TextReader) -> Bool {
    let colon = UInt8(ascii: ":")
    guard !hasGap, reader.take(colon), reader.take(colon) else { return false }
    hasGap = true
    return true
  }

  private mutating func append(_ group: UInt16) {
    if hasGap {
      tail = tail << 16 | UInt128(group)
      tailCount += 1
    } else {
      head = head << 16 | UInt128(group)
      headCount += 1
    }
  }
}

/// An IPv6 address and the mask that says which of its bits count.
public struct MaskedIPv6Address: Hashable, Sendable, BitwiseCopyable {
  /// The address; bits outside of the mask may be set.
  public var address: IPv6Address
  /// The bits that count.
  public var mask: IPv6Address

  /// Makes an address with a mask.
  @inlinable
  public init(_ address: IPv6Address, mask: IPv6Address) {
    self.address = address
    self.mask = mask
  }
}

extension MaskedIPv6Address: CustomStringConvertible {
  /// Reads an address, optionally followed by `/` and a prefix length or a mask written as an address.
  public init?(utf8: Span<UInt8>) {
    var reader = TextReader(utf8)
    guard let address = IPv6Address(reading: &reader) else { return nil }
    var mask = IPv6Address.allOnes
    if reader.take(UInt8(ascii: "/")) {
      let start = reader.position
      if let length = reader.decimal(maximum: 128), reader.isAtEnd {
        mask = IPv6Address(prefixLength: Int(length))
      } else {
        reader.rewind(to: start)
        guard let colons = IPv6Address(reading: &reader) else { return nil }
        mask = colons
      }
    }
    guard reader.isAtEnd else { return nil }
    self.init(address, mask: mask)
  }

  /// Reads an address, optionally followed by `/` and a prefix length or a mask written as an address.
  public init?(_ text: String) {
    let bytes = Array(text.utf8)
    self.init(utf8: bytes.span)
  }

  /// The text: `::1`, `2001:db8::/32`, or `::1/ff::ff` if the mask is no prefix.
  public var description: String {
    var text: [UInt8] = []
    write(to: &text)
    return String(decoding: text, as: UTF8.self)
  }

  /// Appends the text to a row of UTF-8 bytes; a mask of all ones is left out.
  public func write(to text: inout [UInt8]) {
    address.write(to: &text)
    if mask == .allOnes { return }
    text.append(UInt8(ascii: "/"))
    if let length = mask.prefixLength {
      appendDecimal(UInt32(length), to: &text)
    } else {
      mask.write(to: &text)
    }
  }
}
