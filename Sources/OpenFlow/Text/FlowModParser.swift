// What: the flow syntax of ovs-ofctl(8), "Flow Syntax": match fields and properties, then `actions=`.
//
// How: the text is cut at `actions`; what stands before is a list of keys and values, each of which is a protocol
// word, a flag, a field or a property of the flow, tried in that order as OVS does.

import Datapath

/// A flow as read from text, and the OpenFlow forms that can carry it.
public struct ParsedFlow: Equatable, Sendable {
  /// What to do.
  public var change: FlowMod
  /// The forms that can carry it.
  public var formats: FlowFormats
}

/// Reads flows in OVS's syntax.
public struct FlowParser {
  /// The names of ports and tables.
  public var names: FlowNames

  /// A parser that knows the names of a bridge's ports and tables.
  public init(names: FlowNames = FlowNames()) { self.names = names }

  /// Reads a flow for a command, as the argument of `ovs-ofctl add-flow` and its like.
  @export(interface)
  public func flow(_ text: String, _ command: FlowCommand) throws(FlowTextError) -> ParsedFlow {
    try flow(Array(text.utf8)[...], command)
  }

  /// Reads a flow for a command.
  @export(interface)
  public func flow(_ text: ArraySlice<UInt8>, _ command: FlowCommand) throws(FlowTextError) -> ParsedFlow {
    var reader = FlowModReader(names: names, accepts: .init(command), command: command)
    return try reader.read(text)
  }

  /// Reads the match of a request for flows or their statistics, as `ovs-ofctl dump-flows` takes it: a match,
  /// and `table`, `cookie`, `out_port`, `out_group`.
  @export(interface)
  public func request(_ text: String) throws(FlowTextError) -> ParsedFlow {
    var reader = FlowModReader(names: names, accepts: [.outPort], command: nil)
    return try reader.read(Array(text.utf8)[...])
  }

  /// Reads a line of a file of flows, which may begin with `add`, `delete`, `delete_strict`, `modify` or
  /// `modify_strict`; without, it is taken for `command`.
  @export(interface)
  public func line(
    _ text: ArraySlice<UInt8>, otherwise command: FlowCommand = .add
  ) throws(FlowTextError) -> ParsedFlow {
    let line = text.trimmed
    // The word ends at the first separator of the flow syntax; `add` alone is not followed by one.
    let end = line.firstIndex { isSpace($0) } ?? line.endIndex
    let word = line[line.startIndex..<end]
    for (name, command) in FlowParser.commands where word.equals(name) {
      return try flow(line[end...], command)
    }
    return try flow(line, command)
  }

  private static let commands: [(String, FlowCommand)] = [
    ("add", .add), ("delete", .delete), ("delete_strict", .deleteStrict), ("modify", .modify),
    ("modify_strict", .modifyStrict),
  ]
}

/// The properties that the text of a flow may have.
struct FlowProperties: OptionSet {
  var rawValue: UInt8

  static var outPort: FlowProperties { FlowProperties(rawValue: 1 << 0) }
  static var actions: FlowProperties { FlowProperties(rawValue: 1 << 1) }
  static var importance: FlowProperties { FlowProperties(rawValue: 1 << 2) }
  static var timeout: FlowProperties { FlowProperties(rawValue: 1 << 3) }
  static var priority: FlowProperties { FlowProperties(rawValue: 1 << 4) }
  static var flags: FlowProperties { FlowProperties(rawValue: 1 << 5) }

  init(rawValue: UInt8) { self.rawValue = rawValue }

  init(_ command: FlowCommand) {
    switch command {
    case .add: self = [.actions, .timeout, .priority, .flags, .importance]
    case .delete: self = [.outPort]
    case .deleteStrict: self = [.outPort, .priority]
    case .modify, .modifyStrict: self = [.actions, .timeout, .priority, .flags]
    }
  }
}

