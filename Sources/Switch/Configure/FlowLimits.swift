extension DatapathFlows.Limits {
  /// What `Open_vSwitch.other_config` says of datapath flows.
  init(_ other: Settings) {
    self.init()
    let longest = Int(UInt32.max)
    flowCount = max(1, other.integer("flow-limit", default: flowCount))
    idleMilliseconds = Int64(
      min(longest, max(500, other.integer("max-idle", default: Int(idleMilliseconds)))))
    revalidationMilliseconds = Int64(
      min(longest, max(100, other.integer("max-revalidator", default: Int(revalidationMilliseconds)))))
  }
}
