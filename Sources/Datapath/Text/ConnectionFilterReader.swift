// What: the text that says which connections are to be flushed, as `dpctl/flush-conntrack` and `ovs-ofctl ct-flush` take it:
// `[zone=N] [mark=X[/M]] [labels=Y[/N]] [tuple [tuple]]`, each an argument of its own.

import PacketWire

/// Why a filter's text could not be read.
public struct ConnectionFilterError: Error, Equatable, Sendable {
  /// What is wrong.
  public let message: String

  init(_ message: String) { self.message = message }
}

extension ConnectionMessage {
  /// Reads a filter.
  ///
  /// - Throws: ``ConnectionFilterError`` with Open vSwitch's words.
  public init(filter arguments: [String]) throws(ConnectionFilterError) {
    self.init()
    var rest = arguments[...]
    if let text = Self.take("zone=", &rest) {
      guard let number = Self.leadingNumber(text) else { throw ConnectionFilterError("failed to parse zone") }
      zone = UInt16(truncatingIfNeeded: number)
    }
    if let text = Self.take("mark=", &rest) {
      guard let (value, mask) = Self.masked(text), value.high == 0, value.low <= UInt64(UInt32.max) else {
        throw ConnectionFilterError("failed to parse mark")
      }
      mark = UInt32(truncatingIfNeeded: value.low)
      markMask = mask.map { UInt32(truncatingIfNeeded: $0.low) } ?? .max
    }
    if let text = Self.take("labels=", &rest) {
      guard let (value, mask) = Self.masked(text) else {
        throw ConnectionFilterError("failed to parse labels")
      }
      labels = value
      labelsMask = mask ?? .allOnes
    }
    var tuples = TupleReader()
    let first = rest.popFirst() ?? ""
    let second = rest.popFirst() ?? ""
    var originalTuple = try tuples.read(first)
    var replyTuple = try tuples.read(second)
    guard rest.isEmpty else { throw ConnectionFilterError("invalid arguments") }
    tuples.complete(&originalTuple)
    tuples.complete(&replyTuple)
    if originalTuple != TupleMessage() { original = originalTuple }
    if replyTuple.source != nil || replyTuple.destination != nil || replyTuple.sourcePort != nil
      || replyTuple.destinationPort != nil
    {
      reply = replyTuple
    }
    if namesOne, zone == nil { zone = 0 }
  }

  /// Whether exactly one connection is meant, which has to exist.
  public var namesOne: Bool {
    original?.isComplete == true && reply == nil && mark == nil && labels == nil
  }

  private static func take(_ prefix: String, _ arguments: inout ArraySlice<String>) -> String? {
    guard let first = arguments.first, first.utf8.starts(with: prefix.utf8) else { return nil }
    arguments.removeFirst()
    return String(decoding: Array(first.utf8.dropFirst(prefix.utf8.count)), as: UTF8.self)
  }

  /// The decimal number that a text begins with, as C's `scanf` reads it; it wraps.
  static func leadingNumber(_ text: String) -> UInt64? {
    var value: UInt64 = 0
    var isNumber = false
    for byte in text.utf8 {
      guard byte >= 0x30, byte <= 0x39 else { break }
      isNumber = true
      value = value &* 10 &+ UInt64(byte &- 0x30)
    }
    return isNumber ? value : nil
  }

  /// A number of up to 128 bits, decimal or hexadecimal, and its mask if there is one.
  private static func masked(_ text: String) -> (IPv6Address, IPv6Address?)? {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard let value = wide(String(parts[0])) else { return nil }
    return (value, parts.count > 1 ? wide(String(parts[1])) : nil)
  }

  private static func wide(_ text: String) -> IPv6Address? {
    var digits = Array(text.utf8)[...]
    var isHexadecimal = false
    if digits.count > 2, digits[0] == UInt8(ascii: "0"), digits[1] | 0x20 == UInt8(ascii: "x") {
      isHexadecimal = true
      digits = digits.dropFirst(2)
    }
    let number = UInt128(String(decoding: digits, as: UTF8.self), radix: isHexadecimal ? 16 : 10)
    guard let number, digits.first != UInt8(ascii: "-") else { return nil }
    return IPv6Address(
      high: UInt64(truncatingIfNeeded: number >> 64), low: UInt64(truncatingIfNeeded: number))
  }
}

/// Reads tuples, which have one protocol and one IP version together.
private struct TupleReader {
  private var protocolNumber: UInt8?
  private var isIPv4: Bool?