/// The words of flow syntax other than names of fields.
enum FlowKeyword: Sendable {
  case proto(type: UInt16, proto: UInt8)
  case ethernet
  case flag(FlowFlags)
  case ignoredFlag
  case table, outPort, outGroup, priority, idleTimeout, hardTimeout, importance, cookie
  case ignored

  static let words = KeywordTable<FlowKeyword>([
    ("ip", .proto(type: 0x0800, proto: 0)), ("ipv4", .proto(type: 0x0800, proto: 0)),
    ("ip4", .proto(type: 0x0800, proto: 0)), ("arp", .proto(type: 0x0806, proto: 0)),
    ("icmp", .proto(type: 0x0800, proto: 1)), ("tcp", .proto(type: 0x0800, proto: 6)),
    ("udp", .proto(type: 0x0800, proto: 17)), ("sctp", .proto(type: 0x0800, proto: 132)),
    ("ipv6", .proto(type: 0x86dd, proto: 0)), ("ip6", .proto(type: 0x86dd, proto: 0)),
    ("icmp6", .proto(type: 0x86dd, proto: 58)), ("tcp6", .proto(type: 0x86dd, proto: 6)),
    ("udp6", .proto(type: 0x86dd, proto: 17)), ("sctp6", .proto(type: 0x86dd, proto: 132)),
    ("rarp", .proto(type: 0x8035, proto: 0)), ("mpls", .proto(type: 0x8847, proto: 0)),
    ("mplsm", .proto(type: 0x8848, proto: 0)), ("eth", .ethernet), ("send_flow_rem", .flag(.sendFlowRemoved)),
    ("check_overlap", .flag(.checkOverlap)), ("reset_counts", .flag(.resetCounts)),
    ("no_packet_counts", .flag(.noPacketCounts)), ("no_byte_counts", .flag(.noByteCounts)),
    ("no_readonly_table", .ignoredFlag), ("allow_hidden_fields", .ignoredFlag), ("table", .table),
    ("out_port", .outPort), ("out_group", .outGroup), ("priority", .priority), ("idle_timeout", .idleTimeout),
    ("hard_timeout", .hardTimeout), ("importance", .importance), ("cookie", .cookie), ("duration", .ignored),
    ("n_packets", .ignored), ("n_bytes", .ignored), ("idle_age", .ignored), ("hard_age", .ignored),
  ])
}

struct FlowModReader {
  private let names: FlowNames
  private let accepts: FlowProperties
  private let command: FlowCommand?
  private var change: FlowMod
  private var formats: FlowFormats = .any

  init(names: FlowNames, accepts: FlowProperties, command: FlowCommand?) {
    self.names = names
    self.accepts = accepts
    self.command = command
    change = FlowMod(command ?? .delete)
    // A modification leaves the cookie as it is unless it is told otherwise.
    if command == .modify || command == .modifyStrict { change.newCookie = ~0 }
  }

  mutating func read(_ text: TextBytes) throws(FlowTextError) -> ParsedFlow {
    var head = text
    var actions: TextBytes?
    if accepts.contains(.actions) {
      guard let parts = FlowModReader.splitAtActions(text) else {
        throw FlowTextError("must specify an action")
      }
      head = parts.before
      actions = parts.after
    }
    var reader = KeyValueReader(head)
    while let pair = reader.next() { try take(pair) }
    finishMatch()
    if let actions { try read(actions: actions) }
    return ParsedFlow(change: change, formats: formats)
  }

  /// Cuts at `actions=` or `action=`, with optional spaces around the sign.
  static func splitAtActions(_ text: TextBytes) -> (before: TextBytes, after: TextBytes)? {
    var from = text.startIndex
    while let found = text[from...].firstRange(of: "action") {
      from = found.upperBound
      // `write_actions` and the like are not the word.
      if found.lowerBound > text.startIndex, isWord(text[found.lowerBound &- 1]) { continue }
      var index = found.upperBound
      if index < text.endIndex && text[index] == UInt8(ascii: "s") { index &+= 1 }
      while index < text.endIndex && isSpace(text[index]) { index &+= 1 }
      guard index < text.endIndex, text[index] == UInt8(ascii: "=") else { continue }
      return (text[text.startIndex..<found.lowerBound], text[(index &+ 1)...])
    }
    return nil
  }

