// The family `ovs_win_netdev`: what is behind the ports. A NIC of a virtual switch is named by its port's friendly name,
// whether the datapath has a port of that name yet or not; a port that waits for its NIC is named too, as one that is down.

import Datapath
import PacketWire

extension ControlDevice {
  /// The ports of the datapath.
  private func describePorts() -> [VportMessage] {
    let question = NetlinkMessage(NetlinkHeader(flags: [.request, .dump]), .vport(.get, VportMessage()))
    var ports: [VportMessage] = []
    guard var dump = engines.beginDump(question) else { return ports }
    while !dump.isFinished {
      for message in engines.next(of: &dump) {
        if case .vport(_, let port) = message.body { ports.append(port) }
      }
    }
    return ports
  }

  /// How many devices there are at most.
  var deviceCount: Int { networkPorts().count + engines.portPlaceCount }

  /// The NICs of the virtual switches, and the ports of the datapath that have none.
  func describeDevices() -> [NetworkDeviceMessage] {
    var ports: [[UInt8]: VportMessage] = [:]
    var inOrder: [VportMessage] = []
    for port in describePorts() {
      guard let name = port.name else { continue }
      ports[name] = port
      inOrder.append(port)
    }
    var present: Set<[UInt8]> = []
    var devices: [NetworkDeviceMessage] = []
    for nic in networkPorts() {
      present.insert(nic.name)
      devices.append(Self.describe(nic, ports[nic.name]))
    }
    for port in inOrder {
      guard let type = port.type, !type.isTunnel, let name = port.name, !present.contains(name) else {
        continue
      }
      devices.append(Self.describe(port))
    }
    return devices
  }

  func describeDevice(_ request: NetworkDeviceMessage) -> NetworkDeviceMessage? {
    guard let name = request.name else { return nil }
    let port = engines.port(named: name)
    if let nic = networkPorts().first(where: { $0.name == name }) { return Self.describe(nic, port) }
    return port.map(Self.describe)
  }

  private static func describe(_ nic: NetworkPort, _ port: VportMessage?) -> NetworkDeviceMessage {
    var device = NetworkDeviceMessage(name: nic.name)
    device.number = port?.number
    device.type = port?.type ?? nic.type
    device.ethernetAddress = nic.ethernetAddress.rawValue
    device.maximumTransmissionUnit = nic.maximumTransmissionUnit
    device.flags = nic.isConnected ? [.up, .running] : .up
    device.bitsPerSecond = nic.bitsPerSecond
    return device
  }

  private static func describe(_ port: VportMessage) -> NetworkDeviceMessage {
    var device = NetworkDeviceMessage(name: port.name ?? [])
    device.number = port.number
    device.type = port.type
    device.ethernetAddress = 0
    device.maximumTransmissionUnit = 0
    device.flags = []
    return device
  }
}
