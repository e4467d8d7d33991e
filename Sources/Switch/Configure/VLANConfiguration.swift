extension VLANSettings {
  /// What a row of Port says of VLANs.
  init(_ port: DesiredPort) {
    let tag = port.tag ?? 0
    self.init()
    self.tag = tag
    switch port.vlanMode {
    case "access": mode = .access
    case "trunk": mode = .trunk
    case "native-tagged": mode = .nativeTagged
    case "native-untagged": mode = .nativeUntagged
    case "dot1q-tunnel": mode = .dot1qTunnel
    default:
      // A tag alone makes an access port; trunks are ignored then.
      mode = port.tag != nil ? .access : .trunk
    }
    if mode == .trunk { self.tag = 0 }
    if mode != .access, mode != .dot1qTunnel, !port.trunks.isEmpty {
      trunks = Set(port.trunks)
      if mode != .trunk { trunks?.insert(tag) }
    }
    if mode == .dot1qTunnel, !port.customerVLANs.isEmpty { customerVLANs = Set(port.customerVLANs) }
    isOuterTag8021ad = port.otherConfig["qinq-ethtype"] != "802.1q"
    switch port.otherConfig["priority-tags"] {
    case "true", "if-nonzero": priorityTags = .ifNonzero
    case "always": priorityTags = .always
    default: priorityTags = .never
    }
  }
}
