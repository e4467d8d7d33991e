import Datapath
import OpenFlow

/// The flow tables of a bridge, and the groups and meters that flows send to.
final class FlowTables {
  /// How many tables a bridge has; the last is the switch's own.
  static var count: Int { 255 }
  /// How many of them controllers see.
  static var visibleCount: Int { 254 }
  /// The table of the switch's own rules.
  static var internalTable: UInt8 { 254 }
  /// How many rules a table takes unless the configuration says otherwise.
  static var defaultRuleLimit: Int { 1_000_000 }

  /// One table: its rules and what was looked up in it.
  struct Table {
    let classifier = Classifier()
    var lookupCount: UInt64 = 0
    var matchedCount: UInt64 = 0
    var ruleLimit = FlowTables.defaultRuleLimit
    var name: String?
  }

  private(set) var tables: [Table]
  private let changes: ChangeCounter
  /// The rules that expire, by serial number.
  private var expirable: [UInt64: Rule] = [:]
  /// When they are looked at next, by serial number: before the time of one is over, which is later if it was used since.
  private var agenda = Agenda<UInt64>()
  /// How many rules were looked at for their timeouts.
  private(set) var examinedCount: UInt64 = 0
  private var nextSerial: UInt64 = 0
  /// The groups.
  private(set) var groups = GroupTable()
  /// The rules that send packets to each group.
  private var groupUsers = RuleUsers()
  /// The meters.
  private(set) var meters = MeterTable()
  /// The rules that take packets through each meter.
  private var meterUsers = RuleUsers()
  /// Whose learned rules go with the rules that learned them.
  private var learners = LearnerCounts()

  init(changes: ChangeCounter = ChangeCounter()) {
    self.changes = changes
    tables = []
    for _ in 0..<Self.count { tables.append(Table()) }
  }

  /// The most important rule of a table that matches a key.
  ///
  /// Into `wildcards` go the bits that were looked at. A table number beyond the last finds nothing.
  func lookup(table: UInt8, _ key: borrowing FlowKey, wildcards: inout FlowKey) -> Rule? {
    guard Int(table) < tables.count else { return nil }
    return tables[Int(table)].classifier.lookup(key, wildcards: &wildcards)
  }

  /// Counts lookups in a table.
  func count(table: UInt8, packets: UInt64, matched: Bool) {
    guard Int(table) < tables.count else { return }
    tables[Int(table)].lookupCount &+= packets
    if matched { tables[Int(table)].matchedCount &+= packets }
  }

  /// The rules in all tables.
  var ruleCount: Int { tables.reduce(0) { $0 + $1.classifier.count } }

  /// Sets how many rules a table takes, and its name; nil for the default.
  func configure(table: UInt8, ruleLimit: Int?, name: String?) {
    guard Int(table) < tables.count else { return }
    tables[Int(table)].ruleLimit = ruleLimit ?? Self.defaultRuleLimit
    tables[Int(table)].name = name
  }

  /// The rules that a filter means, table by table; within a mask in the order in which they were made.
  func rules(_ filter: RuleFilter) -> [Rule] {
    var found: [Rule] = []
    let range: Range<Int>
    if let table = filter.table {
      guard Int(table) < tables.count else { return [] }
      range = Int(table)..<Int(table) + 1
    } else {
      range = 0..<Self.visibleCount
    }
    for table in range where tables[table].classifier.count > 0 {
      collect(tables[table].classifier, filter, into: &found)
    }
    return found
  }

  private func collect(_ classifier: Classifier, _ filter: RuleFilter, into found: inout [Rule]) {
    let match = classifier.match(key: filter.match.key, mask: filter.match.mask)
    if let priority = filter.strictPriority {
      if let rule = classifier.find(match, priority: Int32(priority)), filter.admits(rule) {
        found.append(rule)
      }
      return
    }
    classifier.forEachMask(within: match) { rules in
      let admitted = rules.filter { filter.admits($0) && $0.isWithin(options: filter.match.tunnelMetadata) }
      found.append(contentsOf: admitted.sorted { $0.serial < $1.serial })
    }
  }

  /// Puts a rule into its table, in place of the one with the same match and priority, which it answers.
  @discardableResult
  func insert(_ rule: Rule) -> Rule? {
    let replaced = tables[Int(rule.table)].classifier.insert(rule)
    rule.isRemoved = false
    if rule.serial == 0 {
      nextSerial &+= 1
      rule.serial = nextSerial
    }
    learners.add(rule.actions)
    if let replaced { forget(replaced) }
    watch(rule)
    noteUse(of: rule)
    changes.note()
    return replaced
  }

  /// Takes a rule out of its table.
  func remove(_ rule: Rule) {
    guard tables[Int(rule.table)].classifier.remove(rule) else { return }
    forget(rule)
    changes.note()
  }

  private func forget(_ rule: Rule) {
    rule.isRemoved = true
    learners.remove(rule.actions)
    watch(rule)
    forgetUse(of: rule)
  }

