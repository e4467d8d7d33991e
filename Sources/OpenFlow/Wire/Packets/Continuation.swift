// What: what a controller is given with a paused packet, and has to give back to resume it.
//
// How: it is the switch's own, in the form that Open vSwitch 3.1 writes: properties of their own numbers, so that either's tools
// print what the other's switch has said. Two more, which those tools pass over, hold instructions that a rest of actions can have.

public import Datapath

/// A packet's way from where it was paused on.
public struct Continuation: Equatable, Sendable {
  /// What is left of one rule's actions.
  public struct Part: Equatable, Sendable {
    /// The table of the rule.
    public var table: UInt8
    /// The rule's cookie.
    public var cookie: UInt64
    /// The actions.
    public var actions: [Action]

    /// A part of the way.
    public init(table: UInt8, cookie: UInt64, actions: [Action]) {
      self.table = table
      self.cookie = cookie
      self.actions = actions
    }
  }

  /// The bridge, by a number that no other bridge has, nor the same bridge of another run.
  public var bridge: FieldValue = 0
  /// What `push` has put aside, the last first, in bytes.
  public var stack: [[UInt8]] = []
  /// The mirrors that the packet has gone to, a bit each.
  public var mirrors: UInt32 = 0
  /// Whether the packet's connection state is to be seen.
  public var isTracked = false
  /// What is left of the actions, the innermost list first.
  public var parts: [Part] = []
  /// What `write_actions` has collected.
  public var actionSet: [Action] = []
  /// The datapath's port that the packet came in by.
  public var datapathPort: UInt32 = 0

  /// A way of which nothing is left.
  public init() {}

  /// The most bytes that a value of the stack has.
  static var maximumValueByteCount: Int { 16 }

  private enum Number {
    static let bridge: UInt16 = 0x8000
    static let stack: UInt16 = 0x8001
    static let mirrors: UInt16 = 0x8002
    static let isTracked: UInt16 = 0x8003
    static let table: UInt16 = 0x8004
    static let cookie: UInt16 = 0x8005
    static let actions: UInt16 = 0x8006
    static let actionSet: UInt16 = 0x8007
    static let datapathPort: UInt16 = 0x8008
    /// Instructions among the actions, which no list of actions has.
    static let writeActions: UInt16 = 0x8f01
    static let clearActions: UInt16 = 0x8f03
  }

  // MARK: Writing

  /// The body of the property of a packet-in, for a message of a version.
  public func encode(_ version: OpenFlowVersion) -> [UInt8] {
    var writer = WireWriter()
    // The properties begin at a multiple of eight, behind type and length.
    writer.zeros(4)
    writer.property(Number.bridge, bytes: Self.bytes(bridge, count: 16))
    for value in stack { writer.property(Number.stack, bytes: value) }
    if mirrors != 0 { writer.property(Number.mirrors, mirrors) }
    if isTracked { writer.property(Number.isTracked, bytes: []) }
    var (table, cookie): (UInt8, UInt64) = (0, 0)
    for part in parts {
      if part.table != table { writer.property(Number.table, bytes: [part.table]) }
      if part.cookie != cookie { writer.property(Number.cookie, part.cookie) }
      (table, cookie) = (part.table, part.cookie)
      write(part.actions, version, to: &writer)
    }
    if !actionSet.isEmpty { Self.nest(Number.actionSet, actionSet[...], version, &writer) }
    if datapathPort != 0 { writer.property(Number.datapathPort, datapathPort) }
    return writer.bytes
  }

  private func write(_ actions: [Action], _ version: OpenFlowVersion, to writer: inout WireWriter) {
    var start = 0
    for (index, action) in actions.enumerated() {
      switch action {
      case .writeActions(let inner):
        Self.nest(Number.actions, actions[start..<index], version, &writer)
        Self.nest(Number.writeActions, inner[...], version, &writer)
      case .clearActions:
        Self.nest(Number.actions, actions[start..<index], version, &writer)
        writer.property(Number.clearActions, bytes: [])
      default: continue
      }
      start = index + 1
    }
    Self.nest(Number.actions, actions[start...], version, &writer)
  }

  private static func nest(
    _ number: UInt16, _ actions: ArraySlice<Action>, _ version: OpenFlowVersion, _ writer: inout WireWriter
  ) {
    guard !actions.isEmpty else { return }
    let start = writer.beginProperty(number)
    writer.zeros(4)
    var list = ActionWriter(version)
    list.list(Array(actions), to: &writer)
    writer.endProperty(from: start)
  }

