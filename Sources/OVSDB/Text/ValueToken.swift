/// Why words of a command line are not a value.
public struct ValueTextError: Error, Equatable, Sendable {
  /// What is wrong, in Open vSwitch's words.
  public let message: String

  /// Makes an error.
  public init(_ message: String) { self.message = message }
}

/// Reads the notation in which people write values, token by token.
///
/// A token ends at the first of `:=, []{}!<>` that is neither quoted nor behind a backslash.
public struct ValueTokens {
  private let bytes: [UInt8]
  /// First byte that has not been read.
  public private(set) var position = 0

  /// Starts at the beginning of a text.
  public init(_ text: String) {
    bytes = Array(text.utf8)
  }

  /// The next byte, nil at the end.
  public var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  /// What has not been read.
  public var rest: String { String(decoding: bytes[position...], as: UTF8.self) }

  /// Whether the rest begins with a text.
  public func startsWith(_ prefix: StaticString) -> Bool {
    bytes[position...].starts(with: prefix.description.utf8)
  }

  /// Passes over some bytes.
  public mutating func skip(_ count: Int) {
    position = min(position + count, bytes.count)
  }

  /// Passes over spaces.
  public mutating func skipSpaces() {
    while let byte = next, byte == 0x20 || (0x09...0x0d).contains(byte) { position += 1 }
  }

  /// Whether a byte ends a token.
  public static func isDelimiter(_ byte: UInt8) -> Bool {
    ":=, []{}!<>".utf8.contains(byte)
  }

  /// Reads a token, empty if there is none here; quotes stay, a backslash outside of them goes.
  public mutating func token() throws(ValueTextError) -> String {
    let start = position
    var token: [UInt8] = []
    var isQuoted = false
    while let byte = next {
      position += 1
      if byte == UInt8(ascii: "\\") {
        guard let escaped = next else {
          throw ValueTextError("\(text(from: start)): backslash at end of argument")
        }
        if isQuoted { token.append(byte) }
        token.append(escaped)
        position += 1
        continue
      }
      if !isQuoted, Self.isDelimiter(byte) {
        position -= 1
        break
      }
      if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
      token.append(byte)
    }
    if isQuoted { throw ValueTextError("\(text(from: start)): quoted string extends past end of argument") }
    return String(decoding: token, as: UTF8.self)
  }

  /// The text from some byte on.
  func text(from start: Int) -> String { String(decoding: bytes[start...], as: UTF8.self) }
}
