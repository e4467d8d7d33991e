// The host as the switch sees it: its datapaths, devices and routes.

import Datapath
import Host
import PacketWire
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
  /// Told that packets have come up, which `takeUpcalls` gives.
  var onUpcalls: (() -> Void)? {
    get { datapaths.onUpcalls }
    set { datapaths.onUpcalls = newValue }
  }
  /// Whether there are packets that `takeUpcalls` gives.
  var hasUpcalls: Bool { datapaths.hasUpcalls }
  /// Takes all devices when one has changed.
  var onDevices: (([NetworkDevice]) -> Void)?
  /// Takes all routes when one has changed.
  var onRoutes: (([NetworkRoute]) -> Void)?
  /// Takes what could not be done to a device, and why; once.
  var onFailure: ((String) -> Void)?
  private var deviceNames: Set<String> = []
  private var said: Set<String> = []
  /// What is remembered of what was said.
  private static let maximumSaidCount = 1000

  init(loop: EventLoop, dummyMode: SwitchOptions.DummyMode) {
    datapaths = DatapathHost(on: loop, dummyMode: dummyMode == .replacesAll ? .all : .dummyType)
    monitor = try? NetworkMonitor(on: loop)
    monitor?.onDevices = { [self] devices in
      deviceNames = Set(devices.map { $0.name })
      onDevices?(devices)
    }
    monitor?.onRoutes = { [self] in onRoutes?($0) }
  }

  /// Hands a request to a datapath.
  func send(_ message: [UInt8]) { datapaths.send(message) }

  /// Takes the messages of some packets that came up.
  func takeUpcalls(maximumCount: Int) -> [[UInt8]] { datapaths.takeUpcalls(maximumCount: maximumCount) }

  /// Lets a dummy port receive a frame.
  func inject(_ frame: [UInt8], port: DatapathPortNumber, datapath: String) {
    datapaths.inject(frame, port: port, datapath: datapath)
  }

  /// Asks for everything anew, since statistics are wanted.
  func refresh() { monitor?.refresh() }

  /// Changes a device.
  func configure(_ name: String, _ change: DeviceChange) {
    if let address = change.ethernetAddress {
      attempt(name, "Ethernet address \(address)") { () throws(SystemError) in
        try NetworkDeviceControl.setAddress(name, address)
      }
    }
    if let count = change.maximumTransmissionUnit {
      attempt(name, "MTU \(count)") { () throws(SystemError) in
        try NetworkDeviceControl.setMaximumTransmissionUnit(name, count)
      }
    }
    if let isUp = change.isUp {
      attempt(name, isUp ? "state up" : "state down") { () throws(SystemError) in
        try NetworkDeviceControl.setUp(name, isUp)
      }
    }
  }

  /// Does something to a device, and says once if it can't be done; of a device that is not there nobody expects it.
  private func attempt(_ name: String, _ what: String, _ body: () throws(SystemError) -> Void) {
    do throws(SystemError) {
      try body()
    } catch {
      guard deviceNames.contains(name) else { return }
      if said.count >= Self.maximumSaidCount { said = [] }
      let text = "\(name): \(what) could not be set (\(error.message))"
      if said.insert(text).inserted { onFailure?(text) }
    }
  }

  /// Ends the datapaths.
  func stop() {
    monitor?.close()
    datapaths.stop()
  }
}
