/// An option of an IPv4 header (RFC 791, section 3.1) or a TCP header (RFC 9293, section 3.1).
public struct HeaderOption: ~Escapable {
  /// The option's kind; the "copied" flag of an IPv4 option is included.
  public let kind: UInt8
  /// The bytes behind kind and length.
  public let value: RawSpan

  @inlinable
  @_lifetime(copy value)
  init(kind: UInt8, value: RawSpan) {
    self.kind = kind
    self.value = value
  }
}

/// Walks over the options of an IPv4 or TCP header, which share one grammar.
///
/// Kind 0 ends the list, kind 1 is a byte of padding, and any other is followed by a length in bytes that counts
/// kind and length too.
public struct HeaderOptions: ~Escapable {
  private var rest: RawSpan
  /// Whether the walk met an option whose length is wrong, and ended there.
  public private(set) var isMalformed = false

  /// Walks over bytes that hold options.
  @_lifetime(copy bytes)
  public init(_ bytes: RawSpan) { rest = bytes }

  /// Takes the next option that is not padding; nil at the end of the list.
  @_lifetime(copy self)
  public mutating func next() -> HeaderOption? {
    while !rest.isEmpty {
      let kind = rest.byte(at: 0)
      if kind == 0 { break }
      if kind == 1 {
        rest = rest.from(1)
        continue
      }
      guard rest.byteCount >= 2, rest.byte(at: 1) >= 2, rest.byteCount >= Int(rest.byte(at: 1)) else {
        isMalformed = true
        break
      }
      let length = Int(rest.byte(at: 1))
      let value = rest.extracting(2..<length)
      rest = rest.from(length)
      return HeaderOption(kind: kind, value: value)
    }
    rest = rest.from(rest.byteCount)
    return nil
  }
}