  mutating func read(_ text: String) throws(ConnectionFilterError) -> TupleMessage {
    var tuple = TupleMessage()
    var scanner = KeyValueScanner(text)
    while let (key, value) = scanner.next() {
      guard !value.isEmpty else { throw ConnectionFilterError("field \(key) missing value") }
      switch key {
      case "ct_nw_src", "ct_nw_dst":
        try take(key, value, IPv4Address(value).map { IPv6Address(mapped: $0) }, true, &tuple)
      case "ct_ipv6_src", "ct_ipv6_dst": try take(key, value, IPv6Address(value), false, &tuple)
      case "ct_nw_proto":
        guard let number = Self.number(value, UInt8.max) else { throw Self.failure(key) }
        protocolNumber = UInt8(number)
      case "ct_tp_src", "ct_tp_dst":
        guard let number = Self.number(value, UInt16.max) else { throw Self.failure(key) }
        let port = number == 0 ? nil : UInt16(number)
        if key == "ct_tp_src" { tuple.sourcePort = port } else { tuple.destinationPort = port }
      case "icmp_type", "icmp_code", "icmp_id":
        guard isMessage else { throw ConnectionFilterError("invalid L4 fields") }
        if key == "icmp_id" {
          guard let number = Self.number(value, UInt16.max) else { throw Self.failure(key) }
          tuple.messageIdentifier = UInt16(number)
        } else {
          guard let number = Self.number(value, UInt8.max) else { throw Self.failure(key) }
          if key == "icmp_type" {
            tuple.messageType = UInt8(number)
          } else {
            tuple.messageCode = UInt8(number)
          }
        }
      default: throw ConnectionFilterError("invalid conntrack tuple field: \(key)")
      }
    }
    if (protocolNumber ?? 0) == 0, tuple.sourcePort != nil || tuple.destinationPort != nil {
      throw ConnectionFilterError("port is set without protocol")
    }
    return tuple
  }

  /// Adds the protocol, and what ICMP has in place of ports: zero where it is not said.
  func complete(_ tuple: inout TupleMessage) {
    if let protocolNumber, protocolNumber != 0 { tuple.protocolNumber = protocolNumber }
    guard isMessage, tuple.source != nil || tuple.destination != nil else { return }
    tuple.messageIdentifier = tuple.messageIdentifier ?? 0
    tuple.messageType = tuple.messageType ?? 0
    tuple.messageCode = tuple.messageCode ?? 0
  }

  private var isMessage: Bool { protocolNumber == 1 || protocolNumber == 58 }

  private mutating func take(
    _ key: String, _ value: String, _ address: IPv6Address?, _ isIPv4: Bool, _ tuple: inout TupleMessage
  ) throws(ConnectionFilterError) {
    if let known = self.isIPv4, known != isIPv4 {
      throw ConnectionFilterError("the L3 protocol does not match \(value)")
    }
    let isSource = key.utf8.last == UInt8(ascii: "c")
    guard (isSource ? tuple.source : tuple.destination) == nil else {
      throw ConnectionFilterError("\(key) is set multiple times")
    }
    guard let address else { throw Self.failure(key) }
    self.isIPv4 = isIPv4
    if address.isZero { return }
    if isSource { tuple.source = address } else { tuple.destination = address }
  }

  private static func failure(_ key: String) -> ConnectionFilterError {
    ConnectionFilterError("failed to parse field \(key)")
  }

  /// A decimal, octal or hexadecimal number up to a maximum.
  private static func number<Width: FixedWidthInteger>(_ text: String, _ maximum: Width) -> UInt64? {
    guard let value = CNumber.parse(text), value <= UInt64(maximum) else { return nil }
    return value
  }
}

/// Numbers as C's `strtoll` reads them with a base of 0.
enum CNumber {
  static func parse(_ text: String) -> UInt64? {
    let digits = Array(text.utf8)
    guard let first = digits.first, first != UInt8(ascii: "-"), first != UInt8(ascii: "+") else { return nil }
    if first == UInt8(ascii: "0"), digits.count > 2, digits[1] | 0x20 == UInt8(ascii: "x") {
      return UInt64(String(decoding: digits[2...], as: UTF8.self), radix: 16)
    }
    if first == UInt8(ascii: "0"), digits.count > 1 {
      return UInt64(String(decoding: digits[1...], as: UTF8.self), radix: 8)
    }
    return UInt64(text)
  }
}

/// Takes `key=value` and `key(value)` from a text, one after the other.
struct KeyValueScanner {
  private let bytes: [UInt8]
  private var position = 0

  init(_ text: String) { bytes = Array(text.utf8) }

  private static func isSeparator(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: ",") || byte == 0x20 || (byte >= 0x09 && byte <= 0x0d)
  }

  /// The next key and its value, which is empty if there is none.
  mutating func next() -> (key: String, value: String)? {
    while position < bytes.count, Self.isSeparator(bytes[position]) { position += 1 }
    guard position < bytes.count else { return nil }
    let start = position
    while position < bytes.count, !Self.isSeparator(bytes[position]), bytes[position] != UInt8(ascii: "="),
      bytes[position] != UInt8(ascii: "(")
    {
      position += 1
    }
    let key = String(decoding: bytes[start..<position], as: UTF8.self)
    guard position < bytes.count, !Self.isSeparator(bytes[position]) else { return (key, "") }
    let isNested = bytes[position] == UInt8(ascii: "(")
    position += 1
    let valueStart = position
    var depth = isNested ? 1 : 0
    while position < bytes.count {
      let byte = bytes[position]
      if byte == UInt8(ascii: "(") { depth += 1 }
      if byte == UInt8(ascii: ")") {
        depth -= 1
        if isNested, depth == 0 { break }
      }
      if !isNested, depth <= 0, Self.isSeparator(byte) { break }
      position += 1
    }
    let value = String(decoding: bytes[valueStart..<position], as: UTF8.self)
    if position < bytes.count { position += 1 }
    return (key, value)
  }
}
