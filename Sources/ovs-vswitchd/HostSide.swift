// The host as the switch sees it: its datapaths, devices and routes.

import Datapath
import Host
import Switch

/// The datapath workers of this process, and what the kernel says of devices and routes.
final class HostSide {
  private let datapaths: DatapathHost
  private let monitor: NetworkMonitor?
  /// Takes each message of a datapath.
  var onMessage: (([UInt8]) -> Void)? {
    get { datapaths.onMessage }
    set { datapaths.onMessage = newValue }
  }
  /// Takes all devices when one has changed.
  var onDevices: (([Device]) -> Void)?
  /// Takes all routes when one has changed.
  var onRoutes: (([HostRoute]) -> Void)?

  init(loop: EventLoop, dummyMode: SwitchOptions.DummyMode) {
    datapaths = DatapathHost(on: loop, dummyMode: dummyMode == .replacesAll ? .all : .dummyType)
    monitor = try? NetworkMonitor(on: loop)
    monitor?.onDevices = { [self] in onDevices?($0.map(Device.init)) }
    monitor?.onRoutes = { [self] in onRoutes?($0.map(HostRoute.init)) }
  }

  /// Hands a request to a datapath.
  func send(_ message: [UInt8]) { datapaths.send(message) }

  /// Lets a dummy port receive a frame.
  func inject(_ frame: [UInt8], port: DatapathPortNumber, datapath: String) {
    datapaths.inject(frame, port: port, datapath: datapath)
  }

  /// Asks for everything anew, since statistics are wanted.
  func refresh() { monitor?.refresh() }

  /// Changes a device; what fails is the user's to see, in the device's state.
  func configure(_ name: String, _ change: DeviceChange) {
    if let address = change.ethernetAddress { try? NetworkDeviceControl.setAddress(name, address) }
    if let count = change.maximumTransmissionUnit {
      try? NetworkDeviceControl.setMaximumTransmissionUnit(name, count)
    }
    if let isUp = change.isUp { try? NetworkDeviceControl.setUp(name, isUp) }
  }

  /// Ends the datapaths.
  func stop() {
    monitor?.close()
    datapaths.stop()
  }
}

extension Device {
  init(_ device: NetworkDevice) {
    self.init(
      name: device.name, index: device.index, ethernetAddress: device.ethernetAddress,
      maximumTransmissionUnit: device.maximumTransmissionUnit, isUp: device.isUp,
      hasCarrier: device.hasCarrier,
      carrierChangeCount: device.carrierChangeCount, bitsPerSecond: device.bitsPerSecond,
      isFullDuplex: device.isFullDuplex, status: device.status,
      addresses: device.addresses.map {
        DeviceAddress(address: $0.address, prefixBitCount: $0.prefixBitCount)
      }, statistics: device.statistics)
  }
}

extension HostRoute {
  init(_ route: NetworkRoute) {
    self.init(
      destination: route.destination, prefixBitCount: route.prefixBitCount, gateway: route.gateway,
      preferredSource: route.preferredSource, deviceName: route.deviceName, mark: route.mark,
      isLocal: route.isLocal)
  }
}
