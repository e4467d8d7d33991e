import PacketWire

/// The lowest Ethernet address of a bridge's system devices, found again only after the lowest has gone.
struct LowestAddress {
  private enum State {
    /// It is this; nil if there is no device with an address.
    case known(MACAddress?)
    /// Some device that had it has another address now, or is gone.
    case unknown
  }
  private var state = State.known(nil)

  init() {}

  /// Takes the address of a device that has come.
  mutating func insert(_ address: MACAddress) {
    guard case .known(let lowest) = state, address.isLendable else { return }
    if lowest.map({ address < $0 }) ?? true { state = .known(address) }
  }

  /// A device with this address has gone.
  mutating func remove(_ address: MACAddress) {
    if case .known(address) = state { state = .unknown }
  }

  /// Devices have come or gone that nobody counted.
  mutating func forget() { state = .unknown }

  /// The address, for which the bridge's ports are looked at if need be.
  mutating func address(among ports: [String: BridgePort]) -> MACAddress? {
    if case .known(let lowest) = state { return lowest }
    state = .known(nil)
    for port in ports.values {
      for interface in port.interfaces where interface.isLender { insert(interface.ethernetAddress) }
    }
    guard case .known(let lowest) = state else { return nil }
    return lowest
  }
}

extension Interface {
  /// Whether its address may become its bridge's: it is part of it, a device of the host, and the first of its port by name.
  var isLender: Bool {
    kind == .system && attachment == .attached
      && !port.interfaces.contains { $0.name.utf8.lexicographicallyPrecedes(name.utf8) }
  }
}

extension MACAddress {
  /// Whether a bridge may take it: it is that of one device, given by a manufacturer, and stands for nothing else.
  fileprivate var isLendable: Bool {
    let isLocal = rawValue & 0x0200_0000_0000 != 0
    // Those of Extreme's discovery and ring protocols.
    let isReserved = [0x00e0_2b00_0000, 0x00e0_2b00_0004, 0x00e0_2b00_0006].contains(rawValue)
    return !isZero && !isMulticast && !isLocal && !isReserved
  }
}
