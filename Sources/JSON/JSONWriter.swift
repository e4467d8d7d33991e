/// Writes JSON as bytes, as Open vSwitch does on the wire: without spaces.
public struct JSONWriter {
  /// How to write.
  public struct Style: Sendable {
    /// Whether the members of objects come sorted by name.
    public var isSorted: Bool
    /// Whether every element has a line of its own, indented by its depth.
    public var isPretty: Bool

    /// Makes a style.
    public init(isSorted: Bool = false, isPretty: Bool = false) {
      self.isSorted = isSorted
      self.isPretty = isPretty
    }

    /// No spaces, members in their own order.
    public static var compact: Style { Style() }
    /// No spaces, members sorted by name.
    public static var sorted: Style { Style(isSorted: true) }
    /// Indented, members sorted by name.
    public static var pretty: Style { Style(isSorted: true, isPretty: true) }
  }

  /// What has been written so far.
  public private(set) var bytes: [UInt8] = []
  private let style: Style
  private var depth = 0

  /// Makes a writer.
  public init(style: Style = .compact) {
    self.style = style
  }

  /// Spaces a level in pretty output.
  private static var indentation: Int { 2 }

  /// Writes a value.
  public mutating func write(_ value: JSONValue) {
    switch value {
    case .null: bytes.append(contentsOf: "null".utf8)
    case .bool(true): bytes.append(contentsOf: "true".utf8)
    case .bool(false): bytes.append(contentsOf: "false".utf8)
    case .integer(let integer): bytes.append(decimal: integer)
    case .real(let real): bytes.append(contentsOf: JSONWriter.text(of: real).utf8)
    case .string(let text): write(text)
    case .array(let elements): write(elements)
    case .object(let object): write(object)
    }
  }

  private mutating func write(_ elements: [JSONValue]) {
    bytes.append(UInt8(ascii: "["))
    if !elements.isEmpty {
      depth += 1
      startLine()
      for index in elements.indices {
        if index > 0 {
          bytes.append(UInt8(ascii: ","))
          startLine()
        }
        write(elements[index])
      }
      depth -= 1
    }
    bytes.append(UInt8(ascii: "]"))
  }

  private mutating func write(_ object: JSONObject) {
    bytes.append(UInt8(ascii: "{"))
    if !object.isEmpty {
      depth += 1
      startLine()
      let members = style.isSorted ? object.sortedMembers : object.members
      for index in members.indices {
        if index > 0 {
          bytes.append(UInt8(ascii: ","))
          startLine()
        }
        write(members[index].name)
        bytes.append(UInt8(ascii: ":"))
        if style.isPretty { bytes.append(0x20) }
        write(members[index].value)
      }
      depth -= 1
    }
    bytes.append(UInt8(ascii: "}"))
  }

  private mutating func startLine() {
    guard style.isPretty else { return }
    bytes.append(0x0a)
    for _ in 0..<(depth * Self.indentation) { bytes.append(0x20) }
  }

  /// Writes a quoted string.
  public mutating func write(_ text: Text) {
    bytes.append(UInt8(ascii: "\""))
    var utf8 = text.string.utf8
    if !(utf8.contains { $0 < 0x20 || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }) {
      bytes.append(contentsOf: utf8)
    } else {
      writeEscaped(&utf8)
    }
    bytes.append(UInt8(ascii: "\""))
  }

  private mutating func writeEscaped(_ utf8: inout String.UTF8View) {
    for byte in utf8 {
      switch byte {
      case UInt8(ascii: "\""): bytes.append(contentsOf: "\\\"".utf8)
      case UInt8(ascii: "\\"): bytes.append(contentsOf: "\\\\".utf8)
      case 0x08: bytes.append(contentsOf: "\\b".utf8)
      case 0x0c: bytes.append(contentsOf: "\\f".utf8)
      case 0x0a: bytes.append(contentsOf: "\\n".utf8)
      case 0x0d: bytes.append(contentsOf: "\\r".utf8)
      case 0x09: bytes.append(contentsOf: "\\t".utf8)
      case 0..<0x20:
        bytes.append(contentsOf: "\\u00".utf8)
        bytes.append(UInt8(ascii: "0") + byte >> 4)
        let low = byte & 0xf
        bytes.append(low < 10 ? UInt8(ascii: "0") + low : UInt8(ascii: "a") + low - 10)
      default: bytes.append(byte)
      }
    }
  }
}

extension JSONValue {
  /// The value as JSON.
  public func bytes(style: JSONWriter.Style = .compact) -> [UInt8] {
    var writer = JSONWriter(style: style)
    writer.write(self)
    return writer.bytes
  }

  /// The value as JSON.
  public func string(style: JSONWriter.Style = .compact) -> String {
    String(decoding: bytes(style: style), as: UTF8.self)
  }
}

extension [UInt8] {
  /// Appends an integer in decimal.
  mutating func append(decimal integer: Int64) {
    if integer < 0 { append(UInt8(ascii: "-")) }
    let start = count
    var rest = integer.magnitude
    repeat {
      let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
      append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: digit))
      rest = quotient
    } while rest != 0
    self[start...].reverse()
  }
}
