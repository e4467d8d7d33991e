// What a userspace action tells the daemon about why the packet comes. The layout is that of Open vSwitch 3.1's
// `struct user_action_cookie` on a 64-bit little-endian host, so that texts made from either agree.

/// The reason for a userspace action, carried as its user data.
public struct UserspaceCookie: Equatable, Sendable {
  /// The OpenFlow port that the packet came in by.
  public var inPort: UInt32
  /// The bridge that made the action; the high and low half of an identifier chosen by the daemon.
  public var bridge: FlowIdentifier
  /// Why the packet comes.
  public var reason: Reason

  /// Makes a cookie.
  public init(
    _ reason: Reason, inPort: UInt32 = 0xffff, bridge: FlowIdentifier = FlowIdentifier(high: 0, low: 0)
  ) {
    self.reason = reason
    self.inPort = inPort
    self.bridge = bridge
  }

  /// Why a packet comes to the daemon.
  public enum Reason: Equatable, Sendable {
    /// The datapath cannot do what the rules ask (`slow_path`); bits of ``SlowPathReasons``.
    case slowPath(SlowPathReasons)
    /// A rule sends it to the controller.
    case controller(Controller)
    /// A sample for sFlow.
    case sflow(vlanTCI: UInt16, output: UInt32)
    /// A sample for flow monitoring.
    case ipfix(output: DatapathPortNumber)
    /// A sample action of a rule.
    case flowSample(Sample)
  }

  /// What a controller action says.
  public struct Controller: Equatable, Sendable {
    /// Whether the controller is not to be told after all.
    public var isSuppressed = false
    /// Whether translation continues when the controller answers.
    public var continues = false
    /// `OFPR_*`.
    public var reason: UInt16 = 0
    /// Which frozen state goes with it.
    public var recirculation: UInt32 = 0
    /// The cookie of the rule.
    public var ruleCookie: UInt64 = 0
    /// Which controllers are told.
    public var controller: UInt16 = 0
    /// How many bytes of the packet they are sent.
    public var maximumByteCount: UInt16 = 0

    /// Makes one that says nothing.
    public init() {}
  }

  /// What a sample action says.
  public struct Sample: Equatable, Sendable {
    /// The probability, out of 65535.
    public var probability: UInt16 = 0
    /// Which collectors are told.
    public var collectorSet: UInt32 = 0
    /// The observation domain.
    public var domain: UInt32 = 0
    /// The observation point.
    public var point: UInt32 = 0
    /// The port that the packet leaves by.
    public var output: DatapathPortNumber = .none
    /// 0 for neither, 1 for ingress, 2 for egress.
    public var direction: UInt8 = 0

    /// Makes one that says nothing.
    public init() {}
  }

  static var byteCount: Int { 48 }

  /// The cookie's bytes.
  public func encode() -> [UInt8] {
    var writer = AttributeWriter()
    let type: UInt64 =
      switch reason {
      case .sflow: 1
      case .slowPath: 2
      case .flowSample: 3
      case .ipfix: 4
      case .controller: 5
      }
    writer.append(littleEndian: type, byteCount: 4)
    writer.append(littleEndian: UInt64(inPort), byteCount: 4)
    for half in [bridge.high, bridge.low] {
      writer.append(littleEndian: half >> 32, byteCount: 4)
      writer.append(littleEndian: half, byteCount: 4)
    }
    switch reason {
    case .slowPath(let reasons):
      writer.append(littleEndian: 0, byteCount: 4)
      writer.append(littleEndian: UInt64(reasons.rawValue), byteCount: 4)
    case .controller(let controller):
      writer.append([controller.isSuppressed ? 1 : 0, controller.continues ? 1 : 0])
      writer.append(littleEndian: UInt64(controller.reason), byteCount: 2)
      writer.append(littleEndian: UInt64(controller.recirculation), byteCount: 4)
      writer.append(bigEndian: controller.ruleCookie, byteCount: 8)
      writer.append(littleEndian: UInt64(controller.controller), byteCount: 2)
      writer.append(littleEndian: UInt64(controller.maximumByteCount), byteCount: 2)
    case .sflow(let vlanTCI, let output):
      writer.append(bigEndian: UInt64(vlanTCI), byteCount: 2)
      writer.append(littleEndian: 0, byteCount: 2)
      writer.append(littleEndian: UInt64(output), byteCount: 4)
    case .ipfix(let output): writer.append(littleEndian: UInt64(output.rawValue), byteCount: 4)
    case .flowSample(let sample):
      writer.append(littleEndian: UInt64(sample.probability), byteCount: 4)
      for value in [sample.collectorSet, sample.domain, sample.point, sample.output.rawValue] {
        writer.append(littleEndian: UInt64(value), byteCount: 4)
      }
      writer.append(littleEndian: UInt64(sample.direction), byteCount: 4)
    }
    writer.append([UInt8](repeating: 0, count: Self.byteCount - writer.bytes.count))
    return writer.bytes
  }

