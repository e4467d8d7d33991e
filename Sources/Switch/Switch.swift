// What: the switch daemon's behaviour, whole: configuration in, OpenFlow and datapath messages out.
//
// Why: with no socket, clock or thread inside, the same code runs in the daemon, in tests with a virtual clock and
// seeded faults, and in `ofproto/trace`.
//
// How: `step` takes what happened and the time, and returns what to do. The folders are the parts, and this is how they
// call each other:
//
//     Configure  rows of the database -> bridges, ports, interfaces, listeners, controllers (Bridge.swift has the model)
//     Agent      OpenFlow messages <-> Tables (flow mods, statistics), Translate (packet-outs), configuration of ports
//     Tables     `FlowTables.lookup`, `FlowTables.apply(FlowModification)`, expiry
//     Translate  a flow key + `Bridge` -> datapath actions, a mask, what to credit and whom to tell
//     Learn      `MACTable`, read and written by Translate
//     Flows      datapath misses -> Translate -> datapath flows; revalidation; credit of statistics to rules
//
// Nothing in a folder but the types named here is used by another folder.

/// The switch: every bridge, its flow tables and its connections, as one deterministic value.
public final class VirtualSwitch {
  let turn = Turn()
  private var nextIdentifier: UInt64 = 1
  /// The datapaths by type.
  var datapaths: [String: DatapathLink] = [:]

  /// Makes a switch without any bridge; the configuration comes by the database stream.
  public init(options: SwitchOptions) {
    self.options = options
  }

  let options: SwitchOptions

  /// A number for a stream that a listener accepted.
  public func makeStreamID() -> StreamID { StreamID(makeIdentifier()) }

  func makeListenerID() -> ListenerID { ListenerID(makeIdentifier()) }

  private func makeIdentifier() -> UInt64 {
    defer { nextIdentifier &+= 1 }
    return nextIdentifier
  }

  /// Takes what happened, in order, and says what to do, in order.
  ///
  /// Call it also when `nextWakeup` has come, with no events.
  public func step(_ events: [Event], now: Moment) -> [Effect] {
    turn.now = now
    let effects = turn.effects
    turn.effects = []
    return effects
  }

  /// When `step` wants to be called next if nothing happens, in milliseconds of the clock that never goes back.
  public var nextWakeup: Int64? { nil }
}

/// What the command line says to the switch.
public struct SwitchOptions: Sendable {
  /// Where local sockets live (`OVS_RUNDIR`).
  public var runDirectory: String
  /// The version to report, as in "3.1.0".
  public var version: String
  /// Whether dummy devices and datapaths exist (`--enable-dummy`).
  public var dummyMode: DummyMode
  /// The host's random 64 bits, to make datapath ids and Ethernet addresses from.
  public var seed: UInt64

  /// What `--enable-dummy` says.
  public enum DummyMode: Sendable, Equatable {
    /// No dummies.
    case none
    /// Dummy types may be asked for (`--enable-dummy`).
    case available
    /// System devices are dummies too (`--enable-dummy=system`).
    case replacesSystem
    /// Every device is a dummy (`--enable-dummy=override`).
    case replacesAll
  }

  /// Makes options.
  public init(runDirectory: String, version: String, dummyMode: DummyMode = .none, seed: UInt64 = 1) {
    self.runDirectory = runDirectory
    self.version = version
    self.dummyMode = dummyMode
    self.seed = seed
  }
}
