// What a virtual switch tells its extension, one case for each kind of request.

/// An event of a virtual switch's life.
public enum SwitchEvent: Sendable {
  /// The extension was attached to a switch.
  case attach(SwitchID)
  /// It was detached, and everything of the switch is gone.
  case detach(SwitchID)
  /// A port is made.
  case createPort(SwitchID, SwitchPortID, SwitchPort)
  /// A port that was accepted was refused further down.
  case undoPort(SwitchID, SwitchPortID)
  /// A port is there, as a list of all ports says.
  case learnPort(SwitchID, SwitchPortID, SwitchPort)
  /// A port has another name.
  case updatePort(SwitchID, SwitchPortID, name: [UInt8])
  /// A port will be deleted.
  case tearDownPort(SwitchID, SwitchPortID)
  /// A port is gone.
  case deletePort(SwitchID, SwitchPortID)
  /// An adapter is made.
  case createAdapter(AdapterKey, SwitchAdapter)
  /// An adapter that was accepted was refused further down.
  case undoAdapter(AdapterKey)
  /// An adapter is there, as a list of all adapters says.
  case learnAdapter(AdapterKey, SwitchAdapter, isConnected: Bool)
  /// An adapter has other names or properties.
  case updateAdapter(AdapterKey, SwitchAdapter)
  /// Packets may go to an adapter.
  case connectAdapter(AdapterKey)
  /// Packets must not go to an adapter any more.
  case disconnectAdapter(AdapterKey)
  /// An adapter is gone.
  case deleteAdapter(AdapterKey)
  /// An adapter's machine came from another host, which saved this.
  case restoreAdapter(AdapterKey, saved: [UInt8])

  /// The switch that it is about.
  var switchID: SwitchID {
    switch self {
    case .attach(let id), .detach(let id): id
    case .createPort(let id, _, _), .undoPort(let id, _), .learnPort(let id, _, _),
      .updatePort(let id, _, _), .tearDownPort(let id, _), .deletePort(let id, _):
      id
    case .createAdapter(let key, _), .undoAdapter(let key), .learnAdapter(let key, _, _),
      .updateAdapter(let key, _), .connectAdapter(let key), .disconnectAdapter(let key),
      .deleteAdapter(let key), .restoreAdapter(let key, _):
      key.switchID
    }
  }

  /// Whether an extension may refuse it, so that it does not happen.
  public var mayBeVetoed: Bool {
    switch self {
    case .createPort, .createAdapter: true
    case .attach, .detach, .undoPort, .learnPort, .updatePort, .tearDownPort, .deletePort, .undoAdapter,
      .learnAdapter, .updateAdapter, .connectAdapter, .disconnectAdapter, .deleteAdapter, .restoreAdapter:
      false
    }
  }
}

extension SwitchRefusal {
  /// Whether a port or an adapter that is refused for this reason must not come to be.
  public var isVeto: Bool {
    switch self {
    case .unknownSwitch, .tooManySwitches, .tooManyPorts, .portOutOfRange, .portTornDown,
      .adapterOutOfRange:
      true
    // A list of all ports may have come before the port's own event, or is still to come.
    case .portExists, .adapterExists, .unknownPort: false
    case .switchExists, .portHasAdapters, .portNotTornDown, .unknownAdapter, .alreadyConnected,
      .notConnected, .stillConnected, .unknownSavedState:
      false
    }
  }
}

/// What goes with a machine to another host.
enum SavedAdapter {
  private static var magic: [UInt8] { [0x41, 0x50, 0x55, 0x53, 1] }

  /// What is saved of an adapter whose port is known by a name.
  static func encode(name: [UInt8]) -> [UInt8] {
    let name = name.prefix(255)
    return magic + [UInt8(name.count)] + name
  }

  /// The name, or `nil` if the bytes are something else.
  static func decode(_ bytes: [UInt8]) -> [UInt8]? {
    guard bytes.count >= 6, Array(bytes[0..<5]) == magic else { return nil }
    let count = Int(bytes[5])
    guard count > 0, bytes.count >= 6 + count else { return nil }
    return Array(bytes[6..<6 + count])
  }
}
