import Datapath

/// The names of a bridge's ports and tables, for reading and printing flows.
///
/// A name that several ports have names none of them.
public struct FlowNames: Sendable {
  private var ports: [[UInt8]: OpenFlowPortNumber?] = [:]
  private var portNames: [OpenFlowPortNumber: [UInt8]] = [:]
  private var tables: [[UInt8]: UInt8?] = [:]
  private var tableNames: [UInt8: [UInt8]] = [:]

  /// No names: numbers alone, and the names of reserved ports.
  public init() {}

  /// Gives a port a name.
  public mutating func add(port: OpenFlowPortNumber, name: String) {
    let bytes = Array(name.utf8)
    guard !bytes.isEmpty else { return }
    if ports[bytes] != nil { ports[bytes] = .some(nil) } else { ports[bytes] = port }
    portNames[port] = bytes
  }

  /// Gives a table a name.
  public mutating func add(table: UInt8, name: String) {
    let bytes = Array(name.utf8)
    guard !bytes.isEmpty else { return }
    if tables[bytes] != nil { tables[bytes] = .some(nil) } else { tables[bytes] = table }
    tableNames[table] = bytes
  }

  /// Whether there are neither names of ports nor of tables.
  public var isEmpty: Bool { portNames.isEmpty && tableNames.isEmpty }

  /// The port of a number or name; nil if there is none.
  public func port(_ text: String) -> OpenFlowPortNumber? { port(Array(text.utf8)[...]) }

  func port(_ text: TextBytes) -> OpenFlowPortNumber? {
    if text.first == UInt8(ascii: "-") { return nil }
    if let number = wholeNumber(text, base: 10) {
      guard number <= 0xffff_ffff else { return nil }
      if number < 0xff00 { return OpenFlowPortNumber(UInt32(number)) }
      if number <= 0xffff { return OpenFlowPortNumber(openFlow10: UInt16(number)) }
      return number < 0xffff_ff00 ? nil : OpenFlowPortNumber(UInt32(number))
    }
    if let reserved = FlowNames.reservedPorts.find(text) { return reserved }
    return ports[FlowNames.unquoted(text)] ?? nil
  }

  /// The table of a number or name; nil if there is none.
  public func table(_ text: String) -> UInt8? { table(Array(text.utf8)[...]) }

  func table(_ text: TextBytes) -> UInt8? {
    if text.first == UInt8(ascii: "-") { return nil }
    if let number = wholeNumber(text, base: 10) { return number <= 0xff ? UInt8(number) : nil }
    return tables[FlowNames.unquoted(text)] ?? nil
  }

  /// The text of a port as flows print it.
  public func text(_ port: OpenFlowPortNumber) -> String {
    var writer = TextWriter()
    write(port, to: &writer)
    return writer.bytes[...].string
  }

  func write(_ port: OpenFlowPortNumber, to writer: inout TextWriter) {
    if let name = port.reservedName {
      writer.append(name)
    } else if let name = portNames[port] {
      FlowNames.write(name, to: &writer)
    } else {
      writer.decimal(port.rawValue)
    }
  }

  /// The text of a table as flows print it.
  public func text(table: UInt8) -> String {
    var writer = TextWriter()
    write(table: table, to: &writer)
    return writer.bytes[...].string
  }

  func write(table: UInt8, to writer: inout TextWriter) {
    guard let name = tableNames[table] else { return writer.decimal(table) }
    FlowNames.write(name, to: &writer)
  }

  /// A name as it is if it looks like an identifier, else in quotation marks.
  private static func write(_ name: [UInt8], to writer: inout TextWriter) {
    let isPlain = isLetter(name.first ?? 0) && name.allSatisfy { isLetter($0) || isDigit($0) || $0 == 0x5f }
    guard !isPlain else { return writer.bytes.append(contentsOf: name) }
    writer.append(UInt8(ascii: "\""))
    for byte in name {
      if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { writer.append(UInt8(ascii: "\\")) }
      writer.append(byte)
    }
    writer.append(UInt8(ascii: "\""))
  }

  private static func unquoted(_ text: TextBytes) -> [UInt8] {
    guard text.count >= 2, text.first == UInt8(ascii: "\""), text.last == UInt8(ascii: "\"") else {
      return Array(text)
    }
    var name: [UInt8] = []
    var isEscaped = false
    for byte in text.dropFirst().dropLast() {
      if byte == UInt8(ascii: "\\") && !isEscaped {
        isEscaped = true
        continue
      }
      isEscaped = false
      name.append(byte)
    }
    return name
  }

  private static let reservedPorts = KeywordTable<OpenFlowPortNumber>([
    ("in_port", .inPort), ("table", .table), ("normal", .normal), ("flood", .flood), ("all", .all),
    ("controller", .controller), ("local", .local), ("any", .none), ("none", .none), ("unset", .unset),
  ])
}
