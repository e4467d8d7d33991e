import OpenFlow
import PacketWire

/// How a bridge gets its Ethernet address and its datapath id.
enum BridgeIdentity {
  /// Chooses both, and gives the address to the bridge's own port.
  static func choose(_ bridge: Bridge, _ wanted: DesiredBridge, _ context: SwitchContext) {
    let address = ethernetAddress(bridge, wanted)
    if bridge.ethernetAddress != address {
      bridge.ethernetAddress = address
      bridge.markChanged()
    }
    let id = wanted.otherConfig["datapath-id"].flatMap(datapathID) ?? address.rawValue
    if bridge.datapathID != id {
      bridge.datapathID = id
      bridge.datapath.changedBridges.insert(bridge.name)
    }
    guard let local = bridge.local, local.ethernetAddress != address else { return }
    local.ethernetAddress = address
    if local.kind == .internalDevice {
      context.turn.emit(.configureDevice(name: local.name, DeviceChange(ethernetAddress: address)))
    }
  }

  /// The address that is asked for, or the lowest of the ports' devices, or the bridge's own random one.
  private static func ethernetAddress(_ bridge: Bridge, _ wanted: DesiredBridge) -> MACAddress {
    if let text = wanted.otherConfig["hwaddr"], let address = MACAddress(text), !address.isMulticast,
      !address.isZero
    {
      return address
    }
    return bridge.lowestDeviceAddress.address(among: bridge.ports) ?? bridge.defaultAddress
  }

  /// A datapath id in text: 16 hexadecimal digits, or 1 to 16 after "0x".
  static func datapathID(_ text: String) -> UInt64? {
    let digits = text.hasPrefix("0x") ? text.dropFirst(2) : text[...]
    guard text.hasPrefix("0x") ? (1...16).contains(digits.utf8.count) : digits.utf8.count == 16 else {
      return nil
    }
    guard let value = UInt64(digits, radix: 16), value != 0 else { return nil }
    return value
  }
}

extension BridgeSettings {
  /// What a row of Bridge says.
  init(_ bridge: DesiredBridge) {
    self.init()
    failMode = bridge.failMode ?? .standalone
    let other = bridge.otherConfig
    forwardsBPDU = other.boolean("forward-bpdu")
    floodVLANs = Set(bridge.floodVLANs)
    addressLimit = max(10, min(1_000_000, other.integer("mac-table-size", default: 8192)))
    addressAgingSeconds = max(15, min(3600, other.integer("mac-aging-time", default: 300)))
    snoopsMulticast = bridge.snoopsMulticast
    openFlowVersions = bridge.protocols
    datapathDescription = other["dp-desc"]
    datapathSerialNumber = other["dp-sn"]
    for table in bridge.flowTables { if let limit = table.flowLimit { flowLimits[table.table] = limit } }
  }
}