  /// Sees to it that a rule is looked at when its time may be over, if it is in a table and has a timeout.
  private func watch(_ rule: Rule) {
    let time = rule.isRemoved ? nil : rule.expiryTime
    expirable[rule.serial] = time == nil ? nil : rule
    agenda.set(rule.serial, time)
  }

  // MARK: Groups and meters

  /// The rules that send packets to a group, in the order in which they were made.
  func users(ofGroup number: UInt32) -> [Rule] { groupUsers.rules(number) }

  /// How many rules send packets to a group.
  func userCount(ofGroup number: UInt32) -> Int { groupUsers.count(number) }

  /// The rules that take packets through a meter, in the order in which they were made.
  func users(ofMeter number: UInt32) -> [Rule] { meterUsers.rules(number) }

  /// How many rules take packets through a meter.
  func userCount(ofMeter number: UInt32) -> Int { meterUsers.count(number) }

  /// Puts a group in the place of another; either may be nil.
  func replaceGroup(_ old: Group?, by new: Group?) {
    groups.replace(old, by: new)
    changes.note()
  }

  /// Adds a meter; one that changes is the same for whoever goes through it.
  func addMeter(_ meter: Meter) {
    meters.add(meter)
    changes.note()
  }

  /// Removes a meter.
  func removeMeter(_ meter: Meter) {
    meters.remove(meter)
    changes.note()
  }

  private func noteUse(of rule: Rule) {
    groupUsers.add(rule, rule.groups)
    meterUsers.add(rule, rule.meters)
  }

  private func forgetUse(of rule: Rule) {
    groupUsers.remove(rule, rule.groups)
    meterUsers.remove(rule, rule.meters)
  }

  /// Gives a rule other actions.
  func setActions(of rule: Rule, _ actions: [Action]) {
    if !rule.isRemoved {
      forgetUse(of: rule)
      learners.add(actions)
      learners.remove(rule.actions)
    }
    rule.actions = actions
    if !rule.isRemoved { noteUse(of: rule) }
    changes.note()
  }

  /// Gives a rule other timeouts (`fin_timeout`, and the undoing of changes).
  func setTimeouts(of rule: Rule, idleSeconds: UInt16, hardSeconds: UInt16) {
    rule.idleTimeoutSeconds = idleSeconds
    rule.hardTimeoutSeconds = hardSeconds
    watch(rule)
  }

  /// Takes out the rules whose time is over, and says why each went.
  func expire(now: Int64) -> [(rule: Rule, reason: FlowRemovedReason)] {
    var gone: [(rule: Rule, reason: FlowRemovedReason)] = []
    for serial in agenda.take(until: now) {
      guard let rule = expirable[serial] else { continue }
      examinedCount &+= 1
      if let reason = rule.expiry(now: now) { gone.append((rule, reason)) } else { watch(rule) }
    }
    gone.sort { $0.rule.serial < $1.rule.serial }
    for (rule, _) in gone { remove(rule) }
    return gone
  }

  /// When `expire` has something to do next, in milliseconds.
  var nextExpiry: Int64? { agenda.first }

  /// Takes out the learned rules that were to go with the last rule that learned them.
  func removeOrphans() -> [Rule] {
    var gone: [Rule] = []
    while let orphans = learners.takeOrphans() {
      let filter = RuleFilter(table: orphans.table, cookie: orphans.cookie, cookieMask: .max)
      for rule in rules(filter) {
        remove(rule)
        gone.append(rule)
      }
    }
    return gone
  }
}

extension Rule {
  /// The first moment at which it has to go, if nothing uses or changes it any more; nil if it has no timeout.
  var expiryTime: Int64? {
    var time: Int64?
    if hardTimeoutSeconds > 0 { time = modifiedMilliseconds &+ Int64(hardTimeoutSeconds) &* 1000 &+ 1 }
    if idleTimeoutSeconds > 0 {
      time = earlier(time, usedMilliseconds &+ Int64(idleTimeoutSeconds) &* 1000 &+ 1)
    }
    return time
  }

  /// Why it has to go now; nil if it has not.
  func expiry(now: Int64) -> FlowRemovedReason? {
    if hardTimeoutSeconds > 0, now > modifiedMilliseconds &+ Int64(hardTimeoutSeconds) &* 1000 {
      return .hardTimeout
    }
    if idleTimeoutSeconds > 0, now > usedMilliseconds &+ Int64(idleTimeoutSeconds) &* 1000 {
      return .idleTimeout
    }
    return nil
  }

  /// Whether its matches on tunnel options lie within others.
  func isWithin(options wanted: [TunnelMetadataMatch]) -> Bool {
    wanted.isEmpty || wholeMatch.isWithin(optionsOnly(wanted))
  }

  private func optionsOnly(_ wanted: [TunnelMetadataMatch]) -> Match {
    var match = Match()
    for option in wanted { match.set(option) }
    return match
  }
}
