// What: which connection an FTP control message announces, and where it says so (RFC 959, section 4.1.2; RFC 2428).
//
// Why by whole messages: the numbers of a message that is cut by a segment's end are not believed, since the rest of a number may
// follow. A message is looked at only where a segment begins with it, as its sender has it who waits for each answer.
//
// How: a pure function over a segment's payload. Who sends the message listens; so a client's commands count in the first direction
// of a connection, and a server's answers in the other.

import PacketWire

/// What a control message says of a connection that is to come.
struct HelperFinding: BitwiseCopyable, Equatable {
  /// Whether there is such a connection.
  enum Outcome: UInt8, BitwiseCopyable {
    /// The message is about something else.
    case nothing
    /// The sender waits for a connection.
    case expectation
    /// The message is of a kind that announces one, and makes no sense.
    case malformed
  }

  /// How an address and a port are written.
  enum Form: UInt8, BitwiseCopyable {
    /// Not at all.
    case none
    /// Six decimal numbers and commas: `PORT`, and the answer to `PASV`.
    case numbers
    /// The address, a delimiter and the port: `EPRT`.
    case extended
    /// The port alone: the answer to `EPSV`.
    case port
  }

  var outcome = Outcome.nothing
  var form = Form.none
  /// What stands between address and port.
  var delimiter = UInt8(ascii: "|")
  /// The address is one of IPv6.
  var isIPv6 = false
  /// The port that the sender listens at.
  var port: UInt16 = 0
  /// Where address and port stand in the payload.
  var place: UInt16 = 0
  var byteCount: UInt16 = 0
  /// The address that the sender listens at; an IPv4 one has 32 bits, and none is zero.
  var addressHigh: UInt64 = 0
  var addressLow: UInt64 = 0

  static func malformed() -> HelperFinding {
    var finding = HelperFinding()
    finding.outcome = .malformed
    return finding
  }
}

/// Looks into control messages of FTP.
enum FTPHelper {
  /// How many bytes of a segment are looked at.
  static var maximumByteCount: Int { 256 }
  /// `227`, `229`, and the commands with the blank behind them.
  private static var passiveCode: UInt64 { 0x32_32_37 }
  private static var extendedPassiveCode: UInt64 { 0x32_32_39 }
  private static var portCommand: UInt64 { 0x50_4f_52_54_20 }
  private static var extendedPortCommand: UInt64 { 0x45_50_52_54_20 }

  /// What a segment's payload announces.
  ///
  /// - Parameters:
  ///   - isReply: Whether the server sends it.
  static func find(_ payload: RawSpan, isReply: Bool) -> HelperFinding {
    var scanner = HelperScanner(payload, limit: maximumByteCount)
    if isReply {
      if scanner.take(word: passiveCode, byteCount: 3) { return passive(&scanner) }
      if scanner.take(word: extendedPassiveCode, byteCount: 3) { return extendedPassive(&scanner) }
    } else {
      if scanner.take(word: portCommand, byteCount: 5) { return active(&scanner) }
      if scanner.take(word: extendedPortCommand, byteCount: 5) { return extended(&scanner) }
    }
    return HelperFinding()
  }

  /// `PORT h1,h2,h3,h4,p1,p2`.
  private static func active(_ scanner: inout HelperScanner) -> HelperFinding {
    scanner.skipBlanks()
    return numbers(&scanner)
  }

  /// `227 Entering Passive Mode (h1,h2,h3,h4,p1,p2)`; what stands before the first number is anybody's choice.
  private static func passive(_ scanner: inout HelperScanner) -> HelperFinding {
    guard scanner.take(UInt8(ascii: " ")) else { return HelperFinding() }
    scanner.skip { byte in !HelperScanner.isDigit(byte) && byte != 0x0d && byte != 0x0a }
    return numbers(&scanner)
  }

  private static func numbers(_ scanner: inout HelperScanner) -> HelperFinding {
    let start = scanner.position
    var value: UInt64 = 0
    for index in 0..<6 {
      if index > 0, !scanner.take(UInt8(ascii: ",")) { return scanner.failure }
      guard let number = scanner.number(maximum: 255) else { return scanner.failure }
      value = value << 8 | UInt64(number)
    }
    // The last number has ended if something stands behind it.
    guard !scanner.isAtEnd else { return scanner.failure }
    var finding = HelperFinding()
    finding.form = .numbers
    finding.addressLow = value >> 16
    finding.port = UInt16(truncatingIfNeeded: value)
    return finding.completed(start, scanner.position)
  }

  /// `EPRT |1|10.1.1.1|1234|`, with any delimiter.
  private static func extended(_ scanner: inout HelperScanner) -> HelperFinding {
    scanner.skipBlanks()
    guard let delimiter = scanner.next(), delimiter > 32, delimiter < 127, !HelperScanner.isDigit(delimiter)
    else { return scanner.failure }
    guard let family = scanner.number(maximum: 9), scanner.take(delimiter) else { return scanner.failure }
    guard family == 1 || family == 2 else { return .malformed() }
    var finding = HelperFinding()
    finding.form = .extended
    finding.delimiter = delimiter
    finding.isIPv6 = family == 2
    let start = scanner.position
    if finding.isIPv6 {
      guard let address = scanner.ipv6Address(until: delimiter) else { return scanner.failure }
      finding.addressHigh = address.high
      finding.addressLow = address.low
    } else {
      guard let address = scanner.ipv4Address() else { return scanner.failure }
      finding.addressLow = UInt64(address)
    }
    guard scanner.take(delimiter), let port = scanner.number(maximum: 65535) else { return scanner.failure }
    let end = scanner.position
    guard scanner.take(delimiter) else { return scanner.failure }
    finding.port = UInt16(truncatingIfNeeded: port)
    return finding.completed(start, end)
  }

