/// A universally unique identifier (RFC 4122), the name of a row.
public struct UUID: Hashable, Sendable {
  /// The first 64 bits in reading order.
  public let high: UInt64
  /// The last 64 bits in reading order.
  public let low: UInt64

  /// Makes an identifier from its two halves in reading order.
  @inlinable
  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// The identifier that names nothing.
  public static var zero: UUID { UUID(high: 0, low: 0) }

  /// Whether all bits are zero.
  public var isZero: Bool { high == 0 && low == 0 }

  /// Characters of the text form.
  static var textByteCount: Int { 36 }

  /// Reads the text form, `8-4-4-4-12` hexadecimal digits.
  public init?(_ text: String) {
    guard text.utf8.count == Self.textByteCount else { return nil }
    var high: UInt64 = 0
    var low: UInt64 = 0
    var index = 0
    var digitCount = 0
    for byte in text.utf8 {
      if index == 8 || index == 13 || index == 18 || index == 23 {
        guard byte == UInt8(ascii: "-") else { return nil }
      } else {
        guard let digit = Self.digit(byte) else { return nil }
        if digitCount < 16 { high = high << 4 | digit } else { low = low << 4 | digit }
        digitCount += 1
      }
      index += 1
    }
    self.init(high: high, low: low)
  }

  private static func digit(_ byte: UInt8) -> UInt64? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(byte - UInt8(ascii: "a") + 10)
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt64(byte - UInt8(ascii: "A") + 10)
    default: nil
    }
  }

  /// The text form in lower case.
  public var text: String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Self.textByteCount)
    for place in 0..<32 {
      if place == 8 || place == 12 || place == 16 || place == 20 { bytes.append(UInt8(ascii: "-")) }
      let half = place < 16 ? high : low
      let digit = UInt8(truncatingIfNeeded: half >> UInt64(60 - (place & 15) * 4) & 0xf)
      bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

extension UUID: Comparable {
  /// Whether `left` comes first in the order of the text form.
  @inlinable
  public static func < (left: UUID, right: UUID) -> Bool {
    left.high != right.high ? left.high < right.high : left.low < right.low
  }
}

extension UUID: CustomStringConvertible {
  /// The text form in lower case.
  public var description: String { text }
}

/// Makes random identifiers (RFC 4122, section 4.4) from a seed, by the generator xoshiro256++.
///
/// The seed comes from the caller, so that a server that is given the same seed and the same events does the
/// same.
public struct UUIDGenerator: Sendable {
  private var state: (UInt64, UInt64, UInt64, UInt64)

  /// Makes a generator from 256 random bits.
  public init(seed: (UInt64, UInt64, UInt64, UInt64)) {
    state = seed
    if state.0 | state.1 | state.2 | state.3 == 0 { state.0 = 1 }
  }

  /// The next identifier.
  public mutating func next() -> UUID {
    let high = nextWord() & ~0xf000 | 0x4000
    let low = nextWord() & ~(3 << 62) | 1 << 63
    return UUID(high: high, low: low)
  }

  private mutating func nextWord() -> UInt64 {
    let sum = state.0 &+ state.3
    let result = (sum << 23 | sum >> 41) &+ state.0
    let shifted = state.1 << 17
    state.2 ^= state.0
    state.3 ^= state.1
    state.1 ^= state.2
    state.0 ^= state.3
    state.2 ^= shifted
    state.3 = state.3 << 45 | state.3 >> 19
    return result
  }
}