  private static func isWord(_ byte: UInt8) -> Bool { isLetter(byte) || isDigit(byte) || byte == 0x5f }

  private mutating func take(_ pair: KeyValueReader.Pair) throws(FlowTextError) {
    let keyword = FlowKeyword.words.find(pair.key)
    // Words of flow syntax are in lower case.
    let isExactCase = !pair.key.contains { $0 >= 0x41 && $0 <= 0x5a }
    if isExactCase, let keyword, try takeFlag(keyword) { return }
    if let field = Field.named(pair.key.span) { return try take(field, pair.value) }
    if pair.key.contains(UInt8(ascii: "[")) { return try takeSubfield(pair) }
    guard !pair.value.isEmpty else { throw FlowTextError("field \(pair.key.string) missing value") }
    guard isExactCase, let keyword, try takeProperty(keyword, pair.value) else {
      throw FlowTextError("unknown keyword \(pair.key.string)")
    }
  }

  /// Takes a word without a value; false if it is not one, or not one for this command.
  private mutating func takeFlag(_ keyword: FlowKeyword) throws(FlowTextError) -> Bool {
    switch keyword {
    case .proto(let type, let proto):
      change.match.set(.ethType, FieldValue(type))
      if proto != 0 { change.match.set(.ipProtocol, FieldValue(proto)) }
      return true
    case .ethernet:
      change.match.set(.packetType, 0)
      return true
    case .flag(let flag):
      guard accepts.contains(.flags) else { return false }
      change.flags.insert(flag)
      if flag == .resetCounts { formats.formIntersection(.openFlow12Up) }
      if flag == .noPacketCounts || flag == .noByteCounts { formats.formIntersection(.openFlow13Up) }
      return true
    case .ignoredFlag:
      return true
    default:
      return false
    }
  }

  private mutating func take(_ field: Field, _ text: TextBytes) throws(FlowTextError) {
    if !field.isStored {
      change.match.set(try field.parseTunnelMetadata(text))
      return formats.formIntersection(.extensible)
    }
    let parsed = text.isEmpty ? MaskedValue(value: 0, mask: 0) : try field.parse(text, names: names)
    change.match.set(field, parsed.value, mask: parsed.mask)
    if parsed.mask != 0 { formats.formIntersection(.expressing(field, mask: parsed.mask)) }
  }

  private mutating func takeSubfield(_ pair: KeyValueReader.Pair) throws(FlowTextError) {
    let subfield = try Subfield.parse(pair.key)
    guard subfield.field.isStored else {
      throw FlowTextError("\(pair.key.string): bits of a tunnel option cannot be matched by name")
    }
    let role = pair.key.string
    guard case .number(let value, let end) = readNumber(pair.value, bitCount: 128), end == pair.value.endIndex
    else {
      throw FlowTextError("\(role): cannot parse integer value: \(pair.value.string)")
    }
    guard subfield.bitCount >= 128 || value >> FieldValue(subfield.bitCount) == 0 else {
      var writer = TextWriter()
      writer.hex(wide: value)
      throw FlowTextError(
        "\(role): value \(writer.bytes[...].string) does not fit into \(subfield.bitCount) bits")
    }
    let field = subfield.field
    let offset = FieldValue(subfield.offset)
    let oldMask = change.match.mask(of: field) & ~subfield.mask
    let oldValue = change.match.value(of: field) & oldMask
    change.match.set(field, oldValue | value << offset, mask: oldMask | subfield.mask)
    formats.formIntersection(.expressing(field, mask: change.match.mask(of: field)))
  }

