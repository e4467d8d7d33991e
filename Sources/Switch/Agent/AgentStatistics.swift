// What controllers ask about the bridge: features, ports, tables.

import Datapath
import OpenFlow
import PacketWire

extension BridgeAgent {
  /// The answer to a features request.
  var features: SwitchFeatures {
    SwitchFeatures(
      datapathID: bridge.datapathID, bufferCount: 0, tableCount: UInt8(FlowTables.visibleCount),
      capabilities: [
        .flowStatistics, .tableStatistics, .portStatistics, .queueStatistics, .arpMatchIP, .groupStatistics,
        .bundles,
      ],
      ports: portDescriptions(.none))
  }

  /// The answer to a description request.
  var description: SwitchDescription {
    SwitchDescription(
      manufacturer: "Nicira, Inc.", hardware: "Open vSwitch", software: context.options.version,
      serialNumber: bridge.settings.datapathSerialNumber ?? "None",
      datapath: bridge.settings.datapathDescription ?? "None")
  }

  /// Descriptions of one port, or of all of them for `.none`, by number.
  func portDescriptions(_ wanted: OpenFlowPortNumber) -> [PortDescription] {
    if wanted != .none {
      return bridge.interface(wanted).map { [portDescription($0)] } ?? []
    }
    return bridge.interfaces.values.sorted { $0.number < $1.number }.map { portDescription($0) }
  }

  /// The description of one port.
  func portDescription(_ interface: Interface) -> PortDescription {
    interface.description(context.devices[interface.name])
  }

  /// Statistics of one port, or of all of them for `.none`.
  func portStatistics(_ wanted: OpenFlowPortNumber) throws(OpenFlowError) -> [PortStatistics] {
    if wanted != .none {
      guard let interface = bridge.interface(wanted) else { return [] }
      return [portStatistics(interface)]
    }
    // The bridge's own port first, as OVS has it.
    let others = bridge.interfaces.values.filter { $0.number != .local }.sorted { $0.number < $1.number }
    return ((bridge.local.map { [$0] } ?? []) + others).map { portStatistics($0) }
  }

  private func portStatistics(_ interface: Interface) -> PortStatistics {
    var statistics = PortStatistics(port: interface.number)
    let counters = interface.counters
    statistics.receivedPackets = counters.receivedPackets
    statistics.receivedBytes = counters.receivedBytes
    statistics.sentPackets = counters.sentPackets
    statistics.sentBytes = counters.sentBytes
    if interface.kind == .system || interface.kind == .internalDevice {
      statistics.receiveDrops = counters.receivedDrops
      statistics.receiveErrors = counters.receivedErrors
      statistics.sendDrops = counters.sentDrops
      statistics.sendErrors = counters.sentErrors
      statistics.frameErrors = 0
      statistics.overrunErrors = 0
      statistics.checksumErrors = 0
      statistics.collisions = 0
    }
    let age = Age(since: interface.createdMilliseconds, now: context.now)
    statistics.durationSeconds = age.seconds
    statistics.durationNanoseconds = age.nanoseconds
    return statistics
  }

  /// Statistics of every table that controllers see.
  func tableStatistics() -> [TableStatistics] {
    (0..<FlowTables.visibleCount).map { number in
      let table = bridge.tables.tables[number]
      return TableStatistics(
        tableID: UInt8(number), name: table.name ?? "",
        activeCount: UInt32(clamping: table.classifier.count), lookupCount: table.lookupCount,
        matchedCount: table.matchedCount)
    }
  }

  /// Statistics of queues: no port has any, but the port has to be there.
  func queueStatistics(_ wanted: QueueRequest) throws(OpenFlowError) -> [QueueStatistics] {
    guard wanted.port == .none || wanted.port == .all || bridge.interface(wanted.port) != nil else {
      throw .queueOperationFailedBadPort
    }
    if wanted.queueID != .max { throw .queueOperationFailedBadQueue }
    return []
  }

  /// The port that a change is about; throws if it is about none.
  func port(of change: PortModification) throws(OpenFlowError) -> Interface {
    guard let interface = bridge.interface(change.port) else { throw .portModFailedBadPort }
    guard change.address == interface.ethernetAddress || change.address.isZero else {
      throw .portModFailedBadHardwareAddress
    }
    return interface
  }

  /// Configures a port as a controller wants it.
  func modifyPort(_ change: PortModification) throws(OpenFlowError) {
    let interface = try port(of: change)
    let wanted = PortConfiguration(
      rawValue: (interface.configuration.rawValue & ~change.mask.rawValue)
        | (change.configuration.rawValue & change.mask.rawValue))
    guard wanted != interface.configuration else { return }
    let wasDown = interface.configuration.contains(.portDown)
    interface.configuration = wanted
    bridge.markChanged()
    if wanted.contains(.portDown) != wasDown {
      switch interface.kind {
      case .system, .internalDevice:
        context.turn.emit(.configureDevice(name: interface.name, DeviceChange(isUp: wasDown)))
      case .dummy, .patch, .tunnel: interface.isUp = wasDown
      }
    }
    portChanged(PortStatus(reason: .modify, port: portDescription(interface)))
  }
}

extension Interface {
  /// The interface as controllers see it, with what the host says of its device.
  func description(_ device: NetworkDevice?) -> PortDescription {
    let speed = UInt32(clamping: (device?.bitsPerSecond ?? 0) / 1000)
    var description = PortDescription(
      number: number, address: ethernetAddress, name: name, configuration: configuration,
      current: PortFeatures.ofSpeed(kilobits: speed))
    if !isUp { description.configuration.insert(.portDown) }
    if !hasCarrier || !isUp { description.state.insert(.linkDown) }
    if isLive { description.state.insert(.live) }
    description.currentSpeedKilobits = speed
    return description
  }
}

extension PortFeatures {
  /// The full-duplex feature of a speed.
  static func ofSpeed(kilobits: UInt32) -> PortFeatures {
    switch kilobits {
    case 10_000: PortFeatures(rawValue: 1 << 1)
    case 100_000: PortFeatures(rawValue: 1 << 3)
    case 1_000_000: PortFeatures(rawValue: 1 << 5)
    case 10_000_000: PortFeatures(rawValue: 1 << 6)
    case 40_000_000: PortFeatures(rawValue: 1 << 7)
    case 100_000_000: PortFeatures(rawValue: 1 << 8)
    case 1_000_000_000: PortFeatures(rawValue: 1 << 9)
    default: []
    }
  }
}