  /// `229 Entering Extended Passive Mode (|||1234|)`.
  private static func extendedPassive(_ scanner: inout HelperScanner) -> HelperFinding {
    guard scanner.take(UInt8(ascii: " ")) else { return HelperFinding() }
    let parenthesis = UInt8(ascii: "(")
    scanner.skip { byte in byte != parenthesis && byte != 0x0d && byte != 0x0a }
    guard scanner.take(parenthesis), let delimiter = scanner.next(), delimiter > 32, delimiter < 127,
      !HelperScanner.isDigit(delimiter), scanner.take(delimiter), scanner.take(delimiter)
    else { return scanner.failure }
    let start = scanner.position
    guard let port = scanner.number(maximum: 65535) else { return scanner.failure }
    let end = scanner.position
    guard scanner.take(delimiter) else { return scanner.failure }
    var finding = HelperFinding()
    finding.form = .port
    finding.delimiter = delimiter
    finding.port = UInt16(truncatingIfNeeded: port)
    return finding.completed(start, end)
  }
}

extension HelperFinding {
  /// The finding with its place; a port of zero is none.
  fileprivate func completed(_ start: Int, _ end: Int) -> HelperFinding {
    guard port != 0 else { return .malformed() }
    var finding = self
    finding.outcome = .expectation
    finding.place = UInt16(truncatingIfNeeded: start)
    finding.byteCount = UInt16(truncatingIfNeeded: end &- start)
    return finding
  }
}

/// Reads the first bytes of a payload, one after the other.
struct HelperScanner: ~Escapable {
  private let bytes: RawSpan
  private let count: Int
  private(set) var position = 0

  @_lifetime(copy bytes)
  init(_ bytes: RawSpan, limit: Int) {
    self.bytes = bytes
    count = min(bytes.byteCount, limit)
  }

  static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

  /// Whether nothing is left.
  var isAtEnd: Bool { position >= count }

  /// What a message is that does not go on as it should: malformed, or only cut off.
  var failure: HelperFinding { isAtEnd ? HelperFinding() : .malformed() }

  /// The next byte, which stays.
  private var current: UInt8? { position < count ? bytes.byte(at: position) : nil }

  /// Takes a byte.
  @_lifetime(self: copy self)
  mutating func next() -> UInt8? {
    guard let byte = current else { return nil }
    position &+= 1
    return byte
  }

  /// Takes a byte, if it is that one.
  @_lifetime(self: copy self)
  mutating func take(_ byte: UInt8) -> Bool {
    guard current == byte else { return false }
    position &+= 1
    return true
  }

  /// Takes a word of capital letters, digits and blanks, in letters of either case; its bytes are those of an integer.
  @_lifetime(self: copy self)
  mutating func take(word: UInt64, byteCount: Int) -> Bool {
    guard count &- position >= byteCount else { return false }
    for index in 0..<byteCount {
      let wanted = UInt8(truncatingIfNeeded: word >> UInt64(8 &* (byteCount &- 1 &- index)))
      let found = bytes.byte(at: position &+ index)
      let isLetter = wanted >= 0x41 && wanted <= 0x5a
      guard found == wanted || isLetter && found == wanted | 0x20 else { return false }
    }
    position &+= byteCount
    return true
  }

  @_lifetime(self: copy self)
  mutating func skip(while isSkipped: (UInt8) -> Bool) {
    while let byte = current, isSkipped(byte) { position &+= 1 }
  }

  @_lifetime(self: copy self)
  mutating func skipBlanks() {
    while take(UInt8(ascii: " ")) {}
  }

  /// Takes a decimal number of at most five digits, up to a maximum.
  @_lifetime(self: copy self)
  mutating func number(maximum: UInt32) -> UInt32? {
    var value: UInt32 = 0
    var digits = 0
    while let byte = current, HelperScanner.isDigit(byte) {
      digits &+= 1
      guard digits <= 5 else { return nil }
      value = value &* 10 &+ UInt32(byte &- 0x30)
      position &+= 1
    }
    return digits > 0 && value <= maximum ? value : nil
  }

  /// Takes four decimal numbers and dots.
  @_lifetime(self: copy self)
  mutating func ipv4Address() -> UInt32? {
    var value: UInt32 = 0
    for index in 0..<4 {
      if index > 0, !take(UInt8(ascii: ".")) { return nil }
      guard let number = number(maximum: 255) else { return nil }
      value = value << 8 | number
    }
    return value
  }

  /// Takes an IPv6 address that a delimiter ends.
  @_lifetime(self: copy self)
  mutating func ipv6Address(until delimiter: UInt8) -> IPv6Address? {
    var text = InlineArray<46, UInt8>(repeating: 0)
    var length = 0
    while let byte = current, byte != delimiter {
      guard length < text.count else { return nil }
      text[length] = byte
      length &+= 1
      position &+= 1
    }
    // Cut off, it may go on.
    guard !isAtEnd else { return nil }
    return IPv6Address(utf8: text.span.extracting(0..<length))
  }
}
