// What requests and upkeep may take from the heap, said before they are carried out. In a kernel there is no other moment at
// which they can be refused.

extension Engine {
  /// How many bytes an engine's tables take to do what a message asks, at most.
  ///
  /// That is nothing as long as none is full. What the message itself says, and is remembered of it, comes on top.
  func growthByteCount(for message: NetlinkMessage) -> Int {
    switch message.body {
    case .flow(.new, let request):
      guard let key = request.key, let actions = request.actions else { return 0 }
      let flow = table.nextFlow
      return table.growthByteCount(key: key, mask: Engine.datapathMask(request.mask))
        + control.growthByteCount(forFlow: flow, hasIdentifier: request.identifier != nil)
        + growthByteCount(forProgramOf: actions)
    case .flow(.set, let request): return growthByteCount(forProgramOf: request.actions)
    case .packet(.execute, let request): return growthByteCount(forProgramOf: request.actions)
    case .vport(.new, _):
      return ports.growthByteCount + upcalls.growthByteCount(forRecordCount: ports.nextRecordCount)
        + control.portGrowthByteCount
    case .vport(.set, _): return control.portGrowthByteCount
    case .meter(.set, let request):
      return request.id.map { metersReference.value.needsBlock($0) } == true
        ? SharedMeters.blockByteCount : 0
    case .flow, .vport, .packet, .datapath, .control, .networkDevice, .tracking, .meter, .error, .done:
      return 0
    }
  }

  private func growthByteCount(forProgramOf actions: [DatapathAction]?) -> Int {
    guard let actions else { return 0 }
    do {
      return programs.growthByteCount(forWordCount: try compile(actions).count)
    } catch {
      return 0  // It will be refused.
    }
  }
}