  private mutating func takeProperty(
    _ keyword: FlowKeyword, _ text: TextBytes
  ) throws(FlowTextError) -> Bool {
    switch keyword {
    case .table:
      guard let table = names.table(text) else { throw FlowTextError("unknown table \"\(text.string)\"") }
      change.table = table == 0xff ? nil : table
      if table != 0xff { formats.formIntersection(.withTable) }
    case .outPort where accepts.contains(.outPort):
      guard let port = names.port(text) else {
        throw FlowTextError("\(text.string) is not a valid OpenFlow port")
      }
      change.outPort = port
    case .outGroup where accepts.contains(.outPort):
      formats.formIntersection(.openFlow11Up)
      guard let group = FlowModReader.group(text) else {
        throw FlowTextError("\(text.string) is not a valid OpenFlow group")
      }
      change.outGroup = group
    case .priority where accepts.contains(.priority): change.priority = try parseUInt16(text, "priority")
    case .idleTimeout where accepts.contains(.timeout):
      change.idleTimeoutSeconds = try parseUInt16(text, "idle_timeout")
    case .hardTimeout where accepts.contains(.timeout):
      change.hardTimeoutSeconds = try parseUInt16(text, "hard_timeout")
    case .importance where accepts.contains(.importance):
      change.importance = try parseUInt16(text, "importance")
    case .cookie: try takeCookie(text)
    case .ignored: break
    default: return false
    }
    return true
  }

  private mutating func takeCookie(_ text: TextBytes) throws(FlowTextError) {
    let parts = text.optionalSplit(at: UInt8(ascii: "/"))
    if let maskText = parts.after {
      if command == .add { throw FlowTextError("flow additions cannot use a cookie mask") }
      change.cookie = try parseUInt64(parts.before)
      change.cookieMask = try parseUInt64(maskText)
      if change.cookieMask != 0 { formats.formIntersection(.nxmOrOpenFlow11Up) }
      return
    }
    guard command == .add || command == .modify || command == .modifyStrict else {
      throw FlowTextError(
        "cannot set cookie (to match on a cookie, specify a mask, e.g. cookie=\(text.string)/-1)")
    }
    change.newCookie = try parseUInt64(text)
    change.modifiesCookie = true
  }

  static func group(_ text: TextBytes) -> UInt32? {
    if text.equalsIgnoringCase("all") { return 0xffff_fffc }
    if text.equalsIgnoringCase("any") { return 0xffff_ffff }
    guard let number = wholeNumber(text), number <= 0xffff_ff00 else { return nil }
    return UInt32(number)
  }

  private mutating func finishMatch() {
    // Plain OpenFlow 1.0 and 1.1 cannot look into IPv6: protocol, traffic class and ports.
    let inner = change.match.mask[.ipProtocol.through(.ipTOS)] | change.match.mask[.transportPorts]
    if change.match.key[.ethType] == 0x86dd && inner != 0 {
      formats.formIntersection(.extensible)
    }
    if change.cookieMask == 0 && change.newCookie == ~0
      && (command == .modify || command == .modifyStrict)
    {
      // Without a mask a modification may add a flow, which then has the cookie zero.
      change.newCookie = 0
    }
  }

  private mutating func read(actions text: TextBytes) throws(FlowTextError) {
    var parser = ActionParser(names: names)
    change.actions = try parser.parse(text)
    formats.formIntersection(parser.formats)
    let usable: FlowFormats
    do {
      usable = try ActionCheck.check(change.actions, match: change.match, table: change.table)
    } catch {
      throw FlowTextError("actions are invalid with specified match (\(error.name))")
    }
    formats.formIntersection(usable)
    guard !formats.isEmpty else {
      throw FlowTextError(
        "actions are invalid with specified match (\(OpenFlowError.badActionMatchInconsistent.name))")
    }
  }
}
