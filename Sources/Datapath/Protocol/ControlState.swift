// What the engine remembers for the daemon alone: names, identifiers, the actions and keys as they were given.
// None of it is touched for a packet.

/// What the daemon gave with a flow.
struct FlowControl {
  var key: PackedKey
  var actions: [DatapathAction]
  var identifier: FlowIdentifier?
}

/// What the engine remembers for the daemon.
struct ControlState {
  var name: [UInt8]
  var datapathIndex: Int32
  var userFeatures: UInt32 = 0
  /// By flow number.
  var flows: [FlowControl?] = []
  var flowsByIdentifier: [FlowIdentifier: FlowHandle] = [:]
  var upcallProcessIDs: [UInt32: [UInt32]] = [:]

  init(name: [UInt8], datapathIndex: Int32) {
    self.name = name
    self.datapathIndex = datapathIndex
  }

  /// How many bytes it takes at most to remember one more flow, besides what the flow itself says.
  func growthByteCount(forFlow flow: FlowHandle, hasIdentifier: Bool) -> Int {
    var bytes = 0
    if flow.index >= flows.capacity {
      bytes += 64 + (flow.index + 1 + flows.capacity) * 2 * MemoryLayout<FlowControl?>.stride
    }
    if hasIdentifier && flowsByIdentifier.count >= flowsByIdentifier.capacity {
      // A dictionary has up to four places for what it holds before it grows.
      let place = MemoryLayout<FlowIdentifier>.stride + MemoryLayout<FlowHandle>.stride + 1
      bytes += 256 + (flowsByIdentifier.capacity + 1) * 4 * place
    }
    return bytes
  }

  /// How many bytes it takes at most to remember whom one more port's packets are for.
  var portGrowthByteCount: Int {
    var bytes = 0
    if upcallProcessIDs.count >= upcallProcessIDs.capacity {
      let place = MemoryLayout<UInt32>.stride + MemoryLayout<[UInt32]>.stride + 1
      bytes += 256 + (upcallProcessIDs.capacity + 1) * 4 * place
    }
    return bytes
  }
}
