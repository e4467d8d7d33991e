extension DatapathFlows.Limits {
  /// What `Open_vSwitch.other_config` says of datapath flows.
  init(_ other: Settings) {
    self.init()
    flowCount = max(1, other.integer("flow-limit", default: flowCount))
    idleMilliseconds = Int64(max(500, other.integer("max-idle", default: Int(idleMilliseconds))))
    revalidationMilliseconds = Int64(
      max(100, other.integer("max-revalidator", default: Int(revalidationMilliseconds))))
  }
}