  private static func bytes(_ value: FieldValue, count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> FieldValue(8 * (count - 1 - $0))) }
  }

  // MARK: Reading

  /// Reads the body of the property.
  ///
  /// - Parameter isStrict: Whether unknown properties are errors.
  /// - Throws: What is wrong with it.
  public static func decode(
    _ bytes: [UInt8], _ version: OpenFlowVersion, isStrict: Bool = true
  ) throws(OpenFlowError) -> Continuation {
    var continuation = Continuation()
    var reader = WireReader(bytes, error: .badPropertyBadLength)
    guard !reader.isAtEnd else { return continuation }
    try reader.skip(4)
    var (table, cookie): (UInt8, UInt64) = (0, 0)
    while !reader.isAtEnd {
      var property = try Property.next(&reader)
      var actions: [Action]?
      switch property.type {
      case Number.bridge:
        continuation.bridge = try FieldValue(property.body.uint64()) << 64
        continuation.bridge |= try FieldValue(property.body.uint64())
      case Number.stack:
        let value = property.body.rest()
        guard value.count <= maximumValueByteCount else { throw .badPropertyBadLength }
        continuation.stack.append(value)
      case Number.mirrors: continuation.mirrors = try property.body.uint32()
      case Number.isTracked: continuation.isTracked = true
      case Number.table: table = try property.body.uint8()
      case Number.cookie:
        try property.body.skip(4)
        cookie = try property.body.uint64()
      case Number.actions: actions = try list(&property.body, version)
      case Number.writeActions: actions = [.writeActions(try list(&property.body, version))]
      case Number.clearActions: actions = [.clearActions]
      case Number.actionSet: continuation.actionSet = try list(&property.body, version)
      case Number.datapathPort: continuation.datapathPort = try property.body.uint32()
      default: if isStrict { throw .badPropertyBadType }
      }
      if let actions { continuation.add(actions, table, cookie) }
    }
    return continuation
  }

  private mutating func add(_ actions: [Action], _ table: UInt8, _ cookie: UInt64) {
    if let last = parts.last, last.table == table, last.cookie == cookie {
      parts[parts.count - 1].actions += actions
    } else {
      parts.append(Part(table: table, cookie: cookie, actions: actions))
    }
  }

  private static func list(
    _ body: inout WireReader, _ version: OpenFlowVersion
  ) throws(OpenFlowError) -> [Action] {
    try body.skip(4)
    return try ActionReader(version).actions(&body)
  }
}

extension Continuation {
  /// The rule of a part, as Open vSwitch shows it among the actions that are left.
  public static func heading(table: UInt8, cookie: UInt64) -> String {
    "unroll_xlate(table=\(table), cookie=\(cookie))"
  }

  /// Adds lines that say what it holds.
  func write(names: FlowNames, to writer: inout TextWriter) {
    if bridge != 0 { writer.append(" continuation.bridge=\(Self.identifier(bridge))\n") }
    if !stack.isEmpty {
      writer.append(" continuation.stack=(top)")
      for value in stack {
        let number = value.reduce(FieldValue(0)) { $0 << 8 | FieldValue($1) }
        writer.append(number == 0 ? " 0" : " 0x\(String(number, radix: 16))")
      }
      writer.append(" (bottom)\n")
    }
    if mirrors != 0 { writer.append(" continuation.mirrors=0x\(String(mirrors, radix: 16))\n") }
    if isTracked { writer.append(" continuation.conntracked=true\n") }
    if !parts.isEmpty {
      writer.append(" continuation.actions=")
      for (index, part) in parts.enumerated() {
        if index > 0 { writer.append(",") }
        writer.append(Self.heading(table: part.table, cookie: part.cookie))
        writer.append(",")
        ActionFormatter(names: names).write(part.actions, to: &writer)
      }
      writer.append("\n")
    }
    if !actionSet.isEmpty {
      writer.append(" continuation.action_set=")
      ActionFormatter(names: names).write(actionSet, to: &writer)
      writer.append("\n")
    }
    if datapathPort != 0 { writer.append(" continuation.odp_port=\(datapathPort)\n") }
  }

  private static func identifier(_ value: FieldValue) -> String {
    let digits = Array(String(value, radix: 16).utf8)
    let padded = [UInt8](repeating: 0x30, count: 32 - digits.count) + digits
    var text: [UInt8] = []
    for (index, digit) in padded.enumerated() {
      if [8, 12, 16, 20].contains(index) { text.append(0x2d) }
      text.append(digit)
    }
    return String(decoding: text, as: UTF8.self)
  }
}