  /// The cookie in a userspace action's data, or `nil` if the data is something else.
  public init?(_ bytes: [UInt8]) {
    guard bytes.count == Self.byteCount else { return nil }
    let view = Attribute(type: 0, message: bytes, range: 0..<bytes.count, depth: 0)
    func little(_ offset: Int, _ count: Int) -> UInt64 { view.littleEndian(at: offset, byteCount: count) }
    inPort = UInt32(truncatingIfNeeded: little(4, 4))
    bridge = FlowIdentifier(
      high: little(8, 4) << 32 | little(12, 4), low: little(16, 4) << 32 | little(20, 4))
    switch little(0, 2) {
    case 1:
      reason = .sflow(
        vlanTCI: UInt16(truncatingIfNeeded: view.bigEndian(at: 24, byteCount: 2)),
        output: UInt32(truncatingIfNeeded: little(28, 4)))
    case 2: reason = .slowPath(SlowPathReasons(rawValue: UInt32(truncatingIfNeeded: little(28, 4))))
    case 3:
      var sample = Sample()
      sample.probability = UInt16(truncatingIfNeeded: little(24, 2))
      sample.collectorSet = UInt32(truncatingIfNeeded: little(28, 4))
      sample.domain = UInt32(truncatingIfNeeded: little(32, 4))
      sample.point = UInt32(truncatingIfNeeded: little(36, 4))
      sample.output = DatapathPortNumber(UInt32(truncatingIfNeeded: little(40, 4)))
      sample.direction = UInt8(truncatingIfNeeded: little(44, 1))
      reason = .flowSample(sample)
    case 4: reason = .ipfix(output: DatapathPortNumber(UInt32(truncatingIfNeeded: little(24, 4))))
    case 5:
      var controller = Controller()
      controller.isSuppressed = view.byte(at: 24) != 0
      controller.continues = view.byte(at: 25) != 0
      controller.reason = UInt16(truncatingIfNeeded: little(26, 2))
      controller.recirculation = UInt32(truncatingIfNeeded: little(28, 4))
      controller.ruleCookie = view.bigEndian(at: 32, byteCount: 8)
      controller.controller = UInt16(truncatingIfNeeded: little(40, 2))
      controller.maximumByteCount = UInt16(truncatingIfNeeded: little(42, 2))
      reason = .controller(controller)
    default: return nil
    }
  }
}

/// Why the daemon has to handle a flow's packets itself (`enum slow_path_reason`).
public struct SlowPathReasons: OptionSet, Sendable, Hashable {
  /// The bits.
  public var rawValue: UInt32

  /// Makes a set of reasons from its bits.
  @inlinable
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// Connectivity fault management.
  public static var cfm: SlowPathReasons { SlowPathReasons(rawValue: 1 << 0) }
  /// Bidirectional forwarding detection.
  public static var bfd: SlowPathReasons { SlowPathReasons(rawValue: 1 << 1) }
  /// Link aggregation control.
  public static var lacp: SlowPathReasons { SlowPathReasons(rawValue: 1 << 2) }
  /// Spanning tree.
  public static var stp: SlowPathReasons { SlowPathReasons(rawValue: 1 << 3) }
  /// Link layer discovery.
  public static var lldp: SlowPathReasons { SlowPathReasons(rawValue: 1 << 4) }
  /// A controller is told.
  public static var controller: SlowPathReasons { SlowPathReasons(rawValue: 1 << 5) }
  /// The datapath lacks an action.
  public static var action: SlowPathReasons { SlowPathReasons(rawValue: 1 << 6) }
  /// The datapath cannot match precisely enough.
  public static var match: SlowPathReasons { SlowPathReasons(rawValue: 1 << 7) }

  /// The names that text gives the bits, in their order.
  static var names: [String] { ["cfm", "bfd", "lacp", "stp", "lldp", "controller", "action", "match"] }
}
