/// A string of a protocol or a database: UTF-8 bytes, compared byte by byte.
///
/// Swift's `String` compares grapheme clusters under canonical equivalence, which no peer of ours does, and
/// which needs Unicode tables that are not there in Embedded mode.
public struct Text: Sendable {
  /// The characters.
  public let string: String

  /// Wraps a string.
  @inlinable
  public init(_ string: String) {
    self.string = string
  }

  /// Number of bytes in UTF-8.
  @inlinable public var byteCount: Int { string.utf8.count }

  /// Whether there are no characters.
  @inlinable public var isEmpty: Bool { string.isEmpty }

  /// The bytes in UTF-8.
  @inlinable public var utf8: String.UTF8View { string.utf8 }
}

extension Text: ExpressibleByStringLiteral {
  /// Makes a text from a literal.
  @inlinable
  public init(stringLiteral value: StaticString) {
    self.init(value.description)
  }
}

extension Text: CustomStringConvertible {
  /// The characters.
  public var description: String { string }
}
